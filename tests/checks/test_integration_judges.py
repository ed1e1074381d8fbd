"""The judge of tools that an application works by, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.experiments import Experiment

from .evidence import CHECKS, claim, evidence, fact, failure, judged
from .links import ENDED, INJECTED, LATE, ROLES, UNDONE, WELL, Fate, seen, together, word

CALLS = "POST /mcp tools/call"


def stops(at: float) -> Fate:
    return LATE if INJECTED <= at < UNDONE else WELL


def goes_on(at: float) -> Fate:
    return WELL


def told(
    frozen: Callable[[float], Fate] = stops,
    silent: Callable[[float], Fate] = stops,
    *,
    words: str = CALLS,
    named: bool = True,
    without: Observation | None = None,
) -> tuple[str, str]:
    first = (
        [without]
        if without
        else [look for look in seen(frozen, "freeze", caller="") if "arrivals" not in str(look.ask)]
    )
    return word("mcp.integrated", *first, *seen(silent, words=words, named=named))


def test_tools_that_are_called_and_needed_are_verified():
    assert told() == ("verified", "100% of requests have a tool called")


@pytest.mark.parametrize("fates", [{"frozen": goes_on}, {"silent": goes_on}, {"frozen": goes_on, "silent": goes_on}])
def test_what_goes_on_without_the_server_is_refuted(fates):
    assert told(**fates) == ("refuted", "ask works without model")


def test_only_calls_of_tools_count():
    assert told(words="POST /mcp tools/list") == ("refuted", "no tool is called")
    assert told(words="GET /tools/call") == ("refuted", "no tool is called")


def test_most_requests_have_to_call_one():
    def some(at: float) -> Fate:
        return stops(at) if at >= INJECTED or int(at * 50) % 2 else (0.01, True, [])

    assert told(silent=some) == ("inconclusive-statistics", "49% of ask had a tool called")


@pytest.mark.parametrize(("without", "verdict"), [(2, "verified"), (3, "inconclusive-statistics")])
def test_of_forty_two_may_call_none(without, verdict):
    def most(at: float) -> Fate:
        return (0.01, True, []) if round(at * 20) < without else stops(at)

    first = [look for look in seen(stops, "freeze", caller="") if "arrivals" not in str(look.ask)]
    assert word("mcp.integrated", *first, *seen(most, rate=20, words=CALLS))[0] == verdict


def test_the_operation_that_calls_fewest_is_told():
    def most(at: float) -> Fate:
        return (0.01, True, []) if round(at * 20) < 2 else stops(at)

    frozen = [seen(stops, "freeze", rate=20, caller="", first=at) for at in (0, 10_000)]
    silent = seen(most, rate=20, words=CALLS), seen(stops, rate=20, words=CALLS, first=10_000)
    looks = *together(x=frozen[0], y=frozen[1]), *together(x=silent[0], y=silent[1])
    told = judged(replace(claim("mcp.integrated"), operation="x, y"), evidence(ROLES, *looks))
    assert told.actual == "95% of requests have a tool called"


def test_calls_that_carry_nothing_cannot_be_told_apart():
    assert told(named=False) == ("no-observable", "calls not told apart")


def test_what_never_comes_over_the_link_shows_nothing():
    def elsewhere(at: float) -> Fate:
        return (0.01, True, []) if at < INJECTED else (0.3, False, [])

    assert told(silent=elsewhere)[0] == "vacuous"


@pytest.mark.parametrize(
    ("one_of", "expected"),
    [
        (2, ("inconclusive-statistics", "ask fails now and then")),
        (10, ("inconclusive-statistics", "ask fails now and then")),
        (50, ("verified", "100% of requests have a tool called")),
    ],
)
def test_now_and_then_is_undecided(one_of, expected):
    def some(at: float) -> Fate:
        return stops(at) if round(at * 50) % one_of else WELL

    assert told(frozen=some) == expected


@pytest.mark.parametrize(
    ("well", "verdict"),
    [(95, "refuted"), (94, "inconclusive-statistics"), (6, "inconclusive-statistics"), (5, "verified")],
)
def test_of_a_hundred_five_may_do_otherwise(well, verdict):
    def some(at: float) -> Fate:
        return WELL if round((at - INJECTED - 1) * 20) < well else stops(at)

    assert word("mcp.integrated", *seen(some, "freeze", rate=20, caller=""), *seen(stops, words=CALLS))[0] == verdict


def test_what_is_asked_when_it_goes_on_again_is_not_counted():
    looks = *seen(goes_on, "freeze", caller=""), *seen(stops, words=CALLS)
    of = replace(claim("mcp.integrated"), operation="ask")
    assert judged(of, evidence(ROLES, *looks)).because == "250 of 250 succeeded during the freeze of model"


def test_what_is_asked_just_before_it_goes_on_and_answered_slowly_tells_nothing():
    """One in eleven is under way when the server goes on."""

    def slowly(at: float) -> Fate:
        return (0.45, True, [0.001]) if INJECTED <= at < UNDONE else WELL

    assert told(frozen=slowly) == ("refuted", "ask works without model")


def test_what_waits_for_the_server_has_not_gone_on_without_it():
    def waits(at: float) -> Fate:
        return (UNDONE - at + 0.01, True, [0.001]) if INJECTED <= at < UNDONE else WELL

    assert told(frozen=waits)[0] == "verified"


def test_it_has_to_work_again():
    def never_again(at: float) -> Fate:
        return LATE if at >= INJECTED else WELL

    assert told(silent=never_again) == ("inconclusive-statistics", "ask does not work again")
    assert told(frozen=lambda at: LATE if at >= ENDED - 0.1 else stops(at))[0] == "inconclusive-statistics"


def test_who_may_not_be_disturbed_tells_nothing():
    refused = failure("model", Experiment, Reason.NOT_SAFE, "no", fault="freeze")
    assert told(without=refused)[0] == "not-safe"


def test_both_experiments_are_long_enough():
    frozen, silent = CHECKS["mcp.integrated"].needs(claim("mcp.integrated"))
    assert (frozen.fault, frozen.role, frozen.caller) == (Fault.FREEZE, "system", "")
    assert (silent.fault, silent.role, silent.caller) == (Fault.HALF_OPEN, "system", "caller")
    course = frozen.course
    assert course == silent.course
    assert course.patience_s == 20
    assert (course.rate, course.hold_s, course.after_s, course.steady_s) == (10, 4.5, 8, 3.5)


def test_few_requests_while_it_stands_still_show_nothing():
    told_, _, flow = seen(stops, "freeze", caller="")
    experiment = from_json(Experiment, told_.value)
    (one,) = experiment.rounds
    short = replace(experiment, rounds=(replace(one, undone=INJECTED + 1.5),))
    looks = fact("model", short, fault="freeze"), flow, *seen(stops, words=CALLS)
    assert word("mcp.integrated", *looks) == ("vacuous", "25 requests")
    replaced = replace(experiment, rounds=(replace(one, undone=None),))
    looks = fact("model", replaced, fault="freeze"), flow, *seen(stops, words=CALLS)
    assert word("mcp.integrated", *looks) == ("fault-not-effective", "model was replaced")
