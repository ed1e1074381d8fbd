"""The judge of timeouts, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.observation import Observation

from .evidence import CHECKS, claim, evidence, judged
from .links import INJECTED, LATE, ROLES, UNDONE, WELL, Fate, breaking, seen, together, word


def ending(after: float) -> Callable[[float], Fate]:
    return lambda at: (after, False, [0.001]) if INJECTED <= at < UNDONE else WELL


def bounded(*looks: Observation, time: str = "0.5 s") -> tuple[str, str]:
    return word("timeout.bounds", *looks, time=time)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (0.5, "verified"),
        (0.41, "verified"),
        (1.05, "verified"),
        (1.2, "inconclusive-statistics"),
        (2.4, "inconclusive-statistics"),
        (2.6, "refuted"),
    ],
)
def test_calls_end_in_time_or_never(after, verdict):
    assert bounded(*seen(ending(after), rate=20))[0] == verdict


def test_early_answers_are_not_the_timeout_that_was_claimed():
    assert bounded(*seen(ending(0.3), rate=20)) == ("inconclusive-statistics", "neither in time nor never")


def test_who_answers_and_keeps_the_connection_is_refuted():
    assert bounded(*seen(ending(0.5), rate=20, closes=False)) == ("refuted", "connections are kept")


def test_a_call_that_tries_again_is_one_call():
    def fate(at: float) -> Fate:
        return (3.0, False, [0.001, 1.0, 2.0, 2.9]) if INJECTED <= at < UNDONE else WELL

    assert bounded(*seen(fate, rate=20)) == ("refuted", "calls do not end")


def test_calls_that_a_breaker_stopped_do_not_count():
    fates = breaking(opens=INJECTED + 1.0)
    looks = seen(lambda at: (0.5, *fates(at)[1:]) if fates(at) == LATE else fates(at))
    assert bounded(*looks)[0] == "verified"


def test_too_few_calls_decide_nothing():
    assert bounded(*seen(ending(0.5), rate=20), time="1.85 s")[0] == "inconclusive-statistics"


@pytest.mark.parametrize(
    ("time", "rate", "hold_s", "steady_s"), [("0.1 s", 10, 5.6, 3.5), ("0.5 s", 10, 6.0, 3.5), ("2 s", 2.5, 14.0, 14.0)]
)
def test_it_lasts_until_enough_calls_have_been_watched_for_three_times_the_limit(time, rate, hold_s, steady_s):
    (need,) = CHECKS["timeout.bounds"].needs(claim("timeout.bounds", time=time))
    assert (need.fault, need.role, need.caller) == (Fault.HALF_OPEN, "system", "caller")
    expected = Course(hold_s, 10.0, rate=rate, steady_s=steady_s, answer_s=hold_s, brief=True)
    assert need.course == expected


def test_calls_made_too_late_to_be_watched_do_not_count():
    def fate(at: float) -> Fate:
        if at > UNDONE - 2.4:
            return (9.0, False, [0.001])
        return ending(0.5)(at)

    assert bounded(*seen(fate, rate=20))[0] == "verified"


def test_the_slowest_of_several_operations_is_told():
    looks = together(ask=seen(ending(0.6), rate=20), other=seen(ending(0.5), rate=20, first=10_000))
    of = replace(claim("timeout.bounds", time="0.5 s"), operation="ask, other")
    told = judged(of, evidence(ROLES, *looks))
    assert (told.actual, told.because) == ("calls ended after 0.6 s", "claimed are 0.5 s")


def test_what_is_undecided_says_how_long_it_took():
    of = replace(claim("timeout.bounds", time="0.5 s"), operation="ask")
    told = judged(of, evidence(ROLES, *seen(ending(1.2), rate=20)))
    assert told.because.endswith("0 ended in time; half of them took 1.2 s or more"), told.because


# --- answers that drip, and connections that are refused


def refusing(took: float, *, ok: bool = False) -> Callable[[float], Fate]:
    return lambda at: (took, ok, []) if INJECTED <= at < UNDONE else WELL


@pytest.mark.parametrize(("after", "verdict"), [(0.5, "verified"), (2.6, "refuted"), (0.3, "inconclusive-statistics")])
def test_calls_whose_answer_drips_end_as_silent_ones_do(after, verdict):
    looks = seen(ending(after), "drip", rate=20)
    assert word("timeout.bounds", *looks, time="0.5 s", when="drips")[0] == verdict


@pytest.mark.parametrize(
    ("took", "verdict"),
    [(0.01, "verified"), (1.09, "verified"), (1.2, "inconclusive-statistics"), (2.6, "refuted")],
)
def test_refused_calls_may_end_at_once(took, verdict):
    looks = seen(refusing(took), "refuse", rate=20)
    assert word("timeout.bounds", *looks, time="0.5 s", when="refused")[0] == verdict


@pytest.mark.parametrize(("when", "fault"), [("drips", "drip"), ("refused", "refuse")])
def test_calls_that_succeed_all_the_same_show_nothing(when, fault):
    looks = seen(lambda at: (0.5, True, [0.001]), fault, rate=20)
    told = word("timeout.bounds", *looks, time="0.5 s", when=when)
    assert told == ("vacuous", "calls did not fail")


def test_every_way_has_to_be_bounded():
    both = *seen(ending(0.5), rate=20), *seen(refusing(2.6), "refuse", rate=20)
    assert word("timeout.bounds", *both, time="0.5 s", when="silent, refused") == ("refuted", "calls do not end")
    both = *seen(ending(1.2), rate=20), *seen(refusing(2.6), "refuse", rate=20)
    assert word("timeout.bounds", *both, time="0.5 s", when="silent, refused")[0] == "refuted"
    both = *seen(ending(0.5), rate=20), *seen(refusing(0.01), "refuse", rate=20)
    told = word("timeout.bounds", *both, time="0.5 s", when="silent, refused")
    assert told == ("verified", "calls ended after 0.5 s")


def test_the_words_of_when():
    assert word("timeout.bounds", time="0.5 s", when="slow") == ("ambiguous-claim", "when: slow")
    needs = CHECKS["timeout.bounds"].needs(claim("timeout.bounds", time="2 s", when="drips, silent, refused, drips"))
    told = [(one.fault, one.course.drip_s) for one in needs]
    assert told == [(Fault.DRIP, 0.5), (Fault.HALF_OPEN, 0.0), (Fault.REFUSE, 0.0)]


def test_the_shortest_drip_serves_all():
    slow, fast, silent = Course(1.0, 1.0, drip_s=0.5), Course(1.0, 1.0, drip_s=0.1), Course(1.0, 1.0)
    assert [slow.joined(fast).drip_s, silent.joined(slow).drip_s, silent.joined(silent).drip_s] == [0.1, 0.5, 0.0]
