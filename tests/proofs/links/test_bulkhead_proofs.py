"""Two-sided proofs of ``bulkhead.isolates``: callers that keep a hanging dependency apart, and such as do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import target

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
WAYS = ["genuine", "unlimited", "larger", "pool", "loop", "needs"]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("bulkheads"), target("bulkheads.py", WAYS)) as room:
        yield room


def _claim(way: str, **params: object) -> tuple[str, dict[str, object]]:
    about = {"roles": {"caller": way, "system": "dependency"}, "operation": f"ask-{way}, free-{way}"}
    return "bulkhead.isolates", {**about, "free": f"free-{way}", "limit": 5, "timeout": "1 s", **params}


def _judged(room: Room, way: str, **params: object) -> ClaimResult:
    name, claim = _claim(way, **params)
    return room.judge(name, **claim)


def test_a_limit_that_keeps_the_rest_going_is_verified(room: Room) -> None:
    told = _judged(room, "genuine")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual.startswith("at most 5 calls at once"), told.actual


@pytest.mark.parametrize("way", ["pool", "loop"])
def test_what_stands_still_with_it_is_refuted(room: Room, way: str) -> None:
    told = _judged(room, way)
    assert told.verdict is Verdict.REFUTED, (told.actual, told.because)
    assert told.actual.startswith(f"free-{way} fails or stalls, too"), told.actual


def test_more_calls_than_claimed_are_refuted(room: Room) -> None:
    told = _judged(room, "larger")
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "20 calls at once"), (told.actual, told.because)


def test_no_limit_is_refuted_where_one_is_claimed_and_else_nothing_is_decided(room: Room) -> None:
    told, without = room.judge_together(_claim("unlimited"), _claim("unlimited", limit=None))
    assert told.verdict is Verdict.REFUTED, (told.actual, told.because)
    assert (without.verdict, without.reason) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM), without.because


def test_an_operation_that_needs_the_dependency_is_no_free_one(room: Room) -> None:
    told = _judged(room, "needs")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM), told.because
