from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checkers.bulkhead import Plateau, isolation, most_at_once, plateau
from pytest_distaudit.domain.verdict import Reason, Verdict

Interval = tuple[float, float | None]
INTERVALS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)).map(lambda each: (each[0], each[0] + each[1])))


def at_once(number: int, start: float = 0, end: float | None = 10) -> list[Interval]:
    return [(start, end)] * number


@given(INTERVALS)
def test_at_once_are_those_that_hold_the_same_moment(intervals: list[tuple[int, int]]) -> None:
    held = [sum(start <= moment < end for start, end in intervals) for moment in range(31)]
    assert most_at_once(intervals) == max(held)


def test_what_touches_does_not_overlap_for_certain() -> None:
    assert most_at_once([(0, 5), (5, 9)]) == 1
    assert most_at_once([(0, 5.1), (5, 9)]) == 2
    assert most_at_once([(0, None), (5, 9)]) == 2
    assert most_at_once([(3, None), (4, None)]) == 2
    assert most_at_once([]) == 0


def test_a_limit_that_is_never_passed() -> None:
    assert plateau(at_once(10), at_once(40), 10) == Plateau(Verdict.VERIFIED, None, 10, 40, 1.0)
    assert plateau(at_once(7), at_once(40), 10).verdict is Verdict.VERIFIED
    assert plateau(at_once(11), at_once(40), 10).verdict is Verdict.REFUTED


@pytest.mark.parametrize(("offered", "verdict"), [(11, Verdict.VERIFIED), (10, Verdict.UNVERIFIABLE)])
def test_a_limit_is_shown_by_whoever_waits(offered: int, verdict: Verdict) -> None:
    found = plateau(at_once(10), at_once(offered), 10)
    assert found.verdict is verdict
    assert found.reason is (None if verdict is Verdict.VERIFIED else Reason.VACUOUS)


def test_nothing_inside_is_no_limit() -> None:
    for found in (
        plateau([], at_once(40), 10),
        plateau([], at_once(40)),
        plateau([], []),
        plateau(at_once(1), at_once(1)),
    ):
        assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)


@pytest.mark.parametrize(
    ("inside", "verdict"),
    [(20, "verified"), (21, "unverifiable"), (28, "unverifiable"), (29, "refuted"), (30, "refuted")],
)
def test_without_a_named_limit_a_plateau_is_one(inside: int, verdict: str) -> None:
    found = plateau(at_once(inside), at_once(30))
    assert found.verdict.value == verdict
    assert found.reason is (Reason.INCONCLUSIVE_STATISTICS if verdict == "unverifiable" else None)


def test_small_numbers_are_no_exception() -> None:
    assert plateau(at_once(2), at_once(5)).verdict is Verdict.VERIFIED
    assert plateau(at_once(19), at_once(20)).verdict is Verdict.REFUTED
    assert plateau([], []).held == 0


def test_only_time_in_which_more_are_offered_counts() -> None:
    inside = [(0.0, 10.0)] * 3 + [(0.0, 5.0)] * 2
    assert plateau(inside, [(0.0, 5.0)] * 35 + [(0.0, 10.0)] * 5).held == 1
    assert plateau(at_once(10, 5), at_once(40)).held == pytest.approx(0.5)
    assert plateau(at_once(5), at_once(40, end=None)).held == 1
    assert plateau(at_once(5, end=None), at_once(40)).held == 1


def test_a_peak_is_no_plateau() -> None:
    """Ten at once for a tenth of the time in which forty are offered."""
    peak = [(0.0, 10.0)] * 5 + [(4.0, 5.0)] * 5
    found = plateau(peak, at_once(40))
    assert (found.verdict, found.most, found.held) == (Verdict.UNVERIFIABLE, 10, pytest.approx(0.1))
    wide = [(0.0, 10.0)] * 5 + [(4.0, 9.0)] * 5
    assert plateau(wide, at_once(40)).verdict is Verdict.VERIFIED
    assert plateau(wide, [(0.0, 20.0)] * 40).held == pytest.approx(0.25)
    # where more end at once, the last count holds
    assert plateau([(0.0, 5.0)] * 3 + [(0.0, 10.0)], at_once(40)).held == pytest.approx(0.5)


CALM = [0.1] * 200


def test_calls_that_go_on_as_before_are_isolated() -> None:
    found = isolation(CALM, CALM)
    assert (found.verdict, found.reason, found.answered, found.p95_s) == (Verdict.VERIFIED, None, 1.0, (0.1, 0.1))


@pytest.mark.parametrize(
    ("calm", "now", "verdict"),
    [
        (0.1, 0.2, "verified"),
        (0.1, 0.21, "unverifiable"),
        (0.1, 1.0, "unverifiable"),
        (0.1, 1.01, "refuted"),
        (0.001, 0.051, "verified"),
        (0.001, 0.052, "unverifiable"),
        (0.001, 0.251, "unverifiable"),
        (0.001, 0.252, "refuted"),
        (0.01, 0.06, "verified"),
        (0.01, 0.1, "unverifiable"),
        (0.01, 0.25, "unverifiable"),
        (0.01, 0.27, "refuted"),
    ],
)
def test_how_much_slower_they_may_be(calm: float, now: float, verdict: str) -> None:
    found = isolation([calm] * 200, [now] * 200)
    assert found.verdict.value == verdict
    assert found.reason is (Reason.INCONCLUSIVE_STATISTICS if verdict == "unverifiable" else None)


@pytest.mark.parametrize(
    ("lost", "verdict"), [(0, "verified"), (2, "verified"), (3, "unverifiable"), (10, "unverifiable"), (11, "refuted")]
)
def test_how_many_may_be_lost(lost: int, verdict: str) -> None:
    found = isolation(CALM, [0.1] * (200 - lost) + [inf] * lost)
    assert found.verdict.value == verdict
    assert found.answered == (200 - lost) / 200


def test_the_95th_percentile_is_the_190th_of_200() -> None:
    assert isolation(CALM, [0.1] * 190 + [5.0] * 10).verdict is Verdict.VERIFIED
    assert isolation(CALM, [0.1] * 189 + [5.0] * 11).verdict is Verdict.REFUTED


def test_few_calls_and_a_bad_beginning_say_nothing() -> None:
    for before, during in ((CALM[:29], CALM), (CALM, CALM[:29]), ([], [])):
        found = isolation(before, during)
        assert (found.verdict, found.reason, found.answered) == (Verdict.UNVERIFIABLE, Reason.VACUOUS, 0)
    assert isolation(CALM[:30], CALM[:30]).verdict is Verdict.VERIFIED
    ill = isolation([inf] * 200, [inf] * 200)
    assert (ill.verdict, ill.reason, ill.answered) == (Verdict.UNVERIFIABLE, Reason.BASELINE, 0)
