"""The judge of graceful degradation, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.ports.traffic import Sent, Traffic
from pytest_distaudit.ports.work import Work

from .evidence import CHECKS, claim, evidence, fact, failure, judged
from .experiments import experiment, round_

ROLES = {"system": ("api",), "caller": ("front",)}
FAULTS = ("outage", "freeze")
#: undone five seconds after its injection at 2, back a second later
ROUND = round_(back=6.0, undone=5.0)


def sent(at, *, status=200, reduced=False, echoed=True, took=0.01, detail="", late=0.0):
    outcome = Outcome.OK if status == 200 else Outcome.FAIL
    return Sent(f"n{at}", at - late, at, took, outcome, status, "a", echoed, detail, reduced)


def degraded(at):
    return sent(at, status=503, reduced=True, echoed=False, detail="no store")


def flow(fault, *, during=degraded, after=sent, before=sent, operation="ask", reducible=True):
    """Twenty requests a second; each phase by a function of their time."""
    told = []
    for one in range(240):
        at = one / 20
        told.append((before if at < 2 else during if at < 7 else after)(at))
    seen = Traffic(operation, 20.0, tuple(told), reducible)
    return fact("", seen, operation=operation, fault=fault, system="api")


def replaced(seen, **fields):
    return replace(seen, value={**seen.value, **fields})


def runs(*serving, unseen=""):
    """Looks each second; ``serving`` before the fault and afterwards."""
    before, after = serving or (("p",), ("p",))
    return [fact("front", Runs(before if at < 2 else after, unseen), at=float(at)) for at in range(12)]


def work(before=(), after=()):
    looks = [(1.99, before), (11.0, after)]
    return [fact("api", Work({}, tuple(nonces) or None), at=at) for at, nonces in looks]


def told(*more, processes=None, within=2.0, rounds=(ROUND,), unaffected=None, **phases):
    of = claim("degradation.graceful", unaffected=unaffected, answers="<= 1 s")
    names = "ask, live" if unaffected else "ask"
    of = replace(of, operation=names, timing=Timing(Span.WITHIN, within))
    seen = [experiment(*rounds, fault=fault) for fault in FAULTS]
    seen += [flow(fault, **phases) for fault in FAULTS]
    return judged(of, evidence(ROLES, *seen, *(processes or runs()), *(more or work())))


def word(*more, **args):
    judgement = told(*more, **args)
    return judgement.reason or judgement.verdict.value


def test_declared_answers_in_time_and_recovery_are_verified():
    judgement = told()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "went on in the declared way without api, each answer within 0.0 s"


@pytest.mark.parametrize(
    ("during", "actual"),
    [
        (lambda at: sent(at, status=500, detail="oh"), "ask answers 500"),
        (lambda at: replace(degraded(at), detail="Traceback (most recent call last): x"), "stack trace"),
        (lambda at: sent(at, echoed=False), "ask answers something else"),
        (lambda at: sent(at, status=None, echoed=False, took=0.2), "ask does not answer"),
        (lambda at: replace(degraded(at), took=3.0), "ask hangs"),
        (lambda at: sent(at, status=None, echoed=False, took=5.0), "ask hangs"),
    ],
)
def test_what_is_no_declared_answer_in_time_is_refuted(during, actual):
    judgement = told(during=during)
    assert (judgement.verdict.value, actual in judgement.actual) == ("refuted", True), judgement


def test_an_accident_or_a_busy_machine_refutes_nothing():
    once = lambda at: replace(degraded(at), took=3.0 if at == 4.0 else 0.01)  # noqa: E731
    assert word(during=once) == Reason.INCONCLUSIVE_STATISTICS
    busy = lambda at: replace(degraded(at), took=3.0, due=at - 0.5)  # noqa: E731
    assert word(during=busy) == Reason.BUDGET


@pytest.mark.parametrize(("many", "expected"), [(2, Reason.INCONCLUSIVE_STATISTICS), (3, "refuted")])
def test_two_undeclared_failures_may_be_an_accident(many, expected):
    some = range(80, 80 + many)
    assert word(during=lambda at: sent(at, status=500) if round(at * 20) in some else degraded(at)) == expected


def test_full_answers_show_nothing_unless_all_lay_in_the_part():
    assert word(during=sent) == Reason.VACUOUS
    before = [f"n{one / 20}" for one in range(40)]
    made_up = told(*work(before, ["n11.0"]), during=sent)
    assert (made_up.verdict.value, made_up.actual) == ("refuted", "ask answers as if api were there")
    kept = [f"n{one / 20}" for one in range(240)]
    assert word(*work(before, kept), during=sent) == Reason.VACUOUS
    assert word(*work(before[::2], ["n11.0"]), during=sent) == Reason.VACUOUS
    assert word(failure("api", Work, Reason.NO_OBSERVABLE, "no"), during=sent) == Reason.VACUOUS


def test_what_never_echoed_is_not_missed():
    mute = lambda at: sent(at, echoed=False)  # noqa: E731
    assert word(before=mute, after=mute) == "verified"
    assert word(before=mute, after=mute, during=mute) == Reason.VACUOUS


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (degraded, "refuted"),
        (lambda at: degraded(at) if at < 10.3 else sent(at), "refuted"),
        (lambda at: degraded(at) if at < 9.5 else sent(at), "verified"),
        (lambda at: degraded(at) if at == 11.0 else sent(at), Reason.INCONCLUSIVE_STATISTICS),
        (lambda at: sent(at, echoed=False), "refuted"),
    ],
)
def test_it_has_to_recover(after, expected):
    assert word(after=after) == expected


def test_a_part_that_does_not_come_back_tells_nothing_of_recovery():
    assert word(rounds=(round_(back=None, undone=5.0),)) == Reason.BLOCKED


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        ((("p",), ("q",)), "refuted"),
        ((("p",), ()), "refuted"),
        ((("p", "w"), ("p", "v")), Reason.INCONCLUSIVE_STATISTICS),
        ((("p",), ("p", "w")), "verified"),
        (((), ("p",)), Reason.NO_OBSERVABLE),
    ],
)
def test_the_caller_stays_the_same_process(serving, expected):
    assert word(processes=runs(*serving)) == expected


def test_who_cannot_be_seen_is_not_called_the_same():
    assert word(processes=runs((), (), unseen="elsewhere")) == Reason.NO_OBSERVABLE
    assert word(processes=[failure("front", Runs, Reason.FORBIDDEN, "no")]) == Reason.FORBIDDEN


def spared(during, fault_late=0.0):
    slow = lambda at: replace(during(at), due=at - fault_late)  # noqa: E731
    lives = [flow(fault, during=slow, operation="live", reducible=False) for fault in FAULTS]
    return word(*lives, *work(), unaffected="live")


def test_what_does_not_need_the_part_goes_on_as_ever():
    assert spared(sent) == "verified"
    assert spared(lambda at: sent(at, took=0.04)) == "verified"
    assert spared(lambda at: sent(at, took=1.0)) == "refuted"
    assert spared(lambda at: sent(at, took=1.0), 0.2) == Reason.BUDGET
    assert spared(lambda at: sent(at, took=0.2)) == Reason.INCONCLUSIVE_STATISTICS
    assert spared(lambda at: sent(at, status=500 if at % 0.5 else 200)) == "refuted"
    assert spared(lambda at: sent(at, status=500 if at in (3.0, 4.0) else 200)) == Reason.INCONCLUSIVE_STATISTICS
    assert spared(degraded) == "refuted"
    assert spared(degraded, 0.09) == "refuted"
    assert spared(degraded, 0.2) == Reason.BUDGET
    slowed = [replaced(flow(fault, during=degraded, operation="live", reducible=False), slowed=4.1) for fault in FAULTS]
    assert word(*slowed, *work(), unaffected="live") == Reason.BUDGET


def test_what_does_not_need_the_part_is_told_first():
    lives = [flow(fault, during=degraded, operation="live", reducible=False) for fault in FAULTS]
    broken = lambda at: sent(at, status=500)  # noqa: E731
    assert told(*lives, *work(), unaffected="live", during=broken).actual == "live suffers"
    assert told(during=broken).actual == "ask answers 500"


def test_the_slowest_is_told():
    """Of the reduced answers one, of the others the 95th percentile of the fault that made more of a difference."""
    slow = lambda at: replace(degraded(at), took=0.3 if at == 4.0 else 0.01)  # noqa: E731
    took = {"outage": 0.02, "freeze": 0.01}
    lives = [
        flow(fault, during=partial(sent, took=each), operation="live", reducible=False) for fault, each in took.items()
    ]
    assert told(*lives, *work(), unaffected="live", during=slow).actual == (
        "went on in the declared way without api, each answer within 0.3 s; "
        "what does not need it took 2.0 times as long"
    )


def test_what_the_claim_leaves_open_is_ambiguous():
    assert word(reducible=False) == Reason.AMBIGUOUS_CLAIM
    of = replace(claim("degradation.graceful", unaffected="other"), operation="ask")
    seen = [experiment(ROUND, fault=fault) for fault in FAULTS] + [flow(fault) for fault in FAULTS]
    assert judged(of, evidence(ROLES, *seen, *runs(), *work())).reason is Reason.AMBIGUOUS_CLAIM
    of = replace(claim("degradation.graceful", unaffected="ask"), operation="ask")
    assert judged(of, evidence(ROLES, *seen, *runs(), *work())).reason is Reason.AMBIGUOUS_CLAIM


def test_reduced_before_is_no_steady_state():
    always = lambda at: sent(at, reduced=True)  # noqa: E731
    assert word(before=always) == Reason.BASELINE
    assert word(before=degraded, after=degraded) == Reason.BASELINE


def test_too_few_requests_show_nothing():
    assert word(rounds=(round_(seen=4.5, back=6.0, undone=5.0),)) == Reason.VACUOUS
    short = (round_(seen=4.5, back=6.0, undone=5.0),)
    lives = [flow(fault, during=sent, operation="live", reducible=False) for fault in FAULTS]
    assert word(*lives, *work(), unaffected="live", rounds=short) == Reason.VACUOUS


def test_what_was_not_disturbed_tells_nothing():
    of = replace(claim("degradation.graceful"), operation="ask")
    refused = failure("api", Experiment, Reason.NOT_SAFE, "no", fault="outage")
    assert judged(of, evidence(ROLES, refused)).reason is Reason.NOT_SAFE


def test_the_course_follows_from_the_claim():
    of = replace(claim("degradation.graceful", answers="<= 8 s"), timing=Timing(Span.WITHIN, 3.0))
    needs = CHECKS["degradation.graceful"].needs(of)
    assert [(one.fault, one.course.hold_s, one.course.steady_s) for one in needs] == [
        (Fault.OUTAGE, 12.0, 7.0),
        (Fault.FREEZE, 12.0, 7.0),
    ]
    for one in CHECKS["degradation.graceful"].needs(claim("degradation.graceful")):
        assert one.course == Course(9.0, 30.0, steady_s=14.0, rate=10.0)
