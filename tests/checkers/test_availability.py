from __future__ import annotations

import random
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers.availability import Gap, windows
from pytest_distaudit.checkers.binomial import share_bounds
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome
from tests.checkers.made import DRAWS, OPEN, failed, op
from tests.thorough import many


def up(call: int, lasts: int = 1) -> Operation:
    return op("probe", call, call + lasts)


def down(call: int, lasts: int | None = 1) -> Operation:
    if lasts is None:
        return op("probe", call, OPEN)
    return replace(op("probe", call, call + lasts), outcome=Outcome.INDETERMINATE)


def test_a_window_reaches_from_its_first_failure_to_its_last() -> None:
    found = windows([up(0), up(10), down(20), down(30), down(40), up(50), up(60)])
    assert found.gaps == (Gap(10, 3, 19, 41),)
    assert found.longest == found.gaps[0]
    assert (found.probes, found.answered, found.most_ns) == (7, 4, 41)
    assert found.share == share_bounds(4, 7)
    assert found.outside == share_bounds(4, 4)


LIMITS = [(41, "verified"), (40, "unverifiable"), (19, "unverifiable"), (18, "refuted")]


@pytest.mark.parametrize(("limit", "verdict"), LIMITS)
def test_a_limit_is_judged_by_both_bounds(limit: int, verdict: str) -> None:
    found = windows([up(0), up(10), down(20), down(30), down(40), up(50), up(60)])
    assert found.verdict(limit)[0].value == verdict
    assert found.verdict(limit)[1] is (Reason.INCONCLUSIVE_STATISTICS if verdict == "unverifiable" else None)


def test_one_failure_may_have_been_a_moment() -> None:
    found = windows([up(0), down(10), up(20)])
    assert found.gaps == (Gap(0, 1, 0, 21),)


def test_a_failure_is_a_failure_whatever_its_sort() -> None:
    assert windows([up(0), failed(down(10)), up(20)]).gaps == windows([up(0), down(10), up(20)]).gaps


def test_a_probe_that_hung_shows_no_moment() -> None:
    assert windows([up(0), down(10, None), down(20, None), up(30)]).gaps == (Gap(0, 2, 0, 31),)
    assert windows([up(0), down(10, 15), down(20, 1), down(40, 1), up(50)]).gaps == (Gap(0, 3, 19, 51),)
    assert windows([up(0), down(10, 15), down(11, 40), up(50)]).gaps == (Gap(0, 2, 0, 51),)


def test_what_never_came_back_has_no_upper_bound() -> None:
    found = windows([up(0), down(10), down(30)])
    assert found.gaps == (Gap(0, 2, 19, inf),)
    assert found.verdict(1_000)[0] is Verdict.UNVERIFIABLE
    assert found.verdict(18)[0] is Verdict.REFUTED


def test_what_was_never_there_begins_with_the_first_probe() -> None:
    assert windows([down(10), down(30), up(40)]).gaps == (Gap(10, 2, 19, 31),)


def test_nobody_looking_is_not_available() -> None:
    """Traffic that paused for longer than the limit may have missed an outage."""
    found = windows([up(0), up(10), up(200)])
    assert found.gaps == ()
    assert found.longest is None
    assert found.most_ns == 191
    assert found.verdict(190) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert found.verdict(191) == (Verdict.VERIFIED, None)
    assert found.outside == found.share == share_bounds(3, 3)


def test_no_probe_is_no_pass() -> None:
    found = windows([])
    assert found.verdict(10) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)
    assert (found.share, found.outside, found.longest) == (None, None, None)
    assert windows([up(0)]).verdict(10) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert windows([down(0)]).outside is None


def test_of_several_the_longest_is_named() -> None:
    found = windows([up(0), down(10), up(20), down(30), down(40), down(50), up(60), down(70), up(80)])
    assert [gap.failed for gap in found.gaps] == [1, 3, 1]
    assert found.longest == found.gaps[1]
    assert found.outside == share_bounds(4, 6)


@given(DRAWS, st.integers(0, 300), st.integers(0, 600))
@settings(max_examples=many(300))
def test_both_bounds_hold_the_truth(draw: random.Random, lasts: int, begins: int) -> None:
    """A service that is away once; each probe asks at one moment between its call and its return."""
    told = []
    for call in range(0, 1000, 10):
        returns = call + draw.randrange(30)
        asked = draw.uniform(call, returns)
        away = begins <= asked < begins + lasts
        told.append(down(call, returns - call) if away else up(call, returns - call))
    draw.shuffle(told)
    found = windows(told)
    for gap in found.gaps:
        assert gap.least_ns <= lasts
        assert gap.since_ns <= begins + lasts
    # the end of the probing hides the rest
    if begins + lasts < 960:
        assert found.most_ns >= lasts
        assert found.verdict(lasts)[0] is not Verdict.REFUTED
        assert found.verdict(lasts - 1)[0] is not Verdict.VERIFIED
