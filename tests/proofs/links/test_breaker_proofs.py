"""Two-sided proofs of ``breaker.opens``: callers with a circuit breaker, and with the looks of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import target

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
WAYS = ("genuine", "forever", "unused", "coroutine", "each", "returns", "says", "polled")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    ground = tmp_path_factory.mktemp("breakers")
    with Room(ground, target("breakers.py", WAYS, unlinked="genuine")) as room:
        yield room


def _judged(room: Room, way: str, *, errors: bool = False) -> ClaimResult:
    return room.judge(
        "breaker.opens",
        roles={"caller": way, "system": "dependency"},
        operation=f"ask-{way}",
        open_for="0.5 s",
        timeout="0.3 s",
        errors=errors,
    )


def test_a_breaker_that_opens_tries_again_and_closes_is_verified(room: Room) -> None:
    told = _judged(room, "genuine", errors=True)
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual.startswith("opened after "), (told.actual, told.because)


@pytest.mark.parametrize("way", ["unused", "coroutine", "each", "says"])
def test_one_through_which_no_call_goes_is_refuted(room: Room, way: str) -> None:
    told = _judged(room, way)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "never opened"), (told.actual, told.because)


def test_one_that_takes_errors_for_successes_is_refuted(room: Room) -> None:
    told = _judged(room, "returns", errors=True)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "never opened"), (told.actual, told.because)
    assert "error of returns -> dependency" in told.because, told


def test_one_that_never_closes_is_refuted(room: Room) -> None:
    told = _judged(room, "forever")
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "never closed again"), (told.actual, told.because)


def test_whose_calls_arrive_cannot_be_told_among_those_of_others(room: Room) -> None:
    told = _judged(room, "polled")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), (told.actual, told.because)


def test_without_a_relay_nothing_is_done(room: Room) -> None:
    told = _judged(room, "unlinked")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL), (told.actual, told.because)
