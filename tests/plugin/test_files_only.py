"""Audits of trees that are data: mining, the static part, and a repository that nobody has prepared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import run_alone, run_here

CANARY = "raise SystemExit('the audited tree was run')\n"
README = """\
# Shop

The gateway listens on port 8080.
The catalog listens on port 9000.
The order worker takes its jobs from a RabbitMQ queue.
See [the notes](notes/README.md) and `compose.yaml`.
"""
COMPOSE = """\
services:
  gateway:
    build: gateway
    ports: ["8081:8081"]
  catalog:
    build: catalog
    ports: ["9000:9000"]
  rabbitmq:
    image: rabbitmq:3.13
"""


@pytest.fixture
def tree(pytester: pytest.Pytester) -> Path:
    """A repository whose README is wrong about one port, and whose own code must never run."""
    root = pytester.mkdir("shop")
    files = {
        "README.md": README,
        "compose.yaml": COMPOSE,
        "gateway/Dockerfile": "FROM scratch\n",
        "catalog/Dockerfile": "FROM scratch\n",
        "notes/README.md": "# Notes\n",
        "notes/guide.rst": "Guide\n=====\n\n>>> raise SystemExit('a document was run')\n\nSee ``compose.yaml``.\n",
        "pytest.ini": "[pytest]\naddopts = --no-such-option\nno_such_key = 1\npython_files = *.py\n",
        **dict.fromkeys(("conftest.py", "notes/conftest.py", "notes/__init__.py", "pydantic.py", "test_it.py"), CANARY),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


Run = Callable[..., pytest.RunResult]


def audit(
    pytester: pytest.Pytester, tree: Path, *options: str, run: Run = run_here
) -> tuple[pytest.RunResult, dict[str, object]]:
    result = run(pytester, "--distaudit-static", "--distaudit-json=audit.json", str(tree), *options)
    return result, json.loads((pytester.path / "audit.json").read_text(encoding="utf-8"))


def test_static_judges_what_files_decide_and_runs_nothing(pytester: pytest.Pytester, tree: Path) -> None:
    result, told = audit(pytester, tree, run=run_alone)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*REFUTED wrong_port-gateway (README.md:3)*", "*The gateway listens on port 8080.*"])
    result.stdout.no_fnmatch_line("*was run*")
    verdicts = {claim["id"]: claim["verdict"] for claim in told["claims"]}
    assert verdicts["wrong_port-gateway"] == "refuted"
    assert verdicts["readme-port-catalog"] == "verified"
    assert verdicts["guide-path-compose.yaml"] == "verified"
    assert (told["scope"], told["provision"], told["target"], told["verdict"]) == ("static", "files", None, "partial")
    finding = next(one for one in told["findings"] if one["kind"] == "wrong_port")
    assert (finding["document"], finding["line"], finding["against"]) == ("README.md", 3, "compose.yaml")
    not_judged = {one["id"]: one["why"] for one in told["not_judged"]}
    assert not_judged.pop("valid-compose.yaml") == "native validators run on request (--distaudit-validate)"
    assert set(not_judged.values()) == {"needs a running system"}
    assert told["coverage"]["sentences"] > told["coverage"]["claimed"] > 0


def test_static_is_green_when_nothing_contradicts(pytester: pytest.Pytester, tree: Path) -> None:
    (tree / "README.md").write_text(README.replace("8080", "8081"), encoding="utf-8")
    result, told = audit(pytester, tree)
    assert (result.ret, told["verdict"]) == (0, "genuine")
    assert run_here(pytester, "--distaudit-static", "--distaudit-min-coverage=100", str(tree)).ret == 1


def test_static_is_red_when_there_is_nothing_to_judge(pytester: pytest.Pytester) -> None:
    empty = pytester.mkdir("empty")
    result, told = audit(pytester, empty)
    assert (result.ret, told["verdict"], told["claims"]) == (1, "undetermined", [])


def test_items_are_pytests_own(pytester: pytest.Pytester, tree: Path) -> None:
    one, told = audit(pytester, tree, "-k", "catalog", "--junitxml=junit.xml")
    one.assert_outcomes(passed=1)
    assert told["verdict"] is None
    assert 'value="verified"' in (pytester.path / "junit.xml").read_text(encoding="utf-8")
    listed = run_here(pytester, "--distaudit-static", "--collect-only", "-q", str(tree))
    listed.stdout.fnmatch_lines(["README.md::wrong_port-gateway", "README.md::readme-port-catalog"])


def test_a_finding_is_waived_by_a_claim_about_it(pytester: pytest.Pytester, tree: Path) -> None:
    waiver = "{until: 2999-01-01, owner: shop, reason: moves next year}"
    claim = "id: old-port, quote: The gateway listens, check: files.finding, with: {finding: wrong_port-gateway}"
    (tree / "claims").mkdir()
    text = f"document: README.md\nclaims:\n  - {{{claim}, waiver: {waiver}}}\n"
    (tree / "claims" / "waived.yaml").write_text(text, encoding="utf-8")
    result, told = audit(pytester, tree)
    assert result.ret == 0
    assert {claim["id"]: claim["verdict"] for claim in told["claims"]}["wrong_port-gateway"] == "waived"


@pytest.mark.parametrize(
    ("finding", "verdict"), [("wrong_port-other", "verified"), ("wrongport-gateway", "unverifiable")]
)
def test_a_finding_that_is_gone_and_one_that_cannot_be(
    pytester: pytest.Pytester, tree: Path, monkeypatch: pytest.MonkeyPatch, finding: str, verdict: str
) -> None:
    monkeypatch.chdir(pytester.mkdir("alone"))
    Path("README.md").write_text(README, encoding="utf-8")
    Path("claims").mkdir()
    claim = f"id: gone, quote: The gateway listens, check: files.finding, with: {{finding: {finding}}}"
    Path("claims/one.yaml").write_text(f"document: README.md\nclaims:\n  - {{{claim}}}\n", encoding="utf-8")
    run_here(pytester, "--distaudit").stdout.fnmatch_lines([f"*1 {verdict}*"])


def test_mining_prints_the_product_alone(pytester: pytest.Pytester, tree: Path) -> None:
    result = run_alone(pytester, "--distaudit-mine", "--distaudit-mine-format=jsonl", str(tree))
    proposals = [json.loads(line) for line in result.stdout.lines]
    assert result.ret == 0
    said = {(one["document"], one["line"], one["component"], one["pattern"]) for one in proposals}
    assert {("README.md", 3, "gateway", "port"), ("README.md", 5, "rabbitmq", "messaging")} <= said
    as_yaml = run_here(pytester, "--distaudit-mine", str(tree)).stdout.str()
    assert 'document: "README.md"' in as_yaml
    assert "check: port.open" in as_yaml


@pytest.mark.parametrize("more", [("nowhere",), ("shop", "shop")])
def test_a_tree_is_one_folder(pytester: pytest.Pytester, tree: Path, more: tuple[str, ...]) -> None:
    for option in ("--distaudit-mine", "--distaudit-static"):
        result = run_here(pytester, option, *more)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["ERROR: *folder*"])


def test_this_folder_is_the_default(pytester: pytest.Pytester, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    run_alone(pytester, "--distaudit-static", "-q").stdout.fnmatch_lines(["*1 refuted*"])


def test_an_unprepared_repository_is_judged_by_its_files(pytester: pytest.Pytester) -> None:
    pytester.makefile(".md", README=README)
    pytester.makefile(".yaml", compose=COMPOSE.replace("build: ", "image: shop/"))
    pytester.makepyfile(test_own="def test_own(): pass")
    result = run_here(pytester, "--distaudit")
    result.stdout.fnmatch_lines(["*REFUTED wrong_port-gateway*", "*not judged, needs a running system:*"])
    result.stdout.fnmatch_lines(["next: pytest --distaudit-static -k 'wrong_port-gateway'"])
    result.stdout.no_fnmatch_line("*test_own*")


def test_claims_are_held_against_coverage(pytester: pytest.Pytester) -> None:
    pytester.makefile(".md", README=README)
    pytester.makefile(".yaml", compose=COMPOSE)
    pytester.mkdir("claims").joinpath("ports.yaml").write_text(
        "document: README.md\nclaims:\n"
        "  - {id: port, quote: The catalog listens on port 9000, check: files.agree,"
        " with: {component: catalog, pattern: port}}\n",
        encoding="utf-8",
    )
    result = run_here(pytester, "--distaudit")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["not claimed: README.md:3: The gateway*", "genuine within *1 of 3 checkable*"])
    assert run_here(pytester, "--distaudit", "--distaudit-min-coverage=33").ret == 0
    short = run_here(pytester, "--distaudit", "--distaudit-min-coverage=50%")
    assert short.ret == 1
    short.stdout.fnmatch_lines(["coverage 33.3 % is below --distaudit-min-coverage=50"])


@pytest.mark.parametrize("bad", ["101", "-1", "most"])
def test_a_coverage_is_a_percentage(pytester: pytest.Pytester, bad: str) -> None:
    assert run_here(pytester, "--distaudit", f"--distaudit-min-coverage={bad}").ret == pytest.ExitCode.USAGE_ERROR


def test_evidence_of_files_replays_without_them(pytester: pytest.Pytester) -> None:
    pytester.makefile(".md", README="The catalog listens on port 9000.\n")
    compose = pytester.makefile(".yaml", compose=COMPOSE)
    pytester.mkdir("claims").joinpath("ports.yaml").write_text(
        "document: README.md\nclaims:\n"
        "  - {id: port, quote: The catalog listens on port 9000, check: files.agree,"
        " with: {component: catalog, pattern: port}}\n",
        encoding="utf-8",
    )
    assert run_here(pytester, "--distaudit", "--distaudit-evidence=seen").ret == 0
    compose.unlink()
    assert run_here(pytester, "--distaudit", "--distaudit-replay=seen").ret == 0
    assert run_here(pytester, "--distaudit").ret == 1


HAPROXY = "frontend front\n  bind :8080\n  default_backend pool\nbackend pools\n  server one gateway:8081\n"


def _with_haproxy(tree: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (tree / "haproxy.cfg").write_text(HAPROXY, encoding="utf-8")
    tools = tree.parent / "tools"
    tools.mkdir()
    for name, text in {"haproxy": script, "unshare": 'shift; exec "$@"'}.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")


def test_native_validators_run_on_request_alone(
    pytester: pytest.Pytester, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_haproxy(tree, monkeypatch, f"touch {pytester.path}/ran")
    result, told = audit(pytester, tree)
    result.stdout.fnmatch_lines(
        ["not judged, native validators run on request (--distaudit-validate): valid-*haproxy.cfg*"]
    )
    assert not (pytester.path / "ran").exists()
    assert "files.valid" not in {claim["check"] for claim in told["claims"]}


@pytest.mark.parametrize(
    ("script", "verdict", "reason"),
    [
        ("exit 0", "verified", None),
        ("echo \"Proxy 'front': unable to find required default_backend: 'pool'.\" >&2; exit 1", "refuted", None),
        ("echo \"could not resolve address 'web'.\" >&2; exit 1", "unverifiable", "no-observable"),
    ],
)
def test_what_a_validator_says_is_judged(
    pytester: pytest.Pytester,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    verdict: str,
    reason: str | None,
) -> None:
    _with_haproxy(tree, monkeypatch, script)
    _, told = audit(pytester, tree, "--distaudit-validate")
    judged = {claim["id"]: (claim["verdict"], claim["reason"]) for claim in told["claims"]}
    assert judged["valid-haproxy.cfg"] == (verdict, reason)


def test_a_validator_that_is_not_there_is_said_to_be_missing(
    pytester: pytest.Pytester, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_haproxy(tree, monkeypatch, "exit 0")
    (tree.parent / "tools" / "haproxy").unlink()
    _, told = audit(pytester, tree, "--distaudit-validate")
    judged = {claim["id"]: (claim["verdict"], claim["reason"]) for claim in told["claims"]}
    assert judged["valid-haproxy.cfg"] == ("unverifiable", "not-installed")


def test_what_could_not_be_read_is_listed(pytester: pytest.Pytester, tree: Path) -> None:
    (tree / "bad.md").write_bytes(b"\xff\xfe\x00")
    (tree / "broken.yaml").write_text("services: [}\n", encoding="utf-8")
    for _ in ("read", "remembered"):
        result, told = audit(pytester, tree, "-v")
        result.stdout.fnmatch_lines(["not read: bad.md*", "not read: broken.yaml:1: no YAML*"])
        assert isinstance(told["coverage"], dict)
        assert len(told["coverage"]["not_read"]) >= 2
