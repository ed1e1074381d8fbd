"""Two-sided proofs of ``mcp.integrated``: applications beside a server of the official SDK."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytest.importorskip("mcp", reason="the official SDK is not installed: pip install mcp")
pytestmark = [pytest.mark.proof, pytest.mark.live]
HERE = Path(__file__).parent
WAYS = ("keep", "canned", "beside", "greets", "by_itself", "nameless")
NOTES = f"""
[targets.miniature.systems.notes]
kind = "mcp"
disposable = true
native.argv = {json.dumps([sys.executable, str(HERE / "notes.py"), "{port}"])}
"""


def _tables(way: str) -> str:
    return f"""
[targets.miniature.systems.{way}]
kind = "http"
disposable = true
native.argv = {json.dumps([sys.executable, str(HERE / "users.py"), way])}
native.after = ["notes"]
native.env = {{PORT = "{{port}}", NOTES_URL = "{{notes.url}}"}}
[targets.miniature.links.{way}-notes]
from = "{way}"
to = "notes"
inject = {{env = "NOTES_URL"}}
[targets.miniature.operations.ask-{way}]
request = "GET http://{way}/ask?word={{nonce}}"
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("integrated"), NOTES + "".join(map(_tables, WAYS))) as room:
        yield room


@pytest.fixture(scope="module")
def told(room: Room) -> dict[str, ClaimResult]:
    """All at once: the server stands still one time for all of them."""
    claims = [
        ("mcp.integrated", {"roles": {"caller": way, "system": "notes"}, "operation": f"ask-{way}"}) for way in WAYS
    ]
    return dict(zip(WAYS, room.judge_together(*claims), strict=True))


def test_an_application_that_works_by_its_tools_is_verified(told: dict[str, ClaimResult]) -> None:
    found = told["keep"]
    assert found.verdict is Verdict.VERIFIED, (found.actual, found.because)


@pytest.mark.parametrize(
    ("way", "actual"),
    [
        ("canned", "ask-canned works without notes"),
        ("beside", "ask-beside works without notes"),
        ("greets", "no tool is called"),
        ("by_itself", "no tool is called"),
    ],
)
def test_one_that_only_has_them_beside_it_is_refuted(told: dict[str, ClaimResult], way: str, actual: str) -> None:
    found = told[way]
    assert (found.verdict, found.actual) == (Verdict.REFUTED, actual), (found.actual, found.because)


def test_calls_that_carry_nothing_cannot_be_told_apart(told: dict[str, ClaimResult]) -> None:
    found = told["nameless"]
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), found.because
