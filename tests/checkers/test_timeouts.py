from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checkers.timeouts import Silence, Timeout, check
from pytest_distaudit.domain.verdict import Reason, Verdict


def ended(at_s: float, released_s: float | None = -1) -> Silence:
    return Silence(at_s, 60, at_s if released_s == -1 else released_s)


HUNG = Silence(None, 60)


def test_ten_calls_that_end_when_claimed() -> None:
    assert check([ended(2.0)] * 10, 2) == Timeout(Verdict.VERIFIED, None, 10, 10, 0, 0, 2.0)


@pytest.mark.parametrize(("at_s", "verified"), [(1.59, False), (1.6, True), (2.9, True), (2.91, False)])
def test_in_time_is_from_four_fifths_to_six_fifths_and_a_half(at_s: float, verified: bool) -> None:
    found = check([ended(at_s)] * 10, 2)
    assert found.verdict is (Verdict.VERIFIED if verified else Verdict.UNVERIFIABLE)
    assert found.reason is (None if verified else Reason.INCONCLUSIVE_STATISTICS)
    assert found.in_time == (10 if verified else 0)


@pytest.mark.parametrize(("late", "verdict"), [(1, Verdict.VERIFIED), (2, Verdict.UNVERIFIABLE)])
def test_one_of_ten_may_be_late(late: int, verdict: Verdict) -> None:
    assert check([ended(2.0)] * (10 - late) + [ended(5.0)] * late, 2).verdict is verdict


@pytest.mark.parametrize(("hung", "verdict"), [(0, "verified"), (1, "verified"), (2, "refuted"), (10, "refuted")])
def test_two_of_ten_without_an_answer_refute(hung: int, verdict: str) -> None:
    found = check([ended(2.0)] * (10 - hung) + [HUNG] * hung, 2)
    assert (found.verdict.value, found.unanswered, found.leaked) == (verdict, hung, 0)


def test_never_is_three_times_the_claim() -> None:
    assert check([ended(6.01)] * 10, 2).verdict is Verdict.REFUTED
    assert check([ended(6.0)] * 10, 2).verdict is Verdict.UNVERIFIABLE
    assert check([Silence(None, 6.0)] * 10, 2).verdict is Verdict.REFUTED
    assert check([Silence(None, 5.9)] * 10, 2).verdict is Verdict.UNVERIFIABLE


def test_never_is_two_seconds_more_than_the_claim_at_least() -> None:
    assert check([ended(2.51)] * 10, 0.5).verdict is Verdict.REFUTED
    assert check([ended(2.5)] * 10, 0.5).verdict is Verdict.UNVERIFIABLE


def test_an_answer_that_lets_go_of_nothing_leaks() -> None:
    for released in (None, 6.1):
        found = check([ended(2.0, released)] * 10, 2)
        assert (found.verdict, found.leaked, found.unanswered) == (Verdict.REFUTED, 10, 0)
    found = check([ended(2.0, 4.0)] * 10, 2)
    assert (found.verdict, found.in_time) == (Verdict.UNVERIFIABLE, 0)


def test_where_the_closing_cannot_be_seen_nothing_is_verified() -> None:
    found = check([Silence(2.0, 60, None, visible=False)] * 10, 2)
    assert (found.verdict, found.reason, found.leaked) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE, 0)
    assert check([Silence(None, 60, None, visible=False)] * 10, 2).verdict is Verdict.REFUTED
    mixed = [Silence(2.0, 60, None, visible=False), *[ended(2.0)] * 9]
    assert check(mixed, 2).reason is Reason.NO_OBSERVABLE


def test_without_a_named_time_only_never_is_told() -> None:
    found = check([ended(2.0)] * 10, None)
    assert (found.verdict, found.reason, found.typical_s) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM, 2.0)
    assert found.in_time == 0
    assert check([HUNG] * 10, None).verdict is Verdict.REFUTED
    assert check([Silence(None, 29.0)] * 10, None).verdict is Verdict.UNVERIFIABLE
    assert check([Silence(None, 30.0)] * 10, None).verdict is Verdict.REFUTED


@pytest.mark.parametrize(("at_s", "at_once", "in_time"), [(0.0, True, 10), (0.0, False, 0), (2.91, True, 0)])
def test_where_nothing_is_waited_for_a_call_may_end_earlier(at_s: float, at_once: bool, in_time: int) -> None:
    assert check([ended(at_s)] * 10, 2, at_once=at_once).in_time == in_time


@given(st.integers(0, 9), st.sampled_from([ended(2.0), HUNG]))
def test_few_calls_say_nothing(calls: int, each: Silence) -> None:
    found = check([each] * calls, 2)
    assert found.verdict is Verdict.UNVERIFIABLE
    assert found.reason is (Reason.INCONCLUSIVE_STATISTICS if calls else Reason.VACUOUS)
    assert (found.typical_s is None) is (calls == 0)
