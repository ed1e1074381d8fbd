"""Two-sided proofs of ``recovery.self-heals``: services with and without somebody who looks after them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
HERE = Path(__file__).parent
SERVICE, SUPERVISOR = str(HERE / "service.py"), str(HERE / "supervisor.py")
#: name: (what looks after it, how it lies)
SYSTEMS = {
    "healed": (["99", "0.2"], ""),
    "watched": (["99", "0.2", "--hangs"], ""),
    "hangs": (["99", "0.1"], ""),
    "alone": ([], ""),
    "healed-once": (["1", "0.2"], ""),
    "healed-late": (["99", "4"], ""),
    "wedged": (["99", "0.2"], "wedged"),
    "canned": (["99", "0.2"], "canned"),
    "keeps": (["99", "0.2"], "keeps"),
}
SAFE = """
[targets.miniature.systems.safe]
kind = "http"
endpoints.url = "{url}"
"""


def _tables(name: str, keeper: list[str], way: str, starts: Path) -> str:
    keeping = [sys.executable, SUPERVISOR, *keeper] if keeper else []
    words = [*keeping, sys.executable, SERVICE]
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
disposable = true
instances.identity = "header:X-Boot"
native.argv = {json.dumps(words)}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", STARTS = "{starts}", WAY = "{way}"}}
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say?word={{nonce}}"
[targets.miniature.operations.live-{name}]
request = "GET http://{name}/live"
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ground = tmp_path_factory.mktemp("recovery")
    tables = "".join(_tables(name, *told, ground / name) for name, told in SYSTEMS.items())
    with Room(ground, tables) as room:
        yield room


def _judged(room: Room, name: str, within: str = "2s", **claim: object) -> ClaimResult:
    return room.judge("recovery.self-heals", system=name, operation=f"say-{name}", within=within, **claim)


def test_a_service_that_is_started_again_every_time_is_verified(room: Room) -> None:
    told = _judged(room, "healed", within="10s")
    assert told.verdict is Verdict.VERIFIED, told
    assert told.actual.startswith("served again by itself 3 of 3 times, after at most "), told


def test_a_hanging_service_that_is_replaced_is_verified(room: Room) -> None:
    told = _judged(room, "watched", within="10s", hangs=True)
    assert told.verdict is Verdict.VERIFIED, told


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("alone", "not started again within 2 s"),
        ("healed-once", "not started again within 2 s"),
        ("healed-late", "not started again within 2 s"),
        ("keeps", " worked again"),
        ("wedged", "say-wedged never worked again"),
        ("canned", "say-canned no longer answers what it is asked"),
    ],
)
def test_what_does_not_heal_is_refuted(room: Room, name: str, actual: str) -> None:
    told = _judged(room, name, {"wedged": "10s", "canned": "10s", "keeps": "3s"}.get(name, "2s"))
    assert told.verdict is Verdict.REFUTED, told
    assert actual in told.actual, told


def test_a_service_that_hangs_and_is_left_so_is_refuted(room: Room) -> None:
    told = _judged(room, "hangs", within="3s", hangs=True)
    assert told.verdict is Verdict.REFUTED, told
    assert "after freeze 1 of" in told.because, told


def test_an_operation_that_needs_nobody_shows_nothing(room: Room) -> None:
    told = room.judge("recovery.self-heals", system="healed", operation="live-watched", within="10s")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), told


def test_what_the_audit_has_no_hand_on_is_left_alone(room: Room, tmp_path: Path) -> None:
    url = room.located["healed"].endpoints["url"]
    table = SAFE.format(url=url) + '[targets.miniature.operations.say]\nrequest = "GET http://safe/say?word={nonce}"\n'
    with Room(tmp_path, table, provision="attach") as other:
        told = other.judge("recovery.self-heals", system="safe", operation="say")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NOT_SAFE), told
