"""Claims about deployment: that one service is replaced and nobody else notices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pytest_distaudit.checks._disturbed import ENOUGH, effective, late, traffics, works_again
from pytest_distaudit.checks._interrupted import never_again
from pytest_distaudit.checks._same_process import one_process
from pytest_distaudit.checks._steps import every
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.ports.traffic import Traffic

#: how soon it serves again where the claim does not say it, in seconds
_WITHIN_S = 60.0
#: behaviours 1.5: none of so many requests may fail (at most 1 in 100 with 95 %), more than so many refute
_REQUESTS, _FEW = 300, 3
#: as long as so many requests take at the usual rate, and a little longer
_WATCHED_S = 16.0
#: it is away for at least so long, so that whoever needs it is sure to miss it
_AWAY_S = 0.5


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _own(claim: Claim) -> tuple[str, ...]:
    return tuple(name.strip() for name in claim["own"].split(",") if name.strip())


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    course = Course(_AWAY_S, _within(claim), steady_s=_WATCHED_S)
    return (Disturb(Fault.OUTAGE, "system", course, (Look("others", Runs.ask()),)),)


@check(
    "deploy.independent",
    claims="the service is taken away and started anew while everything else goes on, in the same processes",
    says="is deployed without anybody else",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={"system": Role("the service that is replaced"), "others": Role("those that go on", many=True)},
    params={"own": Parameter(ParameterType.TEXT, "those of the operations that the service itself answers")},
    takes_operation=True,
    cost_s=40.0,
    needs=_needs,
    shows_not="that a new version agrees with the others, that nobody waits for it meanwhile, or that what calls it "
    "goes on (degradation.graceful)",
)
def independent(claim: Claim, evidence: Evidence) -> Judgement:
    """The service is ended in order and soon started again (behaviours 1.5); of three hundred requests to others
    none fails, and afterwards the service is another process that works.
    """
    own = _own(claim)
    if strange := [name for name in own if name not in claim.operations]:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"own: {strange[0]}", "'operation' has to name it, too")
    if not own or not set(claim.operations) - set(own):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "one sort of operations", "name some of its own and some of the others")
    if set(evidence.systems("others")) & set(evidence.systems()):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "it is one of the others", "'others' names those that go on")
    (told,) = effective(evidence, Fault.OUTAGE).values()
    flows = traffics(claim, evidence, told)
    (one,) = told.rounds
    asked = [flow.part(one.injected, told.ended) for name, flow in flows.items() if name not in own]
    steps: list[Callable[[], float]] = [
        lambda: _undisturbed(asked, told),
        lambda: _replaced(told, one, _within(claim)),
        lambda: one_process(evidence, "others", told),
        *(partial(_works, flows[name], told, one) for name in own),
    ]
    count, lasted, *_ = every(steps)
    return verified(f"replaced in {lasted:.1f} s; none of {count:g} requests to others failed")


def _undisturbed(asked: list[Traffic], told: Experiment) -> int:
    """How many requests others answered."""
    count, failed = sum(len(flow.sent) for flow in asked), [one for flow in asked for one in flow.failed]
    if len(failed) > _FEW:
        worst = max(asked, key=lambda flow: len(flow.failed))
        actual, because = f"{len(failed)} of {count} requests to others failed", f"while {told.system} was replaced"
        if late(worst):
            unverifiable(Reason.BUDGET, actual, f"{because}; the machine is too busy to tell")
        refute(actual, f"{because}; {worst.told}", remedy=f"let the others work without {told.system}")
    if failed:
        because = f"{_FEW} or fewer may be an accident: {failed[0].status or ''} {failed[0].detail}"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{len(failed)} of {count} requests to others failed", because)
    if count < _REQUESTS:
        unverifiable(Reason.VACUOUS, f"{count} requests to others", f"{_REQUESTS} are needed")
    return count


def _replaced(told: Experiment, one: Round, within_s: float) -> float:
    """How long it took, in seconds."""
    if one.back is None:
        refute(f"{told.system} does not serve again", f"{told.patience_s:g} s after it was started")
    lasted = one.back - (one.undone or one.injected)
    if lasted > within_s:
        refute(f"{told.system} serves again after {lasted:.1f} s", f"claimed are {within_s:g} s")
    if not one.after or one.after == one.before:
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{told.system} is not shown to be another process")
    return lasted


def _works(flow: Traffic, told: Experiment, one: Round) -> float:
    """Its own operation, with what it is asked in its answers if that was so before; how many did."""
    if one.back is None:  # that is refuted
        return 0
    after = flow.between(one.back, told.ended)
    again, before = works_again(after), flow.between(told.began, one.injected)
    if never_again(after):
        refute(f"{flow.operation} does not work again", f"{after[-1].status or ''} {after[-1].detail}".strip())
    if all(sent.echoed for sent in before) and not all(sent.echoed for sent in again):
        refute(f"{flow.operation} no longer answers what it is asked", f"after {told.system} was replaced")
    if len(again) < ENOUGH:
        unverifiable(Reason.VACUOUS, f"{len(again)} requests", f"to {flow.operation} afterwards; {ENOUGH} are needed")
    return len(again)
