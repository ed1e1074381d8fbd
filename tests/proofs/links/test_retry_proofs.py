"""Two-sided proofs of ``retry.backoff``: callers that try again later and later, and such as do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from callers import target

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
WAYS = [
    "genuine",
    "jittered",
    "constant",
    "linear",
    "at-once",
    "swallows",
    "says",
    "nameless",
    "background",
    "whatever",
]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("retries"), target("retries.py", WAYS)) as room:
        yield room


def _claimed(way: str, **params: object) -> Mapping[str, object]:
    roles = {"caller": way, "system": "dependency"}
    return {"roles": roles, "operation": f"ask-{way}", "lasts": "2 s", "attempts": "<= 5", **params}


def _judged(room: Room, way: str, **params: object) -> ClaimResult:
    return room.judge("retry.backoff", **_claimed(way, **params))  # type: ignore[arg-type]


def test_doubling_times_are_verified(room: Room) -> None:
    """What is rejected is let be; with another claim about the same, that there are fewer tries."""
    claims = [_claimed("genuine", rejected=True), _claimed("genuine", attempts="<= 3")]
    told, fewer = room.judge_together(*(("retry.backoff", claim) for claim in claims))
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual.startswith("5 tries, 0.1"), told.actual
    assert "reaches the client" not in told.shows_not, told.shows_not
    assert (fewer.verdict, fewer.actual) == (Verdict.REFUTED, "5 tries"), (fewer.actual, fewer.because)


def test_times_drawn_by_lot_are_verified_as_such(room: Room) -> None:
    told = _judged(room, "jittered", jitter=True, lasts="5 s")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)


@pytest.mark.parametrize(
    ("way", "actual"),
    [
        ("constant", "tried again after the same time"),
        ("linear", "the time between tries grows by the same amount"),
        ("at-once", "tried again at once"),
        ("swallows", "not tried again"),
        ("says", "not tried again"),
        ("background", "what works at a later try does not reach the client"),
    ],
)
def test_other_schedules_are_refuted(room: Room, way: str, actual: str) -> None:
    told = _judged(room, way)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, actual), (told.actual, told.because)


def test_what_is_tried_again_in_vain_is_refuted(room: Room) -> None:
    told = _judged(room, "whatever", rejected=True)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "what is rejected is tried again"), told.because


def test_tries_that_carry_nothing_cannot_be_told_apart(room: Room) -> None:
    told = _judged(room, "nameless")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), told.because
