"""Native validators: what they say counts only where it would be said of the file everywhere."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.sources import sandbox, validators
from pytest_distaudit.sources.facts import read_facts
from pytest_distaudit.sources.validators import to_validate, validate
from tests.sources.tools import need_namespace, put_on_path

HAPROXY = """\
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend front
  bind 127.0.0.1:8080
  default_backend pool
backend pool
  server one 127.0.0.1:9000
"""
NGINX = "events {}\nhttp {\n  server { listen 80; location / { proxy_pass http://127.0.0.1:9000; } }\n}\n"
PROMETHEUS = 'scrape_configs:\n  - job_name: front\n    static_configs: [{targets: ["127.0.0.1:9"]}]\n'
COMPOSE = "services:\n  front:\n    image: acme/front\n"

#: tool, validator, text, valid
REAL = {
    "haproxy": ("haproxy", "haproxy", HAPROXY, True),
    "haproxy: no such backend": ("haproxy", "haproxy", HAPROXY.replace("_backend pool", "_backend none"), False),
    "haproxy: a host of another network": ("haproxy", "haproxy", HAPROXY.replace("127.0.0.1:9000", "web:9"), None),
    "haproxy: a certificate elsewhere": ("haproxy", "haproxy", HAPROXY.replace(":8080", ":443 ssl crt /x.pem"), None),
    "haproxy: a keyword of another version": ("haproxy", "haproxy", HAPROXY.replace("mode http", "mode2 http"), None),
    "nginx": ("nginx", "nginx", NGINX, True),
    "nginx: a part of a configuration": ("nginx", "nginx", "server { listen 80; }\n", True),
    "nginx: a part that is broken": ("nginx", "nginx", "server { listen 80 }\n", False),
    "nginx: a brace too few": ("nginx", "nginx", NGINX.removesuffix("}\n"), False),
    "nginx: an empty pool": ("nginx", "nginx", NGINX.replace("server {", "upstream pool { } server {", 1), False),
    "nginx: a block in the wrong place": ("nginx", "nginx", "events {\n http { }\n}\n", False),
    "nginx: a host of another network": ("nginx", "nginx", NGINX.replace("127.0.0.1", "web"), None),
    "nginx: a module that may be missing": ("nginx", "nginx", NGINX.replace("http {", "http { brotli on;"), None),
    "nginx: a file elsewhere": ("nginx", "nginx", NGINX.replace("http {", "http { include mime.types;"), None),
    "prometheus": ("promtool", "prometheus", PROMETHEUS, True),
    "prometheus: one name twice": ("promtool", "prometheus", PROMETHEUS + "  - job_name: front\n", False),
    "prometheus: no duration": ("promtool", "prometheus", PROMETHEUS + "    scrape_interval: 5x\n", False),
    "prometheus: no YAML": ("promtool", "prometheus", "scrape_configs: [\n", False),
    "prometheus: a key of another version": ("promtool", "prometheus", PROMETHEUS + "scrape_new: []\n", None),
    "prometheus: rules elsewhere": ("promtool", "prometheus", PROMETHEUS + "rule_files: [r.yml]\n", None),
    "compose": ("docker-compose", "compose", COMPOSE, True),
    "compose: waits for nobody": ("docker-compose", "compose", COMPOSE + "    depends_on: [none]\n", False),
    "compose: nothing to run": ("docker-compose", "compose", "services:\n  front:\n    ports: ['1:1']\n", False),
    "compose: a variable of the host": ("docker-compose", "compose", COMPOSE.replace("acme", "${X:?}"), None),
    "compose: a file that is kept apart": ("docker-compose", "compose", COMPOSE + "    env_file: secret.env\n", None),
}


def installed(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")


@pytest.mark.live
@pytest.mark.parametrize("case", REAL)
def test_real_tools(tmp_path: Path, case: str) -> None:
    tool, name, text, valid = REAL[case]
    if not installed(tool):
        pytest.skip(f"{tool} is not installed")
    (tmp_path / "file").write_text(text, encoding="utf-8")
    told = validate(tmp_path, "file", name)
    assert told.valid is valid, told
    assert told.said
    assert str(tmp_path) not in told.said
    assert [path.name for path in tmp_path.iterdir()] == ["file"], "a validator leaves nothing behind"


# --- a stand-in for the tool, to see what it is given and how it is heard


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "haproxy") -> None:
    put_on_path(folder, monkeypatch, name, script)


def config(folder: Path, text: str = HAPROXY) -> Path:
    tree = folder / "tree"
    tree.mkdir()
    (tree / "haproxy.cfg").write_text(text, encoding="utf-8")
    return tree


@pytest.fixture
def namespace() -> None:
    need_namespace()


@pytest.mark.usefixtures("namespace")
def test_a_validator_has_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = config(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        dial = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)"
        stand_in(tmp_path, monkeypatch, f'python3 -c "{dial}" 2>/dev/null && echo reached && exit 1; exit 0')
        assert validate(tree, "haproxy.cfg", "haproxy").valid is True


@pytest.mark.usefixtures("namespace")
def test_a_validator_sees_a_copy_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = config(tmp_path)
    (tree / "secret").write_text("s")
    stand_in(tmp_path, monkeypatch, 'ls; echo "unable to find required backend: x" >&2; exit 1')
    told = validate(tree, "haproxy.cfg", "haproxy")
    assert told.valid is False
    assert "secret" not in told.said


@pytest.mark.usefixtures("namespace")
def test_a_validator_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validators, "_SECONDS", 0.5)
    stand_in(tmp_path, monkeypatch, "exec sleep 30")
    with pytest.raises(Unobservable) as caught:
        validate(config(tmp_path), "haproxy.cfg", "haproxy")
    assert caught.value.reason is Reason.TIMED_OUT


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("haproxy", "global\n  lua-load /tree/evil.lua\n"),
        ("haproxy", "program evil\n  command /tree/evil\n"),
        ("haproxy", "global\n  insecure-fork-wanted\n"),
        ("nginx", "load_module /tree/evil.so;\n"),
        ("nginx", "http { init_by_lua_block { os.execute('evil') } }\n"),
        ("nginx", "http { perl_require evil.pm; }\n"),
        ("nginx", "http { js_import evil.js; }\n"),
    ],
)
def test_a_file_that_would_run_code_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: str
) -> None:
    stand_in(tmp_path, monkeypatch, f"touch {tmp_path}/ran", name)
    with pytest.raises(Unobservable) as caught:
        validate(config(tmp_path, line), "haproxy.cfg", name)
    assert caught.value.reason is Reason.NOT_SAFE
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("file", ["../secret", "/etc/hostname", "link"])
def test_a_file_outside_the_tree_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    stand_in(tmp_path, monkeypatch, f"touch {tmp_path}/ran")
    tree = config(tmp_path)
    (tmp_path / "secret").write_text(HAPROXY, encoding="utf-8")
    (tree / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Unobservable) as caught:
        validate(tree, file, "haproxy")
    assert caught.value.reason is Reason.NOT_SAFE
    assert not (tmp_path / "ran").exists()


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unobservable) as caught:
        validate(config(tmp_path), "haproxy.cfg", "haproxy")
    assert caught.value.reason is Reason.NOT_INSTALLED


def test_without_a_namespace_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f"touch {tmp_path}/ran")
    monkeypatch.setattr(sandbox, "_NAMESPACES", [("no-such-unshare",)])
    sandbox._without_network.cache_clear()
    try:
        with pytest.raises(Unobservable) as caught:
            validate(config(tmp_path), "haproxy.cfg", "haproxy")
    finally:
        sandbox._without_network.cache_clear()
    assert caught.value.reason is Reason.FORBIDDEN
    assert not (tmp_path / "ran").exists()


def test_what_only_completes_another_file_is_not_validated(tmp_path: Path) -> None:
    files = {
        "compose.yaml": COMPOSE,
        "compose.override.yaml": "services:\n  front:\n    ports: ['1:1']\n",
        "haproxy.cfg": HAPROXY,
        "nginx.conf.template": NGINX,
        "prometheus.yml": PROMETHEUS,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = dict(to_validate(read_facts(tmp_path)))
    assert found == {"haproxy.cfg": "haproxy", "prometheus.yml": "prometheus", "compose.yaml": "compose"}
