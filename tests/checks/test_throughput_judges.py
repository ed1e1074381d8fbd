"""The judge of observed throughput, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.needs import Look, Rest
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

from .evidence import CHECKS, ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("broker",)}
LOADED = {"published": 10**6}


def of(rate=">= 50/s", **params):
    return claim("throughput.observed", rate=rate, **params)


def watched(moved, *, since=LOADED, at=100.0, seconds=5.0, lag=0.0, asked=5, unseen="", identities=("one", "one")):
    """Looks before and after a rest, in which so much moved."""
    after = {name: since.get(name, 0) + moved.get(name, 0) for name in {**since, **moved}}
    ended = at + seconds
    return (
        fact("broker", Work(since, unseen=unseen), at=at - 0.05, identity=identities[0]),
        fact("broker", Work(after, unseen=unseen), at=ended + 0.05, identity=identities[1]),
        fact("", Resting(at - 0.1, at, ended, ended + 0.1, {"broker": lag}), at=at, seconds=asked),
    )


def verdict(*seen, **params):
    answer = judge(of(**params), CHECKS["throughput.observed"], evidence(ROLES, *seen))
    if isinstance(answer, NeedMore):
        return answer
    return answer.reason or answer.verdict.value


def told(moved, rate=">= 50/s", work="*", over="5 s", **more):
    answer = verdict(*watched(moved, **more), rate=rate, work=work, over=over)
    return None if isinstance(answer, NeedMore) else answer


def test_two_readings_around_a_rest_are_asked_for():
    assert ask_of(of()) == Work.ask()
    assert CHECKS["throughput.observed"].needs(of(over="30 s")) == (Rest((Look("system", Work.ask()),), 30.0),)
    longer = verdict(*watched({"published": 250}))
    assert longer == NeedMore((Rest((Look("system", Work.ask()),), 20.0),))


@pytest.mark.parametrize(
    ("many", "rate", "word"),
    [
        (400, ">= 50/s", "verified"),
        (400, "> 50/s", "verified"),
        (150, ">= 50/s", "refuted"),
        (250, ">= 50/s", None),
        (150, "<= 50/s", "verified"),
        (400, "<= 50/s", "refuted"),
        (400, ">= 3000/min", "verified"),
        (0, ">= 50/s", "refuted"),
        (0, ">= 1/s", None),
        (0, "<= 50/s", Reason.VACUOUS),
        (0, ">= 0/s", Reason.VACUOUS),
        (1, ">= 0/s", "verified"),
        (250, "50/s", Reason.AMBIGUOUS_CLAIM),
        (250, "!= 50/s", Reason.AMBIGUOUS_CLAIM),
        (250, ">= 50", Reason.AMBIGUOUS_CLAIM),
    ],
)
def test_the_rate(many, rate, word):
    assert told({"published": many}, rate) == word


@pytest.mark.parametrize("over", [">= 5 s", "0 s"])
def test_no_length_of_time(over):
    assert told({"published": 400}, over=over) == Reason.AMBIGUOUS_CLAIM


@pytest.mark.parametrize(
    ("span", "word"),
    [(Span.HOLDS_FOR, Reason.AMBIGUOUS_CLAIM), (Span.NEVER_FOR, Reason.AMBIGUOUS_CLAIM), (Span.WITHIN, None)],
)
def test_what_is_watched_once_cannot_hold_for_long(span, word):
    timed = replace(of(), timing=Timing(span, 9.0))
    assert judged(timed, evidence(ROLES, *watched({"published": 400}))).reason == word


def test_how_far_counts_lag_makes_it_less_certain():
    assert told({"published": 400}, lag=0.5) == "verified"
    assert told({"published": 400}, lag=2.0) is None
    assert told({"published": 150}, lag=0.5) == "refuted"
    assert told({"published": 150}, lag=2.0) is None


def test_how_long_looks_take_makes_it_less_certain():
    before, after, rest = watched({"published": 305}, since={})
    assert verdict(before, after, rest) == NeedMore((Rest((Look("system", Work.ask()),), 20.0),))
    quick = Resting(100.0, 100.0, 105.0, 105.0, {})
    looks = replace(before, at=100.0), replace(after, at=105.0)
    assert verdict(*looks, fact("", quick, at=100.0, seconds=5)) == "verified"


# --- sorts of work


def test_counts_that_may_tell_of_one_piece_of_work():
    three = {"published": 200, "delivered": 200, "acknowledged": 200}
    assert told(three) == Reason.AMBIGUOUS_CLAIM
    assert told(three, "<= 50/s") == Reason.AMBIGUOUS_CLAIM
    assert told(three, ">= 25/s") == "verified"
    assert told(three, ">= 200/s") == "refuted"
    assert told(three, work="published") == "refuted"
    assert told(three, ">= 40/s", work="published") is None
    assert told(three, ">= 60/s", work="published") == "refuted"
    assert told(three, ">= 60/s", work="*ed") == Reason.AMBIGUOUS_CLAIM
    judgement = judged(of(), evidence(ROLES, *watched(three)))
    assert judgement.actual == "40/s to 120/s"


def test_where_one_sort_is_open_more_time_is_asked_for():
    assert told({"published": 190, "delivered": 60}) is None
    assert told({"published": 250, "delivered": 400}) == "verified"
    assert told({"published": 250, "delivered": 30}) is None


def test_a_sort_that_nobody_counts():
    assert told({"published": 400}, work="orders") == Reason.NO_OBSERVABLE
    assert told({}, since={}, work="orders") == "refuted"
    assert told({"a[1]": 400}, since={}, work="a[1]") == "verified"


@pytest.mark.parametrize(
    ("many", "rate", "word"),
    [
        (400, ">= 50/s", "verified"),
        (150, ">= 50/s", Reason.NO_OBSERVABLE),
        (150, "<= 50/s", Reason.NO_OBSERVABLE),
        (400, "<= 50/s", "refuted"),
    ],
)
def test_what_is_not_seen_may_be_more(many, rate, word):
    assert told({"published": many}, rate, unseen="messages that nobody counts") == word


# --- what cannot be subtracted


def test_one_process_counts_on():
    enough = {"published": 400}
    assert told(enough, identities=("one", "another")) == Reason.INCONCLUSIVE_STATISTICS
    assert told(enough, identities=("", "")) == Reason.NO_OBSERVABLE
    assert told({**enough, "other": -1}) == Reason.INCONCLUSIVE_STATISTICS
    assert told({**enough, "other": -1}, work="published") == "verified"


def test_both_ends_have_to_be_seen():
    before, after, rest = watched({"published": 400})
    assert verdict(before, rest) == Reason.INCONCLUSIVE_STATISTICS
    assert verdict(after, rest) == Reason.INCONCLUSIVE_STATISTICS
    assert verdict(before, failure("broker", Work, Reason.FORBIDDEN), rest) == Reason.FORBIDDEN
    stray = fact("broker", Work({"published": 0}), at=103.0)
    assert verdict(before, stray, after, rest) == Reason.INCONCLUSIVE_STATISTICS
    assert verdict(stray, after, rest) == Reason.INCONCLUSIVE_STATISTICS
    steady = fact("broker", Work({"published": 10**6 + 200}), at=103.0)
    assert verdict(before, steady, after, rest) == "verified"
    assert verdict(before, replace(steady, identity="another"), after, rest) == Reason.INCONCLUSIVE_STATISTICS
    earlier = fact("broker", Work({"published": 0}), at=50.0)
    later = fact("broker", Work({"published": 10**9}), at=200.0)
    assert verdict(earlier, rest, after) == Reason.INCONCLUSIVE_STATISTICS
    assert verdict(earlier, before, after, later, rest) == "verified"
    assert verdict(earlier, *watched({"published": 150}), later, rate=">= 50/s") == "refuted"


# --- twice


def test_the_longer_rest_decides():
    first = watched({"published": 250})
    assert verdict(*first, *watched({"published": 1000}, at=200.0, seconds=20.0, asked=20)) == (
        Reason.INCONCLUSIVE_STATISTICS
    )
    assert verdict(*first, *watched({"published": 1300}, at=200.0, seconds=20.0, asked=20)) == "verified"
    assert verdict(*first, *watched({"published": 700}, at=200.0, seconds=20.0, asked=20)) == "refuted"


def test_the_answer_in_words():
    judgement = judged(of(), evidence(ROLES, *watched({"published": 400, "idle": 0})))
    assert judgement.actual == "80/s"
    assert judgement.because == "published 400 in 5.0 s, so that it is 66.6 to 91.9/s"
    judgement = judged(of(), evidence(ROLES, *watched({})))
    assert judgement.actual == "0/s"
    assert judgement.because == (
        "nothing in 5.0 s, so that it is 0 to 1.2/s; this is what is asked of it, not what it could do"
    )


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 400))
def test_limits_from_below_and_from_above_never_agree(one, other, limit):
    moved = {"published": one, "delivered": other}
    words = {told(moved, f">= {limit}/s"), told(moved, f"< {limit}/s")}
    assert words in ({"verified", "refuted"}, {None}, {Reason.AMBIGUOUS_CLAIM}, {"refuted", Reason.VACUOUS})
