"""Claims about recovery: that what crashed or hangs is replaced without anybody's doing."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pytest_distaudit.checks._disturbed import ENOUGH, effective, late, spans, traffics, works_again
from pytest_distaudit.checks._interrupted import interruption, never_again, suffered
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how soon it must serve again where the claim does not say it, in seconds
_WITHIN_S = 60.0
_PATIENCE_S = 30.0
_TIMES = 3
_BUSY = "the machine is too busy to tell"
_REMEDY = "let something start it again whenever it ends (a restart policy, a supervisor)"


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _faults(claim: Claim) -> tuple[Fault, ...]:
    return (Fault.CRASH, Fault.FREEZE) if claim["hangs"] else (Fault.CRASH,)


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    course = Course(_within(claim), _PATIENCE_S, times=_TIMES, unaided=True)
    return tuple(Disturb(fault, "system", course) for fault in _faults(claim))


@check(
    "recovery.self-heals",
    claims="what crashes is started again by whoever looks after it, every time, and then does its work",
    says="serves again by itself after every crash",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    params={"hangs": Parameter(ParameterType.FLAG, "whether one that hangs is replaced, too", default=False)},
    takes_operation=True,
    cost_s=20.0,
    needs=_needs,
    shows_not="that data survives it, or that a machine, a network or a disk may be lost",
)
def self_heals(claim: Claim, evidence: Evidence) -> Judgement:
    """Three crashes of the processes that serve (behaviours 3.7); restarts alone are not enough: the operations must
    fail with it, and work again with what they are asked in their answers.
    """
    slowest = 0.0
    for fault in _faults(claim):
        (told,) = effective(evidence, fault).values()
        flows = traffics(claim, evidence, told)
        _started_again(told, _within(claim), any(map(late, flows.values())))
        for name, traffic in flows.items():
            slowest = max(slowest, _worked_again(name, told, traffic, _within(claim)))
    count = _TIMES * len(_faults(claim))
    return verified(f"served again by itself {count} of {count} times, after at most {slowest:.1f} s")


def _started_again(told: Experiment, within_s: float, busy: bool) -> None:
    for number, one in enumerate(told.rounds, 1):
        which = f"after {told.fault} {number} of {_TIMES}"
        if one.by_itself:
            continue
        if busy and one.back is not None:
            unverifiable(Reason.BUDGET, f"not started again within {within_s:g} s", f"{which}; {_BUSY}")
        fate = "even then it did not serve again" if one.back is None else "the audit had to bring it back"
        refute(f"not started again within {within_s:g} s", f"{which}; {fate}", remedy=_REMEDY)


def _worked_again(name: str, told: Experiment, traffic: Traffic, within_s: float) -> float:
    """How long the operation needed at most, in seconds from the fault."""
    before = traffic.between(told.began, told.rounds[0].injected)
    slowest, echoed, usual = 0.0, all(one.echoed for one in before), median(one.took for one in before)
    for number, (began, ended) in enumerate(spans(told), 1):
        sent, which = traffic.between(began, ended), f"after {told.fault} {number} of {_TIMES}"
        if never_again(sent):
            refute(f"{name} never worked again", f"{which}: {sent[-1].status or ''} {sent[-1].detail}", remedy=_REMEDY)
        if not suffered(sent):
            because = f"{which} it went on as if nothing had happened: name an operation that needs {told.system}"
            unverifiable(Reason.VACUOUS, f"{name} did not fail", because)
        again = _again(sent)
        if echoed and not all(one.echoed for one in again if one.ok):
            refute(f"{name} no longer answers what it is asked", which, remedy="let it do its work again")
        if len(again) < ENOUGH:
            unverifiable(Reason.VACUOUS, f"{len(again)} requests", f"{which}; {ENOUGH} are needed")
        # whoever stands before it may have kept the first ones waiting
        there = min(max(one.sent, one.ended - usual) for one in again if one.ok)
        slowest = max(slowest, there - began)
    if slowest > within_s and late(traffic):
        unverifiable(Reason.BUDGET, f"{name} worked again after {slowest:.1f} s", _BUSY)
    if slowest > within_s:
        refute(f"{name} worked again after {slowest:.1f} s", f"claimed are {within_s:g} s", remedy=_REMEDY)
    return slowest


def _again(sent: Sequence[Sent]) -> Sequence[Sent]:
    """The requests from when it worked again; accidents later than that do not count."""
    gone = interruption(sent)
    return [one for one in sent if one.sent > gone[-1].sent] if gone else works_again(sent)
