"""Limits of a mean by one count: their coverage is exact, and they are the closest."""

from __future__ import annotations

from functools import cache
from math import exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checks._poisson import means

LEVELS = st.sampled_from([1 / 400, 1 / 40, 1 / 5])


#: of few events and levels, again and again
limits = cache(means)


def chance(events: int, mean: float) -> float:
    return exp(events * log(mean) - mean - lgamma(events + 1))


def at_most(events: int, mean: float) -> float:
    return sum(chance(one, mean) for one in range(events + 1))


@given(st.integers(0, 400), LEVELS)
def test_beyond_the_limits_so_many_events_would_be_rare(events, level):
    least, most = means(events, level)
    assert least <= events <= most
    assert at_most(events, most) == pytest.approx(level, rel=1e-6)
    assert least == 0 if events == 0 else 1 - at_most(events - 1, least) == pytest.approx(level, rel=1e-6)


@given(st.floats(0.05, 60), LEVELS)
def test_the_mean_lies_between_the_limits_as_often_as_is_said(mean, level):
    below = above = 0.0
    for events in range(250):
        least, most = limits(events, level)
        below += chance(events, mean) * (mean < least)
        above += chance(events, mean) * (mean > most)
    assert below <= level + 1e-9
    assert above <= level + 1e-9


@given(st.integers(0, 10**5), LEVELS)
def test_more_events_more_of_them(events, level):
    assert all(one < other for one, other in zip(means(events, level), means(events + 1, level), strict=True))


def test_known_limits():
    """Garwood's table, 95 %."""
    assert means(0, 0.025) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert means(10, 0.025) == (pytest.approx(4.795, abs=1e-3), pytest.approx(18.39, abs=1e-2))
    assert means(50, 0.025) == (pytest.approx(37.11, abs=1e-2), pytest.approx(65.92, abs=1e-2))
