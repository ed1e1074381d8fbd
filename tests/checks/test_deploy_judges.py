"""The judge of independent deployment, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("api",), "others": ("web", "shop")}
#: taken away at 2, back a second later, watched until 20
ROUND = Round(2.0, 2.1, "seen", 2.1, 3.0, "one", "two")


def experiment(one=ROUND):
    return fact("api", Experiment("outage", "api", 0.0, 20.0, True, 0.0, 60.0, (one,)), fault="outage")


def flow(operation, fails=lambda at: False, echoed=lambda at: True, until=20.0):
    sent = [_sent(one / 20, fails, echoed) for one in range(int(until * 20))]
    return fact("", Traffic(operation, 20.0, tuple(sent)), operation=operation, fault="outage", system="api")


def _sent(at, fails, echoed):
    if fails(at):
        return Sent(f"n{at}", at, at, 0.01, Outcome.FAIL, 502, detail="no")
    return Sent(f"n{at}", at, at, 0.01, Outcome.OK, 200, "a", echoed(at))


def runs(name, before=("p",), after=("p",), unseen=""):
    return [fact(name, Runs(before if at < 2 else after, unseen), at=float(at)) for at in range(20)]


def gone(at):
    return 2 <= at < 3


def told(*, others=None, own=None, seen=None, one=ROUND, within=None, operation="ask, buy", roles=ROLES, **params):
    of = replace(claim("deploy.independent", own=params.get("own_names", "buy")), operation=operation)
    if within:
        of = replace(of, timing=Timing(Span.WITHIN, within))
    flows = [others or flow("ask"), own or flow("buy", gone)]
    return judged(of, evidence(roles, experiment(one), *flows, *(seen or [*runs("web"), *runs("shop")])))


def word(**more):
    judgement = told(**more)
    return judgement.reason or judgement.verdict.value


def test_a_busy_machine_does_not_tell_who_suffers():
    late = flow("ask", gone)
    for one in late.value["sent"]:
        one["sent"] += 0.3
    judgement = told(others=late)
    assert judgement.reason is Reason.BUDGET
    assert judgement.because == "while api was replaced; the machine is too busy to tell"


def test_one_that_fails_last_does_not_mean_never_again():
    assert word(own=flow("buy", lambda at: gone(at) or at > 19.9)) == Reason.VACUOUS
    assert word(own=flow("buy", lambda at: gone(at) or at > 18)) == "refuted"


def test_nobody_else_noticed_is_verified():
    judgement = told()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "replaced in 0.9 s; none of 360 requests to others failed"


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (flow("ask", gone), "refuted"),
        (flow("ask", lambda at: 2 <= at < 2.2), "refuted"),
        (flow("ask", lambda at: 2 <= at < 2.1), Reason.INCONCLUSIVE_STATISTICS),
        (flow("ask", until=16.0), Reason.VACUOUS),
        (flow("ask", lambda at: at < 2), Reason.BASELINE),
    ],
)
def test_others_go_on(others, expected):
    assert word(others=others) == expected


@pytest.mark.parametrize(
    ("shop", "expected"),
    [
        (runs("shop", after=("q",)), "refuted"),
        (runs("shop", after=()), "refuted"),
        (runs("shop", unseen="elsewhere"), Reason.NO_OBSERVABLE),
        ([failure("shop", Runs, Reason.FORBIDDEN, "no")], Reason.FORBIDDEN),
    ],
)
def test_others_stay_the_same_processes(shop, expected):
    assert word(seen=[*runs("web"), *shop]) == expected


@pytest.mark.parametrize(
    ("one", "within", "expected"),
    [
        (replace(ROUND, back=None), None, "refuted"),
        (replace(ROUND, back=9.0), 5.0, "refuted"),
        (replace(ROUND, back=9.0), 7.0, "verified"),
        (replace(ROUND, after="one"), None, Reason.FAULT_NOT_EFFECTIVE),
        (replace(ROUND, after=""), None, Reason.FAULT_NOT_EFFECTIVE),
        (replace(ROUND, seen=None), None, Reason.FAULT_NOT_EFFECTIVE),
    ],
)
def test_it_is_another_process_in_time(one, within, expected):
    assert word(one=one, within=within) == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (flow("buy", lambda at: at >= 2), "refuted"),
        (flow("buy", echoed=lambda at: at < 2), "refuted"),
        (flow("buy", echoed=lambda at: False), "verified"),
        (flow("buy", lambda at: 2 <= at < 19), Reason.VACUOUS),
    ],
)
def test_it_works_again(own, expected):
    assert word(own=own) == expected


@pytest.mark.parametrize("names", ["other", "ask, buy", " "])
def test_both_sorts_of_operations_are_named(names):
    assert word(own_names=names) == Reason.AMBIGUOUS_CLAIM


def test_it_is_not_one_of_the_others():
    assert word(roles={**ROLES, "others": ("web", "api")}) == Reason.AMBIGUOUS_CLAIM


def test_the_course_is_long_enough_for_three_hundred_requests():
    (need,) = CHECKS["deploy.independent"].needs(claim("deploy.independent", own="buy"))
    assert (need.fault, need.course.hold_s) == (Fault.OUTAGE, 0.5)
    assert need.course.steady_s * need.course.rate >= 300
