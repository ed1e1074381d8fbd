"""Two-sided proofs of ``timeout.bounds``: callers that give up, and such as only say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from callers import target

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ways = ["genuine", "deadline", "persistent", "none", "wait", "seven"]
    with Room(tmp_path_factory.mktemp("timeouts"), target("timeouts.py", ways)) as room:
        yield room


def _claimed(way: str, **params: object) -> Mapping[str, object]:
    return {"roles": {"caller": way, "system": "dependency"}, "operation": f"ask-{way}", "time": "0.5 s", **params}


def _judged(room: Room, way: str, **params: object) -> ClaimResult:
    return room.judge("timeout.bounds", **_claimed(way, **params))  # type: ignore[arg-type]


def test_calls_that_end_in_time_and_let_go_are_verified(room: Room) -> None:
    """With another claim about the same calls, which end before what that one says, and are not refuted either."""
    claims = [("timeout.bounds", _claimed("genuine", time=time)) for time in ("0.5 s", "0.9 s")]
    told, early = room.judge_together(*claims)
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual.startswith("calls ended after 0.5"), told.actual
    assert (early.verdict, early.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS), early.because


def test_calls_that_end_whatever_comes_meanwhile_are_verified(room: Room) -> None:
    told = _judged(room, "deadline", when="drips, refused")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)


@pytest.mark.parametrize(("way", "when"), [("genuine", "drips"), ("persistent", "refused")])
def test_a_limit_for_each_step_alone_is_refuted(room: Room, way: str, when: str) -> None:
    told = _judged(room, way, when=when)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "calls do not end"), (told.actual, told.because)


@pytest.mark.parametrize(
    ("way", "actual"),
    [("none", "calls do not end"), ("wait", "connections are kept"), ("seven", "calls do not end")],
)
def test_what_goes_on_is_refuted(room: Room, way: str, actual: str) -> None:
    told = _judged(room, way)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, actual), (told.actual, told.because)
