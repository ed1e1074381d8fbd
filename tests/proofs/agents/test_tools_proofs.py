"""Two-sided proofs of ``mcp.alive``: servers of the official SDK by both ways, and liars."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytest.importorskip("mcp", reason="the official SDK is not installed: pip install mcp")
pytestmark = [pytest.mark.proof, pytest.mark.live]

HERE = Path(__file__).parent
#: loops of nc and sleep stand in test_nested_proofs.py: silence takes seconds to be told
NOBODY = {
    "echoes": "cat",
    "ends": "true",
    "talks": "sh -c 'while read line; do echo ok; done'",
}
STDIO_LIES = {
    "agrees": "answers a method that cannot exist",
    "canned": "an id that nobody asked with",
    "once": "an id that nobody asked with",
    "circles": "leads in a circle",
    "without-tools": "lists no tools",
    "without-the-method": "lists no tools",
    "without-schema": "without a schema",
    "schema-of-a-text": "without a schema",
}
CANNOT_TELL = {
    "keeps-its-tools": Reason.NO_OBSERVABLE,
    "other-error": Reason.NO_OBSERVABLE,
    "lacks-its-secret": Reason.BASELINE,
    "not-there": Reason.NOT_INSTALLED,
    "never-started": Reason.NOT_SAFE,
}
HTTP_LIES = {
    "page": "answers 200 text/html",
    "agrees": "answers a method that cannot exist",
    "once": "an id that nobody asked with",
}


def stdio(name: str, command: str, more: str = "") -> str:
    return f'[targets.miniature.systems.{name}]\nkind = "mcp"\nendpoints = {{stdio = "exec:{command}"}}\n{more}\n'


def over_http(name: str, *words: str) -> str:
    """Started by the audit as any service; asked at the path of the protocol."""
    argv = ", ".join(f'"{word}"' for word in words)
    return f'[targets.miniature.systems.{name}]\nkind = "mcp"\nnative.argv = ["{{python}}", {argv}, "{{port}}"]\n'


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    root = tmp_path_factory.mktemp("agents")
    for program in ("notes.py", "liar.py"):
        shutil.copy(HERE / program, root)
    liar, notes = f"{sys.executable} {root / 'liar.py'}", root / "notes.py"
    parts = [
        stdio("program", f"{sys.executable} {notes}"),
        over_http("web", str(notes)),
        *(stdio(name, command) for name, command in NOBODY.items()),
        *(stdio(name, f"{liar} {name}") for name in (*STDIO_LIES, *list(CANNOT_TELL)[:2])),
        stdio("lacks-its-secret", "sh -c 'echo API_KEY is not set >&2; exit 1'"),
        stdio("not-there", "distaudit-no-such-program"),
        stdio("never-started", f"{sys.executable} {notes}", 'probes = "none"'),
        *(over_http(f"http-{name}", str(root / "liar.py"), name) for name in HTTP_LIES),
    ]
    with Room(root, "\n".join(parts)) as made:
        yield made


@pytest.mark.parametrize("name", ["program", "web"])
def test_a_server_converses(room: Room, name: str) -> None:
    found = room.judge("mcp.alive", system=name, tools="find, keep")
    assert (found.verdict, found.actual) == (Verdict.VERIFIED, "1 server, 2 tools"), found
    assert ("started the program itself" in found.shows_not) is (name == "program")


def test_a_tool_that_is_not_listed(room: Room) -> None:
    found = room.judge("mcp.alive", system="web", tools="find, burn", within="0.1s")
    assert (found.verdict, "lists no burn" in found.because) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize("name", NOBODY)
def test_what_runs_and_does_not_converse(room: Room, name: str) -> None:
    found = room.judge("mcp.alive", system=name, within="0.1s")
    assert (found.verdict, "does not speak MCP" in found.because) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize(("name", "why"), STDIO_LIES.items())
def test_what_only_looks_like_conversing(room: Room, name: str, why: str) -> None:
    found = room.judge("mcp.alive", system=name, within="0.1s")
    assert (found.verdict, why in found.because) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize(("name", "why"), HTTP_LIES.items())
def test_what_answers_over_http_and_is_none(room: Room, name: str, why: str) -> None:
    found = room.judge("mcp.alive", system=f"http-{name}", within="0.1s")
    assert (found.verdict, why in found.because) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize(("name", "reason"), CANNOT_TELL.items())
def test_what_cannot_be_told(room: Room, name: str, reason: Reason) -> None:
    found = room.judge("mcp.alive", system=name, within="0.1s")
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, reason), found


def test_several_are_counted(room: Room) -> None:
    assert room.judge("mcp.alive", system="web, program", count=2).verdict is Verdict.VERIFIED
    assert room.judge("mcp.alive", system="web, ends", count=2, within="0.1s").verdict is Verdict.REFUTED
