"""The judge of health checks that flip, branch by branch, on looks made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.registrations import HealthCheck, Instance, RegisteredService, Registry

from .evidence import CHECKS, claim, evidence, fact, failure, judged
from .experiments import round_

ROLES = {"system": ("api",), "registry": ("book",)}
PACE = {"interval": "1 s", "timeout": "1 s", "fall": 1, "rise": 1}


def instance(status, *, name="api", port=80, manner="http", asks="10.0.0.1:80"):
    checks = (HealthCheck("c", manner, status, asks),) if manner else ()
    return Instance(name, "node", "10.0.0.1", port, status, checks)


def looks(*states, others=lambda at: "passing", more=(), **fields):
    """A look each half second; ``states``: (until, status) in order."""
    found = []
    for half in range(48):
        at = half / 2
        status = next((status for until, status in states if at < until), "passing")
        services = [RegisteredService("api", (instance(status, **fields), *more))] if status else []
        if others:
            services.append(RegisteredService("web", (instance(others(at), name="web", port=81),)))
        found.append(fact("book", Registry(tuple(services)), at=at))
    return found


GOOD = looks((4, "passing"), (13, "critical"))


def told(seen=GOOD, freeze=None, **params):
    of = claim("health.flips", service="api", **{**PACE, **params})
    return judged(of, evidence(ROLES, freeze or long(), *seen))


def long(back=9.1, undone=9.0):
    """A freeze from 2 to 11 that is looked at until 24."""
    told = Experiment("freeze", "api", 0.0, 24.0, True, 9.0, 30.0, (round_(back=back, undone=undone),))
    return fact("api", told, fault="freeze")


def word(*args, **more):
    judgement = told(*args, **more)
    return judgement.reason or judgement.verdict.value


def test_what_was_read_when_it_was_let_go_already_is_not_of_the_time_before():
    (late,) = (one for one in looks((0, "passing")) if one.at == 10.5)
    seen = sorted([*GOOD, replace(late, at=10.9, latency=0.3)], key=lambda one: one.at)
    assert word(seen) == word(GOOD) == "verified"
    seen = sorted([*GOOD, replace(late, at=10.8, latency=0.1)], key=lambda one: one.at)
    assert word(seen) is Reason.INCONCLUSIVE_STATISTICS


def states(falls, rises):
    return looks((falls, "passing"), (rises, "critical"))


def test_both_edges_in_time_are_verified():
    judgement = told(states(4, 13))
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "unhealthy after 2.0 s, healthy again after 2.0 s"
    assert word(looks((4, "passing"), (13, "warning"))) == "verified"


@pytest.mark.parametrize(
    ("falls", "rises", "expected"),
    [
        (6, 13, "verified"),
        (6.5, 13, Reason.INCONCLUSIVE_STATISTICS),
        (99, 99, "refuted"),
        (4, 14.5, "verified"),
        (4, 15.5, Reason.INCONCLUSIVE_STATISTICS),
        (4, 99, "refuted"),
    ],
)
def test_the_bound_verifies_and_twice_the_bound_refutes(falls, rises, expected):
    assert word(states(falls, rises)) == expected


def test_thresholds_of_the_claim_make_the_bound():
    assert word(states(8, 13), fall=3, interval="1 s") == "verified"
    assert word(states(99, 99), fall=9) == Reason.INCONCLUSIVE_STATISTICS


def test_what_was_not_well_before_shows_nothing():
    assert word(looks((1, "critical"), (4, "passing"), (13, "critical"))) == Reason.BASELINE
    assert word(looks((4, "passing"), (5, ""), (13, "critical"))) == Reason.BASELINE


def test_what_goes_up_and_down_is_no_edge():
    assert word(looks((4, "passing"), (9, "critical"), (10, "passing"), (13, "critical"))) != "verified"
    once_more = looks((4, "passing"), (13, "critical"), (23, "passing"), (23.5, "critical"))
    assert told(once_more).actual == "api turned after 12.0 to 12.5 s"
    assert word(once_more) == Reason.INCONCLUSIVE_STATISTICS
    at_last = looks((4, "passing"), (13, "critical"), (23, "passing"), (99, "critical"))
    assert (word(at_last), told(at_last).actual) == (Reason.INCONCLUSIVE_STATISTICS, "api turned back and forth")


@pytest.mark.parametrize("fields", [{"manner": "ttl"}, {"manner": "script"}, {"manner": ""}, {"asks": "10.0.0.1:99"}])
def test_what_others_report_may_go_by_the_clock(fields):
    assert word(looks((4, "passing"), (13, "critical"), **fields)) == Reason.NO_OBSERVABLE
    assert word(looks((99, "passing"), **fields)) == "refuted"


def test_others_stay_well():
    falling = lambda at: "critical" if 5 < at < 7 else "passing"  # noqa: E731
    assert word(looks((4, "passing"), (13, "critical"), others=falling)) == Reason.VACUOUS
    assert word(looks((4, "passing"), (13, "critical"), others=None)) == Reason.TOPOLOGY_TOO_SMALL


def test_one_of_several_has_to_be_named():
    second = (instance("passing", name="api-2", port=82),)
    seen = looks((4, "passing"), (13, "critical"), more=second)
    assert word(seen) == Reason.AMBIGUOUS_CLAIM
    assert word(seen, instance="api") == "verified"


def test_what_does_not_go_on_tells_nothing_of_the_way_back():
    assert word(states(4, 99), freeze=long(back=None)) == Reason.BLOCKED


def test_who_cannot_be_asked_or_disturbed_tells_nothing():
    assert word([failure("book", Registry, Reason.FORBIDDEN, "no")]) == Reason.FORBIDDEN
    assert word(freeze=failure("api", Experiment, Reason.NO_CONTROL, "no", fault="freeze")) == Reason.NO_CONTROL


def test_the_course_follows_from_the_thresholds():
    (need,) = CHECKS["health.flips"].needs(claim("health.flips", service="api", interval="10 s"))
    assert (need.fault, need.course.hold_s, need.course.steady_s) == (Fault.FREEZE, 95.0, 55.0)
