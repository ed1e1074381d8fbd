"""Two-sided proofs of ``timeout.bounds``: callers that give up, and such as only say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import target

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.fixture(scope="module")
def room(run: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(
        tmp_path_factory.mktemp("timeouts"), target("timeouts.py", ["genuine", "none", "wait", "seven", "late"])
    ) as room:
        yield room


def _judged(room: Room, way: str, **params: object) -> ClaimResult:
    roles = {"caller": way, "system": "dependency"}
    return room.judge("timeout.bounds", roles=roles, operation=f"ask-{way}", **{"time": "0.5 s", **params})


def test_calls_that_end_in_time_and_let_go_are_verified(room: Room) -> None:
    told = _judged(room, "genuine")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual.startswith("calls ended after 0.5"), told.actual


@pytest.mark.parametrize(
    ("way", "actual"),
    [("none", "calls do not end"), ("wait", "connections are kept"), ("seven", "calls do not end")],
)
def test_what_goes_on_is_refuted(room: Room, way: str, actual: str) -> None:
    told = _judged(room, way)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, actual), (told.actual, told.because)


def test_between_in_time_and_never_nothing_is_decided(room: Room) -> None:
    told = _judged(room, "late")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS), told.because
