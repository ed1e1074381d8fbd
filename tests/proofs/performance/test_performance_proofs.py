"""Two-sided proofs of performance.latency and performance.throughput: how the server answers stands in server.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600)]
SERVER = Path(__file__).parent / "server.py"
KEPT = ("cached", "says_what_it_always_says")
WAYS = ("honest", "stalls", "tires", "queues", "fails_fast", "turns_some_away", *KEPT, "plain")
#: a busy machine cannot tell; it is given so many chances
CHANCES = 4


def _server(name: str, disposable: bool) -> str:
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
disposable = {str(disposable).lower()}
native.argv = {json.dumps([sys.executable, str(SERVER)])}
native.env = {{PORT = "{{port}}"}}
"""


def _operation(way: str) -> str:
    return f"""
[targets.miniature.operations.{way}]
request = "GET http://server/{way}/{{nonce}}"
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    target = _server("server", True) + _server("precious", False) + "".join(map(_operation, WAYS))
    with Room(tmp_path_factory.mktemp("performance"), target) as room:
        yield room


def _judged(room: Room, check: str, operation: str, **claim: object) -> ClaimResult:
    """Judged again where the machine was too busy to tell."""
    claim = {"system": "server", "operation": operation, **claim}
    for _ in range(CHANCES):
        told = room.judge(f"performance.{check}", **claim)
        if told.reason is not Reason.BUDGET or told.actual == "budget":
            return told
    pytest.skip(f"this machine is too busy to tell: {told.because}")


def latency(room: Room, operation: str, **claim: object) -> ClaimResult:
    usual = {"time": "< 50 ms", "rate": "200 /s", "seconds": "0.8 s"}
    return _judged(room, "latency", operation, **{**usual, **claim})


def throughput(room: Room, operation: str, **claim: object) -> ClaimResult:
    usual = {"rate": ">= 200 /s", "seconds": "0.8 s"}
    return _judged(room, "throughput", operation, **{**usual, **claim})


def test_quick_answers_are_verified(room: Room) -> None:
    told = latency(room, "honest")
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)


@pytest.mark.parametrize("way", ["stalls", "tires"])
def test_slow_answers_are_refuted(room: Room, way: str) -> None:
    told = latency(room, way, repetitions=1)
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert told.actual.startswith("95 % within "), told


@pytest.mark.parametrize("way", ["fails_fast", "turns_some_away"])
def test_quick_errors_are_no_answers(room: Room, way: str) -> None:
    told = latency(room, way, repetitions=1)
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert told.actual.endswith("errors"), told


@pytest.mark.parametrize("check", [latency, throughput])
@pytest.mark.parametrize("way", KEPT)
def test_kept_answers_are_no_answers(room: Room, check: object, way: str) -> None:
    told = check(room, way)  # type: ignore[operator]
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "kept answers"), (told.reason, told.because)


def test_what_is_borne_is_verified(room: Room) -> None:
    told = throughput(room, "honest")
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert told.actual == "200/s", told


@pytest.mark.parametrize("way", ["queues", "fails_fast"])
def test_what_is_not_borne_is_refuted(room: Room, way: str) -> None:
    told = throughput(room, way)
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({"operation": "plain"}, Reason.NO_OBSERVABLE),
        ({"operation": "honest", "rate": "50000 /s"}, Reason.BUDGET),
        ({"operation": "honest", "system": "precious"}, Reason.NOT_SAFE),
        # one phase has too few for the share
        ({"operation": "honest", "share": "99.9 %", "repetitions": 1}, Reason.INCONCLUSIVE_STATISTICS),
    ],
)
def test_what_cannot_be_told(room: Room, claim: Mapping[str, object], reason: Reason) -> None:
    told = latency(room, **claim)  # type: ignore[arg-type]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), (told.actual, told.because)
