"""Trees that mean harm, or are merely odd: bounded, never fatal, never followed out, never run."""

import json
import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_distaudit.checks.files import findings_of
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts import read_facts
from pytest_distaudit.sources.facts.commented import commented_services
from pytest_distaudit.sources.facts.documents import read_document
from pytest_distaudit.sources.facts.haproxy import read_haproxy
from pytest_distaudit.sources.facts.healthcheck import healthcheck
from pytest_distaudit.sources.facts.nginx import read_nginx
from pytest_distaudit.sources.facts.values import expand, references
from pytest_distaudit.sources.facts.yaml_nodes import Unreadable, read_documents
from tests.sources.facts.planting import component, plant
from tests.thorough import many

REDIS = "services:\n  cache:\n    image: redis:7\n"


def test_an_empty_tree_and_one_that_is_not_there(tmp_path: Path) -> None:
    assert read_facts(tmp_path).components == ()
    assert read_facts(tmp_path / "nowhere").not_read[0].file == "."


def test_links_are_named_and_not_followed(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"docker-compose.yml": REDIS})
    root = plant(tmp_path / "root", {"README.md": "hello"})
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "compose.yml").symlink_to(outside / "docker-compose.yml")
    (root / "BAD.md").symlink_to(outside / "docker-compose.yml")
    facts = read_facts(root)
    assert facts.components == ()
    assert [document.file for document in facts.documents] == ["README.md"]
    assert {item.file for item in facts.not_read} == {"loop", "out", "compose.yml", "BAD.md"}
    assert facts.tree.has("out")
    assert not facts.tree.knows("out/deep")


def test_a_mount_is_never_looked_for_outside(tmp_path: Path) -> None:
    volumes = "['../../etc/passwd:/x', '/etc/hosts:/etc/hosts', '~/x.yml:/x', '$HOME/a.yml:/y']"
    text = f"services:\n  a:\n    image: x\n    volumes: {volumes}\n"
    facts = read_facts(plant(tmp_path, {"docker-compose.yml": text}))
    assert {mount.source for mount in component(facts, "a").mounts} == {""}


def test_nested_repositories_and_vendored_folders_are_closed(tmp_path: Path) -> None:
    files = dict.fromkeys(("lib/docker-compose.yml", "node_modules/x/compose.yml", "vendor/compose.yml"), REDIS)
    plant(tmp_path, {**files, "lib/.git": "gitdir: elsewhere"})
    facts = read_facts(tmp_path)
    assert facts.components == ()
    assert {item.file for item in facts.not_read} == {"lib", "node_modules", "vendor"}
    assert not facts.tree.knows("vendor/missing.yml")


def test_odd_encodings_and_line_ends(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_bytes(REDIS.replace("\n", "\r\n").encode())
    (tmp_path / "latin.yml").write_bytes(b"services:\n  caf\xe9:\n    image: postgres # \xfc\n")
    (tmp_path / "README.md").write_bytes(b"\xef\xbb\xbfCaf\xe9 \xe4\xb8\xad\xe6\x96\x87 cache")
    (tmp_path / "binary.md").write_bytes(b"PK\0\0\0")
    facts = read_facts(tmp_path)
    assert {item.product for item in facts.components} == {"redis", "postgres"}
    assert facts.documents[0].mentions(("cache",))
    assert [item.file for item in facts.not_read] == ["binary.md"]


def test_files_beyond_all_bounds(tmp_path: Path) -> None:
    for name in ("huge.md", "huge.yml"):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(100 * 1024 * 1024)
    plant(tmp_path, {"docker-compose.yml": REDIS})
    start = time.monotonic()
    facts = read_facts(tmp_path)
    assert facts.documents == ()
    assert {item.file for item in facts.not_read} == {"huge.md", "huge.yml"}
    assert time.monotonic() - start < 5


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "docker-compose.yml")
    os.mkfifo(tmp_path / "README.md")
    assert read_facts(tmp_path).documents == ()


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "aliases"),
        ("a: &a [*a]", "inside its own anchor"),
        ("a: *b", "names none"),
        ("[" * 500, "deeper"),
        ("a: &a {b: 1}\nc: {<<: *a, <<: *c}", "names none"),
        ("\x01", "no YAML"),
        ("a: b: c", "no YAML"),
        ("{" * 300, "deeper"),
    ],
)
def test_yaml_that_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_documents(text)
    assert why in refused.value.why


