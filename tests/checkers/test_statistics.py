"""Binomial chances, percentile intervals, balance: exact where exactness can be had."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb, inf, nan
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers import balance, binomial, percentile
from pytest_distaudit.checkers.binomial import at_least, at_least_share, at_most, at_most_share, share_bounds
from pytest_distaudit.domain.verdict import Reason, Verdict
from tests.checkers.made import DRAWS
from tests.thorough import many

SHARES = st.fractions(0, 1, max_denominator=1000)


def exactly(successes: int, trials: int, share: Fraction) -> float:
    terms = (comb(trials, each) * share**each * (1 - share) ** (trials - each) for each in range(successes + 1))
    return float(sum(terms, Fraction(0)))


@given(st.integers(-1, 60), st.integers(0, 60), SHARES)
def test_chances_are_those_of_the_definition(successes: int, trials: int, share: Fraction) -> None:
    wanted = exactly(min(successes, trials), trials, share)
    assert at_most(successes, trials, float(share)) == pytest.approx(wanted, abs=1e-12)
    other = 1 - exactly(successes - 1, trials, share) if successes <= trials else 0
    assert at_least(successes, trials, float(share)) == pytest.approx(other, abs=1e-12)


def test_small_chances_keep_their_digits() -> None:
    """Three instances, 180 requests, one got none (behaviours, 1.3)."""
    assert at_most(0, 180, 1 / 3) == pytest.approx((2 / 3) ** 180, rel=1e-9, abs=0)
    assert at_least(600, 600, 0.5) == pytest.approx(0.5**600, rel=1e-9, abs=0)
    assert at_most(5, 180, 1 / 3) == pytest.approx(exactly(5, 180, Fraction(1, 3)), rel=1e-9, abs=0)
    assert at_most(50_000, 100_000, 0.5) == pytest.approx(0.5012615, abs=1e-6)


@pytest.mark.parametrize(("trials", "most"), [(60, 0.049), (100, 0.0295), (300, 0.0099), (600, 0.0050), (1000, 0.0030)])
def test_no_failure_among_so_many(trials: int, most: float) -> None:
    """One-sided 95 % (behaviours, 0.6)."""
    assert at_most_share(0, trials, 0.05) == pytest.approx(1 - 0.05 ** (1 / trials), rel=1e-9)
    assert at_most_share(0, trials, 0.05) == pytest.approx(most, rel=0.02)
    assert at_least_share(trials, trials, 0.05) == pytest.approx(0.05 ** (1 / trials), rel=1e-9)


def test_clopper_and_pearsons_own() -> None:
    """10 of 20, as in any table."""
    assert share_bounds(10, 20) == pytest.approx((0.27196, 0.72804), abs=1e-5)
    assert share_bounds(0, 10) == pytest.approx((0, 0.30850), abs=1e-5)
    assert share_bounds(10, 10) == pytest.approx((0.69150, 1), abs=1e-5)
    assert share_bounds(10, 20, 0.99)[0] < share_bounds(10, 20)[0]


@given(st.integers(1, 60), st.integers(0, 60), SHARES)
def test_intervals_leave_out_what_is_rare(trials: int, successes: int, share: Fraction) -> None:
    successes = min(successes, trials)
    low, high = share_bounds(successes, trials)
    inside = low < float(share) < high
    rare = min(at_most(successes, trials, float(share)), at_least(successes, trials, float(share))) <= 0.025
    assert inside is not rare or float(share) in (low, high) or share in (0, 1)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_errors(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        share_bounds(successes, trials)


@pytest.mark.parametrize(("trials", "share"), [(-1, 0.5), (5, -0.1), (5, 1.1)])
def test_impossible_chances_are_errors(trials: int, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        at_most(1, trials, share)


def test_a_chance_that_does_not_settle_is_an_error() -> None:
    with (
        patch.object(binomial, "_STEPS", 2),
        pytest.raises(ArithmeticError, match="the chance among 100 trials did not settle"),
    ):
        at_most(40, 100, 0.5)


@pytest.mark.parametrize(
    ("samples", "share", "wanted"),
    [(600, 0.95, (559, 581)), (1000, 0.99, (983, 997)), (3000, 0.99, (2959, 2981))],
)
def test_the_ranks_of_the_table(samples: int, share: float, wanted: tuple[int, int]) -> None:
    assert percentile.ranks(samples, share) == wanted


@pytest.mark.parametrize(("samples", "share"), [(299, 0.99), (2995, 0.999)])
def test_an_upper_bound_needs_so_many(samples: int, share: float) -> None:
    """One-sided 95 %, that is two-sided 90 %."""
    assert percentile.ranks(samples, share, 0.9)[1] == samples
    assert percentile.ranks(samples - 1, share, 0.9)[1] == samples
    assert percentile.interval([1.0] * samples, share, 0.9).high == 1
    assert percentile.interval([1.0] * (samples - 1), share, 0.9).high == inf


@given(st.integers(0, 60), SHARES.filter(lambda share: 0 < share < 1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_ranks_are_the_narrowest_that_keep_their_tails(samples: int, share: Fraction, confidence: float) -> None:
    low, high = percentile.ranks(samples, float(share), confidence)
    tail = (1 - confidence) / 2
    assert exactly(low - 1, samples, share) <= tail + 1e-12
    assert low > samples or exactly(low, samples, share) > tail - 1e-12
    assert 1 - exactly(high - 1, samples, share) <= tail + 1e-12
    assert high == 0 or 1 - exactly(high - 2, samples, share) > tail - 1e-12
    assert 0 <= low < high <= samples + 1


@given(st.integers(1, 99), st.sampled_from([1 / 400, 1 / 200, 1 / 40, 1 / 5]))
def test_the_fewest_that_bound_from_above(percent: int, tail: float) -> None:
    share = percent / 100
    fewest = percentile.least(share, tail)
    assert percentile.ranks(fewest, share, 1 - 2 * tail)[1] <= fewest
    assert fewest == 1 or percentile.ranks(fewest - 1, share, 1 - 2 * tail)[1] == fewest


def test_the_interval_holds_the_quantile_as_often_as_it_says() -> None:
    """Of uniform numbers, where the quantile is its own share; ties and order change nothing."""
    draw = random.Random(7)
    held = 0
    for _ in range(400):
        found = percentile.interval([draw.random() for _ in range(200)], 0.9)
        held += found.low <= 0.9 <= found.high
    assert held >= 0.95 * 400 - 3 * (400 * 0.05 * 0.95) ** 0.5


def test_a_limit_is_judged_by_the_whole_interval() -> None:
    found = percentile.interval([float(number) for number in range(1, 601)], 0.95)
    assert (found.low, found.high, found.ranks, found.samples) == (559, 581, (559, 581), 600)
    assert found.verdict(581) == (Verdict.VERIFIED, None)
    assert found.verdict(580.9) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert found.verdict(559) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert found.verdict(558.9) == (Verdict.REFUTED, None)


def test_what_never_answered_is_the_slowest() -> None:
    found = percentile.interval([0.1] * 500 + [inf] * 100, 0.95)
    assert found.verdict(60) == (Verdict.REFUTED, None)
    assert percentile.interval([0.1] * 595 + [inf] * 5, 0.95).verdict(0.1) == (Verdict.VERIFIED, None)


@pytest.mark.parametrize("samples", [0, 1, 10])
def test_too_few_say_nothing(samples: int) -> None:
    found = percentile.interval([1.0] * samples, 0.99)
    assert found.verdict(5) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
    assert found.high == inf
    assert percentile.interval([], 0.5).low == -inf


def test_impossible_percentiles_are_errors() -> None:
    for share, confidence in ((0, 0.95), (1, 0.95), (0.5, 0), (0.5, 1), (95, 0.95)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            percentile.ranks(10, share, confidence)
    with pytest.raises(ValueError, match="NaN"):
        percentile.interval([1.0, nan], 0.5)


THREE = {"a": 1.0, "b": 1.0, "c": 1.0}


def test_equal_shares_are_balanced() -> None:
    found = balance.check({"a": 60, "b": 60, "c": 60}, THREE)
    assert (found.verdict, found.reason, found.requests, found.strangers) == (Verdict.VERIFIED, None, 180, ())
    assert found.ratios == pytest.approx({"a": 1, "b": 1, "c": 1})
    assert found.chance == 1


def test_half_the_fair_share_is_tolerated() -> None:
    assert balance.check({"a": 30, "b": 75, "c": 75}, THREE).verdict is Verdict.VERIFIED
    found = balance.check({"a": 29, "b": 75, "c": 76}, THREE)
    assert (found.verdict, found.reason, found.least) == (
        Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS, "a",
    )  # fmt: skip
    assert found.chance == pytest.approx(3 * at_most(29, 180, 1 / 3))


@pytest.mark.parametrize("few", [0, 5, 12])
def test_a_share_that_is_surely_below_half_is_refuted(few: int) -> None:
    found = balance.check({"a": few, "b": 90 - few, "c": 90}, THREE)
    assert (found.verdict, found.reason, found.least) == (Verdict.REFUTED, None, "a")
    assert found.chance < 0.001


def test_an_instance_that_nobody_counted_got_none() -> None:
    found = balance.check({"a": 90, "b": 90}, THREE)
    assert (found.verdict, found.least, found.ratios["c"]) == (Verdict.REFUTED, "c", 0)
    assert found.chance == pytest.approx(3 * (2 / 3) ** 180, rel=1e-9, abs=0)
    assert balance.check({"a": 30, "b": 30}, THREE).verdict is Verdict.REFUTED


def test_two_instances_of_behaviours() -> None:
    """Of 120: 90/10 is caught, 70/30 is tolerated, 80/20 is in between."""
    two = {"a": 1.0, "b": 1.0}
    assert balance.check({"a": 108, "b": 12}, two).verdict is Verdict.REFUTED
    assert balance.check({"a": 96, "b": 24}, two).verdict is Verdict.UNVERIFIABLE
    assert balance.check({"a": 84, "b": 36}, two).verdict is Verdict.VERIFIED


def test_weights_are_the_documented_shares() -> None:
    canary = {"stable": 9.0, "canary": 1.0}
    assert balance.check({"stable": 270, "canary": 30}, canary).verdict is Verdict.VERIFIED
    assert balance.check({"stable": 150, "canary": 150}, canary).verdict is Verdict.VERIFIED
    assert balance.check({"stable": 30, "canary": 270}, canary).verdict is Verdict.REFUTED
    drained = {"a": 1.0, "b": 1.0, "old": 0.0}
    found = balance.check({"a": 50, "b": 50, "old": 3, "who": 1}, drained)
    assert (found.verdict, found.strangers) == (Verdict.VERIFIED, ("old", "who"))
    assert balance.check({"a": 50, "b": 50, "old": 0}, drained).strangers == ()


@pytest.mark.parametrize(("each", "verdict"), [(20, Verdict.VERIFIED), (19, Verdict.UNVERIFIABLE)])
def test_few_requests_verify_nothing(each: int, verdict: Verdict) -> None:
    """The one with the smallest share counts."""
    assert balance.check({"a": 9 * each, "b": each}, {"a": 9, "b": 1}).verdict is verdict
    assert balance.check({"a": each, "b": each}, {"a": 1, "b": 1}).verdict is verdict


def test_what_cannot_be_balanced() -> None:
    alone = balance.check({"a": 100}, {"a": 1.0, "b": 0.0})
    assert (alone.verdict, alone.reason) == (Verdict.UNVERIFIABLE, Reason.TOPOLOGY_TOO_SMALL)
    assert (alone.chance, alone.least) == (1, "")
    silent = balance.check({}, THREE)
    assert (silent.verdict, silent.reason, silent.requests) == (Verdict.UNVERIFIABLE, Reason.VACUOUS, 0)
    for counts, weights in (({"a": -1}, THREE), ({"a": 1}, {"a": -1.0, "b": 2.0}), ({"a": 1}, {"a": 0.0})):
        with pytest.raises(ValueError, match="weights"):
            balance.check(counts, weights)


@given(DRAWS, st.integers(2, 6))
@settings(max_examples=many(200))
def test_honest_chance_is_never_refuted_and_a_dead_instance_always(draw: random.Random, instances: int) -> None:
    names = [f"i{number}" for number in range(instances)]
    chosen = draw.choices(names, k=60 * instances)
    weights = dict.fromkeys(names, 1.0)
    assert balance.check({name: chosen.count(name) for name in names}, weights).verdict is not Verdict.REFUTED
    alive = draw.choices(names[1:], k=60 * instances)
    assert balance.check({name: alive.count(name) for name in names[1:]}, weights).verdict is Verdict.REFUTED


def test_false_alarms_are_as_rare_as_promised() -> None:
    """A share of just half the fair one is the hardest that is tolerated."""
    draw, refuted = random.Random(3), 0
    for _ in range(2000):
        few = sum(draw.random() < 0.25 for _ in range(120))
        refuted += balance.check({"a": few, "b": 120 - few}, {"a": 1, "b": 1}).verdict is Verdict.REFUTED
    assert refuted <= 2000 * 0.005 + 10


@pytest.mark.parametrize(
    ("count", "share", "wanted"),
    [(1, 0.95, 1), (20, 0.95, 19), (21, 0.95, 20), (100, 0.95, 95), (4, 0.5, 2), (5, 0.5, 3)],
)
def test_the_nearest_rank_is_one_that_was_measured(count: int, share: float, wanted: int) -> None:
    assert percentile.nearest([float(each) for each in range(count, 0, -1)], share) == wanted
    assert percentile.nearest(range(101)) == 95
