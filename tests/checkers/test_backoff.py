"""Eleven generators of retries, each told by its arrivals alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers.backoff import Backoff, Jitter, Schedule, check
from pytest_distaudit.domain.verdict import Reason
from tests.thorough import many

BASE_S, NOISE_S = 0.100, 0.004
#: the gap before retry ``number``, from 0; ``before`` is the last one
Rule = Callable[[random.Random, int, float], float]

RULES: dict[str, tuple[Rule, Schedule, Jitter | None]] = {
    "constant": (lambda draw, number, before: BASE_S, Schedule.CONSTANT, Jitter.UNKNOWN),
    "constant +/- 50 %": (
        lambda draw, number, before: BASE_S * draw.uniform(0.5, 1.5), Schedule.CONSTANT, Jitter.PRESENT),
    "linear": (lambda draw, number, before: BASE_S * (number + 1), Schedule.LINEAR, Jitter.ABSENT),
    "linear from afar": (lambda draw, number, before: BASE_S * (3 + 2 * number), Schedule.LINEAR, Jitter.ABSENT),
    "doubling": (lambda draw, number, before: BASE_S * 2**number, Schedule.EXPONENTIAL, Jitter.ABSENT),
    "x 1.5": (lambda draw, number, before: BASE_S * 1.5**number, Schedule.EXPONENTIAL, Jitter.ABSENT),
    "doubling +/- 10 %": (
        lambda draw, number, before: BASE_S * 2**number * draw.uniform(0.9, 1.1), Schedule.EXPONENTIAL, None),
    "equal jitter": (
        lambda draw, number, before: BASE_S * 2**number * draw.uniform(0.5, 1), Schedule.GROWING, Jitter.PRESENT),
    "x 1.5 +/- 50 %": (
        lambda draw, number, before: BASE_S * 1.5**number * draw.uniform(0.5, 1.5), Schedule.GROWING, Jitter.PRESENT),
    "full jitter": (
        lambda draw, number, before: BASE_S * 2**number * draw.random(), Schedule.GROWING, Jitter.PRESENT),
    "decorrelated": (
        lambda draw, number, before: draw.uniform(BASE_S, 3 * (before or BASE_S)), Schedule.GROWING, Jitter.PRESENT),
}  # fmt: skip


def sequences(rule: Rule, draw: random.Random, *, requests: int = 20, gaps: int = 5) -> list[list[float]]:
    return [list(_gaps(rule, draw, gaps)) for _ in range(requests)]


def _gaps(rule: Rule, draw: random.Random, gaps: int) -> Iterator[float]:
    before = 0.0
    for number in range(gaps):
        before = rule(draw, number, before)
        yield max(0.0001, before + draw.gauss(0, NOISE_S))


@pytest.mark.parametrize("gaps", [4, 5, 6])
@pytest.mark.parametrize("name", RULES)
def test_each_generator_is_told_right(name: str, gaps: int) -> None:
    rule, schedule, jitter = RULES[name]
    for seed in range(30):
        found = check(sequences(rule, random.Random(seed), gaps=gaps), noise=NOISE_S / BASE_S)
        assert (found.schedule, found.reason) == (schedule, None), (seed, found)
        assert found.attempts == gaps + 1
        assert found.amplification == 1
        # the noise of 4 ms is 4 % of constant gaps: no jitter of the schedule
        if jitter is not None:
            assert found.jitter in {jitter, Jitter.ABSENT if jitter is Jitter.UNKNOWN else jitter}, (seed, found)


def test_the_ratio_is_told() -> None:
    for name, ratio, within in (
        ("doubling", 2, 0.02),
        ("x 1.5", 1.5, 0.02),
        ("equal jitter", 2, 0.3),
        ("constant", 1, 0.02),
    ):
        found = check(sequences(RULES[name][0], random.Random(1)))
        assert found.ratio == pytest.approx(ratio, abs=within)
        assert found.capped_s is None
    found = check(sequences(RULES["doubling"][0], random.Random(1)))
    assert found.gaps_s == pytest.approx((0.1, 0.2, 0.4, 0.8, 1.6), rel=0.05)
    assert found.spread is not None
    assert found.spread < 0.05


CAPPED: dict[str, tuple[Rule, int, Schedule]] = {
    "doubling": (lambda draw, number, before: min(0.8, BASE_S * 2**number), 6, Schedule.GROWING),
    "doubling, seen long": (lambda draw, number, before: min(1.6, BASE_S * 2**number), 8, Schedule.EXPONENTIAL),
    "cut short": (lambda draw, number, before: min(1.0, BASE_S * 2**number), 8, Schedule.EXPONENTIAL),
    "equal jitter": (
        lambda draw, number, before: min(0.8, BASE_S * 2**number) * draw.uniform(0.5, 1), 9, Schedule.GROWING),
    "full jitter": (lambda draw, number, before: min(0.8, BASE_S * 2**number) * draw.random(), 9, Schedule.GROWING),
    "linear": (lambda draw, number, before: min(0.5, BASE_S * (number + 1)), 7, Schedule.LINEAR),
}  # fmt: skip


@pytest.mark.parametrize("name", CAPPED)
def test_what_is_capped_grows_until_then(name: str) -> None:
    rule, gaps, schedule = CAPPED[name]
    for seed in range(20):
        found = check(sequences(rule, random.Random(seed), gaps=gaps))
        assert found.schedule is schedule, (seed, found)
        if "jitter" not in name:
            assert found.capped_s == pytest.approx(rule(random.Random(), gaps - 1, 0), rel=0.02)


def test_a_cap_is_seen_through_jitter() -> None:
    rule, gaps, _ = CAPPED["equal jitter"]
    seen = [check(sequences(rule, random.Random(seed), gaps=gaps)).capped_s for seed in range(40)]
    capped = [each for each in seen if each is not None]
    assert len(capped) > 20
    assert capped == pytest.approx([0.75 * 0.8] * len(capped), rel=0.2)


@pytest.mark.parametrize("name", ["constant", "constant +/- 50 %"])
def test_constant_is_no_cap(name: str) -> None:
    for seed in range(60):
        found = check(sequences(RULES[name][0], random.Random(seed), gaps=9))
        assert (found.schedule, found.capped_s) == (Schedule.CONSTANT, None), seed


@pytest.mark.parametrize(
    ("gaps", "capped"),
    [
        # two are enough where nothing is jittered, and a tenth is no difference
        ((0.1, 0.2, 0.4, 0.8, 0.8), 0.8),
        ((1.0, 2.0, 4.5, 9.0, 10.0), 9.5),
        ((1.0, 2.0, 4.5, 8.9, 10.0), None),
        # a cap that is hardly higher than the first gap is none
        ((11.0, 20.0, 20.0), 20.0),
        ((11.1, 20.0, 20.0), None),
        ((1.0, 1.3, 1.3, 1.3), None),
        # what comes before has to grow by itself
        ((1.0, 1.25, 2.0, 2.0), 2.0),
        ((1.0, 1.15, 2.0, 2.0), None),
    ],
)
def test_a_cap_is_two_equal_gaps_after_growth(gaps: tuple[float, ...], capped: float | None) -> None:
    assert check([gaps] * 10).capped_s == capped


#: eleven whole numbers each, of which mean and standard deviation are whole, too
EXACT = {
    0.03: [100 + off for off in (-6, 6, -3, 3, *[0] * 7)],
    0.10: [20 + off for off in (-4, 4, -2, 2, *[0] * 7)],
    0.35: [20 + off for off in (-7, -7, -6, -5, -3, -1, 0, 0, 5, 10, 14)],
}


def exactly(spread: float, *factors: int) -> list[list[float]]:
    """Gaps that spread by so much, with no rounding: factors are powers of two."""
    return [[each * factor / 64 for factor in factors] for each in EXACT[spread]]


def test_spreads_at_their_limits() -> None:
    little, some, much = (check(exactly(spread, 1, 2, 4, 8)) for spread in EXACT)
    assert [each.spread for each in (little, some, much)] == list(EXACT)
    assert (little.jitter, some.jitter) == (Jitter.ABSENT, Jitter.PRESENT)
    assert (little.schedule, some.schedule) == (Schedule.EXPONENTIAL, Schedule.GROWING)
    # the median up to here, the mean from here
    assert much.gaps_s[0] == 19 / 64
    # with jitter three have to agree
    assert check(exactly(0.10, 1, 2, 4, 8, 8)).capped_s is None
    assert check(exactly(0.10, 1, 2, 4, 8, 8, 8)).capped_s == 20 * 8 / 64
    assert check(exactly(0.03, 1, 2, 4, 8, 8)).capped_s == 100 * 8 / 64


@pytest.mark.parametrize(
    ("gaps", "schedule"),
    [
        # what a line leaves is told in shares of each gap: a first one that is off weighs most
        ((0.5, 2.0, 3.5, 6.0), Schedule.LINEAR),
        ((2.0, 3.5, 4.5, 5.5), Schedule.LINEAR),
        ((0.5, 1.5, 3.0, 5.0, 6.0), Schedule.LINEAR),
        ((0.5, 0.9, 2.2, 3.6), Schedule.EXPONENTIAL),
        # the line that fits best begins below nothing
        ((10.0, 1.0, 5.0, 50.0), Schedule.EXPONENTIAL),
    ],
)
def test_a_line_is_told_from_doubling_by_shares_of_each_gap(gaps: tuple[float, ...], schedule: Schedule) -> None:
    assert check([gaps] * 10).schedule is schedule


@pytest.mark.parametrize("gaps", [4, 6])
def test_jitter_alone_is_never_growth(gaps: int) -> None:
    """Full jitter over one range: the widest that could look like growth."""
    told = [
        check(sequences(lambda draw, number, before: draw.random(), random.Random(seed), gaps=gaps)).schedule
        for seed in range(150)
    ]
    assert set(told) <= {Schedule.CONSTANT, Schedule.UNKNOWN}
    assert told.count(Schedule.CONSTANT) > 145


def test_growth_that_jitter_might_show_is_unknown() -> None:
    """The same means: with much jitter four of its errors are wanted, with little none."""
    gaps = [0.1, 0.125, 0.15, 0.18]
    for spread, schedule in ((0.6, Schedule.UNKNOWN), (0.5, Schedule.UNKNOWN), (0.2, Schedule.GROWING)):
        told = [[gap * (1 + sign * spread) for gap in gaps] for sign in (1, -1)] * 10
        assert check(told).schedule is schedule


def test_no_arrival_more_is_no_retry() -> None:
    assert check([[]] * 10) == Backoff(Schedule.NONE, None, Jitter.UNKNOWN, None, None, (), None, 1, 1.0)


def test_retries_at_once_are_no_backoff() -> None:
    found = check([[0.001, 0.002, 0.001]] * 10)
    assert (found.schedule, found.attempts) == (Schedule.IMMEDIATE, 4)
    assert check([[0.0, 0.0]] * 10).schedule is Schedule.IMMEDIATE
    assert check([[0.021, 0.020, 0.020]] * 10).schedule is Schedule.CONSTANT
    # sixteen twentieths have a mean of exactly one
    assert check([[0.020, 0.020]] * 16).schedule is Schedule.CONSTANT


@pytest.mark.parametrize(("requests", "schedule"), [(0, "unknown"), (9, "unknown"), (10, "exponential")])
def test_few_requests_name_no_schedule(requests: int, schedule: str) -> None:
    found = check([[0.1, 0.2, 0.4, 0.8]] * requests)
    assert found.schedule.value == schedule
    assert found.reason is (Reason.INCONCLUSIVE_STATISTICS if schedule == "unknown" else None)
    assert found.attempts == (5 if requests else 0)


@pytest.mark.parametrize("gaps", [2, 3])
def test_few_gaps_show_growth_alone(gaps: int) -> None:
    for name, wanted in (
        ("doubling", Schedule.GROWING),
        ("x 1.5", Schedule.GROWING),
        ("linear", Schedule.GROWING),
        ("constant", Schedule.CONSTANT),
    ):
        assert check(sequences(RULES[name][0], random.Random(1), gaps=gaps)).schedule is wanted
    slow = check([[0.1 * 1.25**number for number in range(gaps)]] * 10)
    assert (slow.schedule, slow.reason) == (Schedule.UNKNOWN, Reason.INCONCLUSIVE_STATISTICS)


def test_one_gap_shows_no_growth() -> None:
    found = check([[0.1]] * 20)
    assert (found.schedule, found.reason, found.attempts) == (Schedule.UNKNOWN, Reason.INCONCLUSIVE_STATISTICS, 2)


def test_as_many_gaps_count_as_enough_requests_have() -> None:
    """Nine requests that gave up early leave ten that tell; nineteen leave none."""
    whole = [0.1, 0.2, 0.4, 0.8]
    assert check([whole] * 10 + [[0.1]] * 9).schedule is Schedule.EXPONENTIAL
    assert check([whole] * 9 + [[0.1, 0.2]] * 9).schedule is Schedule.GROWING
    assert check([whole] * 9 + [[]] * 9).schedule is Schedule.UNKNOWN


def test_nested_retries_are_told_by_their_bursts() -> None:
    """Three quick arrivals for each of five attempts."""
    gaps = [0.002, 0.002, 0.1, 0.002, 0.002, 0.2, 0.002, 0.002, 0.4, 0.002, 0.002, 0.8, 0.002, 0.002]
    found = check([gaps] * 10)
    assert (found.schedule, found.gaps_s, found.attempts) == (Schedule.EXPONENTIAL, (0.1, 0.2, 0.4, 0.8), 15)
    assert found.amplification > 3


@pytest.mark.parametrize("factor", [1.3, 3, 4, 10])
def test_steep_growth_is_exponential(factor: float) -> None:
    found = check([[0.1 * factor**number for number in range(5)]] * 10)
    assert (found.schedule, found.ratio) == (Schedule.EXPONENTIAL, pytest.approx(factor))


def test_a_first_gap_of_nothing_has_no_ratio() -> None:
    found = check([[0.0, 0.1, 0.2, 0.4]] * 10)
    assert (found.schedule, found.ratio, found.reason) == (Schedule.UNKNOWN, None, Reason.INCONCLUSIVE_STATISTICS)
    assert check([[0.0, 0.1, 0.4, 0.4]] * 10).capped_s is None


def test_a_schedule_may_begin_small() -> None:
    found = check([[0.005, 0.01, 0.02, 0.04, 0.08, 0.16]] * 10)
    assert (found.schedule, found.amplification, len(found.gaps_s)) == (Schedule.EXPONENTIAL, 1, 6)


@pytest.mark.parametrize(
    ("spread", "noise", "jitter"),
    [(0.0, 0.0, "absent"), (0.02, 0.0, "absent"), (0.06, 0.0, "unknown"), (0.06, 0.02, "unknown"),
     (0.06, 0.04, "absent"), (0.13, 0.0, "present"), (0.13, 0.1, "present")],
)  # fmt: skip
def test_jitter_is_what_noise_does_not_explain(spread: float, noise: float, jitter: str) -> None:
    """Half of the requests are so much slower than the mean, half so much faster."""
    gaps = [0.1, 0.2, 0.4, 0.8]
    told = [[gap * (1 + sign * spread) for gap in gaps] for sign in (1, -1)] * 10
    found = check(told, noise=noise) if noise else check(told)
    assert found.jitter.value == jitter
    assert found.schedule is (Schedule.GROWING if jitter == "present" else Schedule.EXPONENTIAL)


#: the gaps of one request that grow more or less, each late or early by a share
_growing = st.builds(
    lambda first, factor, shares: [first * factor**number * share for number, share in enumerate(shares)],
    st.floats(0.01, 2), st.floats(1, 3), st.lists(st.floats(0.8, 1.2), min_size=2, max_size=8),
)  # fmt: skip


@given(
    st.one_of(
        st.lists(st.lists(st.floats(0, 100), max_size=8), max_size=25),
        _growing.flatmap(lambda gaps: st.lists(st.just(gaps), min_size=10, max_size=25)),
    ),
    st.floats(0, 1),
)
@settings(max_examples=many(300))
def test_whatever_arrives_is_told_something(gaps: list[list[float]], noise: float) -> None:
    found = check(gaps, noise=noise)
    assert (found.reason is not None) is (found.schedule is Schedule.UNKNOWN)
    if found.schedule in (Schedule.EXPONENTIAL, Schedule.LINEAR, Schedule.GROWING):
        assert found.ratio is not None
        assert found.ratio >= 1.2
