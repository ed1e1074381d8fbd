"""The judge of recovery, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Traffic

from .evidence import CHECKS, claim, evidence, failure, judged
from .experiments import experiment, round_, traffic

ROLES = {"system": ("api",)}
HEALED = [round_(1), round_(2), round_(3)]


def told(*seen, hangs=False, within=None):
    of = replace(claim("recovery.self-heals", hangs=hangs), operation="ask")
    if within:
        of = replace(of, timing=Timing(Span.WITHIN, within))
    return judged(of, evidence(ROLES, *seen))


def word(*seen, **more):
    judgement = told(*seen, **more)
    return judgement.reason or judgement.verdict.value


def test_three_crashes_and_work_after_each_are_verified():
    judgement = told(experiment(*HEALED), traffic(3))
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "served again by itself 3 of 3 times, after at most 1.0 s"


def test_a_hang_counts_where_it_is_claimed():
    crash, freeze = experiment(*HEALED), experiment(*HEALED, fault="freeze")
    seen = (crash, traffic(3), freeze, traffic(3, fault="freeze"))
    assert told(*seen, hangs=True).actual.startswith("served again by itself 6 of 6 times")
    aided = experiment(round_(1, back=3.0, undone=2.0), fault="freeze")
    judgement = told(crash, traffic(3), aided, traffic(1, fault="freeze"), hangs=True)
    assert (judgement.verdict.value, judgement.because.split(";")[0]) == ("refuted", "after freeze 1 of 3")


@pytest.mark.parametrize(
    ("rounds", "because"),
    [
        ([round_(1, back=3.0, undone=2.0)], "after crash 1 of 3; the audit had to bring it back"),
        ([round_(1, back=None, undone=2.0)], "after crash 1 of 3; even then it did not serve again"),
        ([round_(1), round_(2, back=4.0, undone=2.0)], "after crash 2 of 3; the audit had to bring it back"),
    ],
)
def test_what_the_audit_had_to_bring_back_is_refuted(rounds, because):
    judgement = told(experiment(*rounds), traffic(len(rounds)))
    assert (judgement.verdict.value, judgement.because) == ("refuted", because)
    assert judgement.actual == "not started again within 60 s"


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ({"fails": lambda later: True}, "refuted"),
        ({"fails": lambda later: later < 9.9}, Reason.VACUOUS),
        ({"fails": lambda later: later < 0}, Reason.VACUOUS),
        ({"fails": lambda later: later < 5}, "verified"),
        ({"echoed": lambda later: later < 0}, "refuted"),
        ({"echoed": lambda later: later < 6}, "refuted"),
        ({"echoed": lambda later: later < -0.5 or later > 6}, "refuted"),
        ({"echoed": False}, "verified"),
        ({"fails": lambda later: later < 8.49}, "verified"),
        ({"fails": lambda later: later < 8.54}, Reason.VACUOUS),
    ],
)
def test_the_operation_has_to_fail_and_to_work_again(flow, expected):
    assert word(experiment(*HEALED), traffic(3, **flow)) == expected


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        (lambda later: later < 1 or later > 9.9, "verified"),
        (lambda later: later < 1 or 9.4 < later < 9.5, "verified"),
        (lambda later: later < 1 or 9.4 < later < 9.6, Reason.VACUOUS),
        (lambda later: later < 1 or round(later * 20) % 40 == 0, "verified"),
        (lambda later: later < 1 or round(later * 20) % 30 == 0, "refuted"),
        # who did not need it has failed by accident
        (lambda later: round(later * 20) == 3, Reason.VACUOUS),
        (lambda later: round(later * 20) in (3, 60), Reason.VACUOUS),
        (lambda later: round(later * 20) in (3, 4), "verified"),
    ],
)
def test_one_of_a_hundred_may_fail_at_another_time(fails, expected):
    assert word(experiment(*HEALED), traffic(3, fails=fails), within=5) == expected


def test_what_never_works_again_says_how_it_failed():
    judgement = told(experiment(*HEALED), traffic(3, fails=lambda later: True))
    assert judgement.actual == "ask never worked again"
    assert judgement.because == "after crash 1 of 3: 503 no"


def test_an_answer_counts_from_when_it_is_there():
    """Whoever stands before it may keep callers waiting."""
    kept = {"fails": lambda later: later < 1, "took": lambda later: 4.0 - later if 0 <= later < 4 else 0.02}
    judgement = told(experiment(*HEALED), traffic(3, **kept), within=3)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "ask worked again after 4.0 s")
    slow = traffic(3, fails=lambda later: later < 2.9, took=0.3)
    assert told(experiment(*HEALED), slow, within=3).verdict.value == "verified"


def test_work_that_comes_again_too_late_is_refuted():
    slow = traffic(3, fails=lambda later: later < 5)
    assert word(experiment(*HEALED), slow, within=5.0) == "verified"
    judgement = told(experiment(*HEALED), slow, within=4)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "ask worked again after 5.0 s")
    assert word(experiment(*HEALED), slow, within=6) == "verified"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (experiment(steady=False, trouble="ask failed 9 of 9 times before"), Reason.BASELINE),
        (experiment(trouble="its program is gone"), Reason.FAULT_NOT_EFFECTIVE),
        (experiment(round_(1), trouble="its program is gone"), Reason.FAULT_NOT_EFFECTIVE),
        (experiment(round_(1), round_(2, seen=None, back=None)), Reason.FAULT_NOT_EFFECTIVE),
        (failure("api", Experiment, Reason.NOT_SAFE, "no", fault="crash"), Reason.NOT_SAFE),
        (failure("api", Experiment, Reason.NO_CONTROL, "no", fault="crash"), Reason.NO_CONTROL),
    ],
)
def test_what_was_not_disturbed_tells_nothing(seen, reason):
    assert word(seen, traffic(3)) == reason


def test_the_course_follows_from_the_claim():
    of = replace(claim("recovery.self-heals", hangs=True), timing=Timing(Span.WITHIN, 7.0))
    needs = CHECKS["recovery.self-heals"].needs(of)
    assert [(type(one), one.fault, one.course.hold_s, one.course.times) for one in needs] == [
        (Disturb, Fault.CRASH, 7.0, 3),
        (Disturb, Fault.FREEZE, 7.0, 3),
    ]
    assert {one.course.patience_s for one in needs} == {30.0}


@pytest.mark.parametrize(
    ("rounds", "fails"),
    [
        ([round_(1), round_(2, back=4.0, undone=2.0), round_(3)], lambda later: later < 4.0),
        ([round_(1), round_(2), round_(3)], lambda later: later < 4.0),
    ],
)
def test_a_busy_machine_makes_nobody_slow(rounds, fails):
    flow = traffic(3, fails)
    asked = from_json(Traffic, flow.value)
    behind = [replace(one, due=one.due - 0.5) for one in asked.sent]
    late = replace(flow, value=to_json(replace(asked, sent=tuple(behind))))
    assert told(experiment(*rounds), flow, within=2.0).verdict.value == "refuted"
    assert word(experiment(*rounds), late, within=2.0) is Reason.BUDGET
