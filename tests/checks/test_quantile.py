"""Ranks that bound a quantile: their coverage is exact, and no other ranks would be closer."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checks._quantile import least, ranks

MANY = st.integers(1, 250)
PERCENT = st.integers(1, 99)
LEVELS = st.sampled_from([1 / 400, 1 / 200, 1 / 40, 1 / 5])


def at_most(few: int, among: int, share: Fraction) -> Fraction:
    """How often at most ``few`` of ``among`` independent values lie below, exactly."""
    return sum(
        (comb(among, one) * share**one * (1 - share) ** (among - one) for one in range(few + 1)), start=Fraction(0)
    )


#: what floating point may be off by
SLACK = Fraction(1, 10**9)


@given(MANY, PERCENT, LEVELS)
def test_either_rank_is_wrong_as_seldom_as_is_said_and_no_closer_one_is(many, percent, level):
    share, allowed = Fraction(percent, 100), Fraction(level)
    first, last = ranks(many, percent / 100, level)
    lowest = 0 if first is None else first
    # below the first rank lie fewer than so many: then it is above the quantile
    assert first is None or at_most(first - 1, many, share) <= allowed + SLACK
    assert lowest == many or at_most(lowest, many, share) > allowed - SLACK
    highest = many + 1 if last is None else last
    assert last is None or 1 - at_most(last - 1, many, share) <= allowed + SLACK
    assert highest == 1 or 1 - at_most(highest - 2, many, share) > allowed - SLACK
    assert first is None or last is None or first <= last


@given(PERCENT, LEVELS)
def test_the_fewest_that_bound_from_above(percent, level):
    share = percent / 100
    fewest = least(share, level)
    assert ranks(fewest, share, level)[1] is not None
    assert fewest == 1 or ranks(fewest - 1, share, level)[1] is None


@given(MANY, PERCENT, st.sampled_from([1 / 400, 1 / 40]))
def test_what_is_turned_round_is_bounded_alike(many, percent, level):
    first, last = ranks(many, percent / 100, level)
    turned = ranks(many, 1 - percent / 100, level)
    assert turned == (last and many + 1 - last, first and many + 1 - first)


def test_known_ranks():
    """By the tables of exact intervals: 95 % for p95 of 600 and p99 of 1000 and 3000."""
    assert ranks(600, 0.95, 0.025) == (559, 581)
    assert ranks(1000, 0.99, 0.025) == (983, 997)
    assert ranks(3000, 0.99, 0.025) == (2959, 2981)
    assert least(0.95, 0.05) == 59
    assert least(0.99, 0.05) == 299


def lumps(lot: random.Random) -> float:
    """Mostly one value, now and then another: nothing is smooth about it."""
    return lot.choice([1.0] * 18 + [5.0, 9.0])


@pytest.mark.parametrize(("draw", "quantile"), [(lambda lot: lot.expovariate(1.0), 2.302585), (lumps, 1.0)])
def test_of_many_measurements_few_are_wrong(draw, quantile):
    """The 90th percentile of a skew distribution and of a lumpy one, 1000 times."""
    lot, wrong = random.Random(7), 0
    first, last = ranks(200, 0.9, 1 / 100)
    assert first is not None
    assert last is not None
    for _ in range(1000):
        values = sorted(draw(lot) for _ in range(200))
        wrong += not values[first - 1] <= quantile <= values[last - 1]
    assert wrong <= 40
