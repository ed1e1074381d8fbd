"""The judge of how long look-ups take, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checkers.percentile import least
from pytest_distaudit.checks._exchange import LEVEL
from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.discovery import LookupTimes
from pytest_distaudit.ports.registrations import Instance, RegisteredService, Registry

from .evidence import CHECKS, ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("registry",)}
HELD = fact("registry", Registry((RegisteredService("Worker", ()),)))
FEWEST = least(0.95, LEVEL)
QUICK, SLOW = 0.001, 0.02


def times(quick, slow=0, control=QUICK, controls=None, at=1.0, asked=FEWEST, **more):
    took = (QUICK,) * quick + (SLOW,) * slow
    controls = (control,) * (quick + slow) if controls is None else controls
    return fact("registry", LookupTimes("worker", took, controls, 3.0, **more), at=at, service="worker", times=asked)


def more(*seen, **params):
    answer = judge(of(**params), CHECKS["discovery.latency"], evidence(ROLES, *seen))
    assert isinstance(answer, NeedMore), answer
    return answer.needs


def of(time="< 10 ms", **params):
    return claim("discovery.latency", service="worker", time=time, **params)


def told(*seen, **params):
    judgement = judged(of(**params), evidence(ROLES, HELD, *seen))
    return judgement.reason or judgement.verdict.value


def look(many):
    return (Look("system", LookupTimes.ask(service="worker", times=many)),)


# --- what is asked for


def test_the_registry_comes_first():
    assert ask_of(of()) == Registry.ask()
    judgement = judged(of(), evidence(ROLES, fact("registry", Registry((RegisteredService("work", ()),)))))
    assert (judgement.verdict.value, judgement.actual, judgement.conclusive) == ("refuted", "no service worker", False)


def test_as_many_look_ups_are_asked_for_as_can_do():
    assert FEWEST == 117
    assert more(HELD) == look(117)
    assert more(HELD, share="99 %") == look(597)
    assert more(failure("registry", Registry, Reason.FORBIDDEN)) == look(117)
    assert more(HELD, times(110, 7)) == look(585)


# --- by ranks


@pytest.mark.parametrize(
    ("quick", "slow", "word"),
    [
        (117, 0, "verified"),
        (0, 117, "refuted"),
        (0, 3, "refuted"),
        (0, 2, None),
        (103, 14, "refuted"),
        (104, 13, None),
        (116, 1, None),
        (116, 0, None),
        (1, 0, None),
    ],
)
def test_few_look_ups(quick, slow, word):
    seen = times(quick, slow)
    assert more(HELD, seen) if word is None else told(seen) == word


@pytest.mark.parametrize(
    ("slow", "word"),
    [(15, "verified"), (20, Reason.INCONCLUSIVE_STATISTICS), (51, Reason.INCONCLUSIVE_STATISTICS), (54, "refuted")],
)
def test_both_tries_count_together(slow, word):
    assert told(times(117), times(585 - slow, slow, at=2.0, asked=585)) == word


def test_an_average_below_the_limit_is_nothing():
    seen = times(95, 22)
    assert "on average 4.57 ms" in judged(of(), evidence(ROLES, HELD, seen)).because
    assert told(seen) == "refuted"


@pytest.mark.parametrize(
    ("time", "word"),
    [("< 1 ms", "refuted"), ("<= 1 ms", "verified"), ("< 1 s", "verified"), ("<= 900 us", "refuted")],
)
def test_the_limit_itself(time, word):
    assert told(times(117, control=0.0001), time=time) == word


@pytest.mark.parametrize(
    "params",
    [
        {"time": "> 10 ms"},
        {"time": "10 ms"},
        {"share": "95"},
        {"share": ">= 95 %"},
        {"share": "100 %"},
        {"share": "0 %"},
    ],
)
def test_claims_that_mean_something_else(params):
    assert told(times(117), **params) == Reason.AMBIGUOUS_CLAIM


@pytest.mark.parametrize(
    ("span", "word"),
    [(Span.HOLDS_FOR, Reason.AMBIGUOUS_CLAIM), (Span.NEVER_FOR, Reason.AMBIGUOUS_CLAIM), (Span.WITHIN, None)],
)
def test_what_is_measured_once_cannot_hold_for_long(span, word):
    timed = replace(of(), timing=Timing(span, 9.0))
    assert judged(timed, evidence(ROLES, HELD, times(117))).reason == word


# --- what is no answer


@pytest.mark.parametrize("what", ["late", "wrong", "empty"])
@pytest.mark.parametrize(("many", "word"), [(1, None), (14, "refuted")])
def test_what_is_not_answered_was_not_answered_in_time(what, many, word):
    seen = times(117 - many, **{what: many})
    assert more(HELD, seen) if word is None else told(seen) == word
    assert told(times(117), times(580, at=2.0, asked=585, **{what: 5})) == "verified"


def test_late_is_only_as_late_as_it_was_waited_for():
    seen = times(20, late=97), times(0, late=585, at=2.0, asked=585)
    assert told(*seen, time="< 4 s") == Reason.INCONCLUSIVE_STATISTICS
    assert told(*seen, time="<= 3 s") == Reason.INCONCLUSIVE_STATISTICS
    assert told(*seen, time="< 3 s") == "refuted"
    assert judged(of("< 3 s"), evidence(ROLES, HELD, *seen)).actual == "95 % within 3.00 s or more"


def test_errors_in_words():
    judgement = judged(of(), evidence(ROLES, HELD, times(0, wrong=117, said="500 no leader", control=0.002)))
    assert judgement.verdict.value == "refuted"
    assert judgement.actual == "0 of 117 look-ups answered"
    assert "117 answered with an error or something else (500 no leader)" in judgement.because
    assert judgement.conclusive


@pytest.mark.parametrize(("invented", "word"), [(0, "verified"), (None, "verified"), (1, "refuted")])
def test_who_knows_what_nobody_registered(invented, word):
    assert told(times(117, invented=invented)) == word
    assert told(times(117, at=0.5, invented=invented), times(585, at=2.0, asked=585, invented=0)) == word


def test_empty_answers_count_where_the_registry_may_be_read():
    empty = times(0, empty=117)
    judgement = judged(of(), evidence(ROLES, HELD, empty))
    assert (judgement.verdict.value, judgement.actual, judgement.conclusive) == ("refuted", "empty answers", True)
    hidden = failure("registry", Registry, Reason.FORBIDDEN)
    assert judged(of(), evidence(ROLES, hidden, empty)).reason is Reason.FORBIDDEN
    assert judged(of(), evidence(ROLES, hidden, times(1, empty=116))).verdict.value == "refuted"


def test_answers_that_name_what_the_catalog_does_not_hold():
    def held(port, at):
        instance = Instance("w", "n", "10.0.0.1", port, "passing")
        others = RegisteredService("another", (replace(instance, port=99),))
        return fact("registry", Registry((RegisteredService("Worker", (instance,)), others)), at=at)

    def answer(*seen):
        judgement = judged(of(), evidence(ROLES, *seen))
        return judgement.reason or judgement.actual

    measured = times(117, instances=("10.0.0.1:99",))
    assert answer(held(80, 0.5), measured) == Reason.BASELINE
    assert answer(held(80, 0.5), measured, held(80, 2.0)) == "old answers"
    assert judged(of(), evidence(ROLES, held(80, 0.5), measured, held(80, 2.0))).conclusive
    assert answer(held(99, 0.5), measured, held(80, 2.0)) == "95 % within 1 ms to 1 ms"
    assert answer(held(80, 0.5), measured, held(99, 2.0)) == "95 % within 1 ms to 1 ms"
    assert answer(held(99, 0.5), measured) == "95 % within 1 ms to 1 ms"
    assert answer(failure("registry", Registry, Reason.FORBIDDEN), measured) == "95 % within 1 ms to 1 ms"


# --- a slow machine


def controls(slow, of_all=117, took=0.0025):
    return (took,) * slow + (0.0001,) * (of_all - slow)


@pytest.mark.parametrize(
    ("slow", "held_up", "word"),
    [(117, 0, "refuted"), (24, 5, "refuted"), (24, 6, Reason.BASELINE), (117, 117, Reason.BASELINE)],
)
def test_look_ups_that_something_else_may_have_held_up_refute_nothing(slow, held_up, word):
    assert told(times(117 - slow, slow, controls=controls(held_up), cut=True)) == word


def test_a_control_is_slow_beyond_a_quarter_of_the_limit():
    slow = times(0, 117, controls=controls(117, took=0.0024), cut=True)
    assert told(slow) == "refuted"
    late = times(0, late=117, controls=controls(117), cut=True)
    assert told(late) == Reason.BASELINE
    assert told(times(0, wrong=117, controls=controls(117), cut=True)) == "refuted"


def test_a_slow_machine_spoils_no_good_news():
    assert told(times(117, controls=controls(117))) == "verified"


def test_what_is_held_up_is_measured_again():
    assert more(HELD, times(93, 24, controls=controls(6))) == look(585)


def test_no_time():
    judgement = judged(of(), evidence(ROLES, HELD, times(60, cut=True)))
    assert judgement.reason is Reason.BUDGET
    assert "117 look-ups are needed" in judgement.because
    assert told(times(0, cut=True)) == Reason.BUDGET
    assert told(times(0, empty=1, cut=True)) == "refuted"
    assert told(times(117, cut=True)) == "verified"
    assert told(times(110, 7, cut=True)) == Reason.INCONCLUSIVE_STATISTICS


@given(st.integers(0, 585), st.integers(0, 20), st.integers(0, 20))
def test_a_higher_limit_is_never_harder_to_keep(slow, wrong, held_up):
    seen = times(117), times(585 - slow, slow, at=2.0, asked=585, wrong=wrong, controls=controls(held_up))
    words = [told(*seen, time=f"< {limit} ms") for limit in (0.5, 10, 30)]
    after = words[words.index("verified") :] if "verified" in words else []
    assert set(after) <= {"verified"}


def test_the_answer_in_words():
    judgement = judged(of(), evidence(ROLES, HELD, times(112, 5), times(585, at=2.0, asked=585)))
    assert judgement.actual == "95 % within 1 ms to 1 ms"
    assert judgement.because == (
        "702 look-ups; on average 1.14 ms, the slowest 20 ms; without a look-up 1 ms, the slowest 1 ms"
    )
