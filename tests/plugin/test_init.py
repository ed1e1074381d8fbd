"""``--distaudit-init``: a project's first claims and targets, and what a second run does to them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tests.plugin.conftest import run_here

README = """\
# Shop

The gateway listens on port 8081.
The catalog listens on port 9000.
Orders are kept in PostgreSQL.
"""
COMPOSE = """\
services:
  gateway:
    image: shop/gateway
    ports: ["8081:8081"]
  catalog:
    image: shop/catalog
    ports: ["9000:9000"]
  db:
    image: postgres:16
    environment: {POSTGRES_USER: shop, POSTGRES_PASSWORD: secret}
    ports: ["5432:5432"]
  mail:
    image: exim:4
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Path:
    pytester.makefile(".md", README=README)
    pytester.makefile(".yaml", compose=COMPOSE)
    return pytester.path


def init(pytester: pytest.Pytester) -> pytest.RunResult:
    result = run_here(pytester, "--distaudit-init")
    assert result.ret == 0
    return result


def claims(shop: Path) -> dict[str, dict[str, object]]:
    page = yaml.safe_load((shop / "claims" / "readme.yaml").read_text(encoding="utf-8"))
    return {claim["id"]: claim for claim in page["claims"]}


def snapshot(shop: Path) -> dict[str, bytes]:
    paths = [*shop.glob("claims/*"), shop / "distaudit.toml", *shop.glob(".github/**/*.yml")]
    return {str(path.relative_to(shop)): path.read_bytes() for path in paths}


def test_a_first_run_writes_claims_targets_and_a_ci_file(pytester: pytest.Pytester, shop: Path) -> None:
    told = init(pytester).stdout
    told.fnmatch_lines(["distaudit.toml: 3 systems of 4 *", "claims/readme.yaml: * claim*", ".github/workflows/*"])
    assert claims(shop)["readme-port-gateway"] == {
        "id": "readme-port-gateway",
        "quote": "The gateway listens on port 8081.",
        "line": 3,
        "check": "files.agree",
        "with": {"component": "gateway", "pattern": "port"},
    }
    target = tomllib.loads((shop / "distaudit.toml").read_text(encoding="utf-8"))
    systems = target["targets"][target["default"]]["systems"]
    assert systems["gateway"] == {"kind": "http", "url": "http://127.0.0.1:8081"}
    assert systems["db"]["kind"] == "postgres"
    assert systems["db"]["url"].startswith("postgresql://${POSTGRES_USER}:${POSTGRES_PASSWORD}@127.0.0.1:5432/")
    assert "secret" not in (shop / "distaudit.toml").read_text(encoding="utf-8")
    assert "# mail (compose.yaml:" in (shop / "distaudit.toml").read_text(encoding="utf-8")


def test_a_registry_is_of_its_own_kind(pytester: pytest.Pytester) -> None:
    ports = '["8600:8600/udp", "18500:8500"]'
    pytester.makefile(".yaml", compose=f"services:\n  discovery:\n    image: consul:1.15\n    ports: {ports}\n")
    init(pytester)
    target = tomllib.loads((pytester.path / "distaudit.toml").read_text(encoding="utf-8"))
    systems = target["targets"][target["default"]]["systems"]
    assert systems["discovery"] == {"kind": "consul", "url": "http://127.0.0.1:18500"}


def test_what_it_wrote_is_judged(pytester: pytest.Pytester, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(pytester)
    for name in ("POSTGRES_USER", "POSTGRES_PASSWORD", "DB_DB"):
        monkeypatch.setenv(name, "any")
    result = run_here(pytester, "--distaudit", "--distaudit-scope=static")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["genuine within static*"])


def test_a_second_run_changes_nothing(pytester: pytest.Pytester, shop: Path) -> None:
    init(pytester)
    before = snapshot(shop)
    init(pytester)
    assert snapshot(shop) == before


def test_new_sentences_and_systems_are_added_and_nothing_else_is_touched(pytester: pytest.Pytester, shop: Path) -> None:
    init(pytester)
    mine = (
        (shop / "claims" / "readme.yaml").read_text(encoding="utf-8").replace("line: 3", "line: 3\n    severity: minor")
    )
    (shop / "claims" / "readme.yaml").write_text(mine, encoding="utf-8")
    before = snapshot(shop)
    (shop / "README.md").write_text(README + "The basket listens on port 7000.\n", encoding="utf-8")
    more = COMPOSE + '  basket:\n    image: shop/basket\n    ports: ["7000:7000"]\n'
    (shop / "compose.yaml").write_text(more, encoding="utf-8")
    init(pytester).stdout.fnmatch_lines(["distaudit.toml: added basket", "claims/readme.yaml: added 1 claim,*"])
    after = snapshot(shop)
    assert {name for name in after if after[name] != before[name]} == {"claims/readme.yaml", "distaudit.toml"}
    assert all(after[name].startswith(before[name].rstrip()) for name in before)
    assert claims(shop)["readme-port-basket"]["line"] == 6
    assert claims(shop)["readme-port-gateway"]["severity"] == "minor"


def test_a_reworded_sentence_is_marked_once(pytester: pytest.Pytester, shop: Path) -> None:
    init(pytester)
    (shop / "README.md").write_text(README.replace("catalog listens on port", "catalog is served on port"), "utf-8")
    init(pytester).stdout.fnmatch_lines(["claims/readme.yaml: marked 1 claim whose quote is gone or reworded"])
    text = (shop / "claims" / "readme.yaml").read_text(encoding="utf-8")
    mark = next(line for line in text.splitlines() if "nearest is line 4" in line)
    assert mark.lstrip().startswith("# distaudit-init ")
    assert text.index(mark) < text.index("- id: readme-port-catalog\n")
    before = snapshot(shop)
    init(pytester)
    assert snapshot(shop) == before


def test_a_file_that_ends_otherwise_is_left_alone(pytester: pytest.Pytester, shop: Path) -> None:
    init(pytester)
    path = shop / "claims" / "readme.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('document: "README.md"\n', "") + 'document: "README.md"\n', encoding="utf-8")
    before = path.read_bytes()
    (shop / "README.md").write_text(README + "The basket listens on port 7000.\n", encoding="utf-8")
    init(pytester)
    assert path.read_bytes() == before


def test_an_empty_folder_gets_a_target_file_and_no_claims(pytester: pytest.Pytester) -> None:
    init(pytester)
    assert not (pytester.path / "claims").exists()
    assert tomllib.loads((pytester.path / "distaudit.toml").read_text(encoding="utf-8")) == {"default": "local"}


def test_hostile_sentences_read_back_as_they_stand(pytester: pytest.Pytester) -> None:
    line = "The gateway listens on port 8081, \"front: way\" #1, says 'on' \\ {no} [yes] R&D \u2028 \u00e9."
    pytester.makefile(".md", README=f"# Shop\n\n{line}\n")
    pytester.makefile(".yaml", compose='services:\n  gateway:\n    image: a/b\n    ports: ["8081:8081"]\n')
    init(pytester)
    (claim,) = yaml.safe_load((pytester.path / "claims/readme.yaml").read_text(encoding="utf-8"))["claims"]
    assert claim["quote"] == " ".join(line.split())
    run_here(pytester, "--distaudit").assert_outcomes(passed=1)