def test_yaml_of_others_is_read_as_written() -> None:
    (first, second) = read_documents("a: 1.10\nb: !tag [on, ~]\na: 2\nc: {<<: {x: 1, y: 2}, y: 3}\n---\nd: |\n  e\n")
    assert (first.word("a"), first.at("b").items[0].text, first.at("b").items[1].text) == ("2", "on", None)
    assert {key: node.text for key, node in first.at("c").pairs.items()} == {"x": "1", "y": "3"}
    assert (second.word("d"), second.at("d").key_line) == ("e\n", 6)


def test_a_hostile_repository_runs_nothing(tmp_path: Path) -> None:
    root = plant(
        tmp_path / "root",
        {
            "gone.md": "x",
            "README.md": "[gone](gone.md)",
            "conftest.py": "raise SystemExit",
            "setup.py": "raise SystemExit",
        },
    )
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(root)]
    try:
        subprocess.run([*git, "init", "-q"], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git here")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    subprocess.run([*git, "rm", "-q", "gone.md"], check=True)
    subprocess.run([*git, "commit", "-qm", "two"], check=True)
    canary = tmp_path / "canary"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "pager.log", "gpg.program", "diff.external", "core.sshCommand"):
        subprocess.run([*git, "config", name, str(program)], check=True)
    subprocess.run([*git, "config", "log.showSignature", "true"], check=True)
    facts = read_facts(root)
    assert set(facts.removed) == {"gone.md"}
    assert len(facts.removed["gone.md"]) >= 7
    assert not canary.exists()


def test_a_tree_without_git_has_no_history(tmp_path: Path) -> None:
    assert read_facts(plant(tmp_path, {"README.md": "x"})).removed == {}


TEXT = st.text(st.sampled_from("ab01 \t\n:/.-`|[](){}#$&*!<>\"'=,+~@\\é")) | st.text()


@settings(max_examples=many(150), deadline=5000)
@given(TEXT)
def test_no_text_breaks_a_reader(text: str) -> None:
    read_document("a.md", text, ("kibana",))
    list(read_haproxy("a.cfg", text))
    list(read_nginx("a.conf", text))
    list(commented_services(text))
    healthcheck(["CMD-SHELL", text], Spot("a", 1))
    list(references("A_HOST", expand(text, {"a": "${a}${a}", "b": ""}), Spot("a", 1)))
    with suppress(Unreadable):
        read_documents(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "a-",
        " -f a",
        "docker compose -f ",
        "1 a: 1 + ",
        "`a/",
        "](a",
        "http://a:1",
        "| A_B | ",
        "```",
        "[",
        "a:1,",
        "upstream a {",
        "# a:\n",
        "port 1 is the ",
        "a b ",
        "-",
        "nc -z ",
    ],
)
def test_repetition_costs_no_more_than_its_length(piece: str) -> None:
    start = time.process_time()
    text = piece * (200_000 // len(piece))
    read_document("a.md", text, ("kibana",))
    list(read_nginx("a.conf", text))
    list(read_haproxy("a.cfg", text))
    healthcheck(["CMD-SHELL", text], Spot("a", 1))
    list(references("HOST", text, Spot("a", 1)))
    assert time.process_time() - start < 3


WORDS = """services image build ports environment volumes healthcheck test deploy replicas extends service file
depends_on kind apiVersion Deployment metadata name spec template containers env value v1 List items
scrape_configs targets static_configs _format_version upstreams routes paths get resources dependencies
networks aliases 80:80 a ../x"""
WORD = st.sampled_from(re.split(r"\s+", WORDS))
NESTED = st.recursive(
    WORD | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=4),
)
NAMES = ("compose.yml", "k8s/a.yaml", "kustomization.yaml", "Chart.yaml", "definitions.json", "package.json")


@settings(max_examples=many(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NESTED, st.sampled_from(NAMES))
def test_no_structure_breaks_a_reader(tmp_path: Path, data: object, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    workload = {"kind": "Deployment", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": data}
    heads = {"a.yaml": workload, "compose.yml": {"services": data}}
    path.write_text(json.dumps(heads.get(path.name, data)) + "\n")
    facts = read_facts(tmp_path)
    assert list(findings_of(facts, ())) == list(findings_of(facts, ()))
    path.unlink()
