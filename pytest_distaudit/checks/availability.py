"""Claims about availability: that no part is one without which nothing works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from pytest_distaudit.checks._disturbed import ENOUGH, effective, in_time, late, spans, traffics
from pytest_distaudit.checks._interrupted import dense, interruption, lasted, suffered, within
from pytest_distaudit.domain.check import Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.capabilities import Health
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Sent, Traffic
from pytest_distaudit.ports.work import Work

#: the longest interruption where the claim does not say it, in seconds (behaviours 3.6)
_WITHIN_S = 30.0
_PATIENCE_S = 30.0
#: how much longer a part is gone than an interruption may be
_LONGER_S = 1.0
#: two looks tell a difference
_LOOKS = 2
#: of the requests, how many a counter has to go with
_SHARE = 0.5
_BUSY = "the machine is too busy to tell"
_FAULTS = (Fault.CRASH, Fault.FREEZE)
_WATCH = (Look("parts", Health.ask()), Look("parts", Work.ask()))


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    course = Course(_within(claim) + _LONGER_S, _PATIENCE_S)
    return tuple(Disturb(fault, "parts", course, _WATCH) for fault in _FAULTS)


@check(
    "availability.no-spof",
    claims="whichever single one of the parts is lost or hangs, the operations go on after a moment",
    says="no single one of the parts is indispensable",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={"parts": Role("every instance in the way of the operations", many=True)},
    takes_operation=True,
    cost_s=140.0,
    needs=_needs,
    shows_not="parts that the claim does not name, the machine, the network, and whether acknowledged writes are kept",
)
def no_spof(claim: Claim, evidence: Evidence) -> Judgement:
    """Each part is killed once and frozen once; an interruption is the shortest time outside of which as good as
    nothing fails, or takes longer than an interruption may (behaviours 3.6).

    A part that no request has met before shows nothing by its absence.
    """
    found = [one for fault in _FAULTS for one in effective(evidence, fault, "parts").values()]
    flows = [(told, flow) for told in found for flow in traffics(claim, evidence, told).values()]
    longest = max(_interrupted(told, flow, _within(claim)) for told, flow in flows)
    parts = evidence.systems("parts")
    if idle := [name for name in parts if not _met(name, evidence, flows)]:
        because = "no request was seen to meet it, so its absence shows nothing"
        unverifiable(Reason.VACUOUS, f"{', '.join(idle)}: not in the way", because)
    return verified(f"interrupted for at most {longest:.1f} s, whichever of {len(parts)} was lost")


def _interrupted(told: Experiment, flow: Traffic, within_s: float) -> float:
    """How long the operation failed, or kept one waiting for longer than it may fail, in seconds."""
    after = in_time(told, flow, within_s).part(*spans(told)[0])
    if len(after.sent) < ENOUGH:
        because = f"after {told.fault} of {told.system}; {ENOUGH} are needed"
        unverifiable(Reason.VACUOUS, f"{len(after.sent)} requests", because)
    took = lasted(after.failed)
    if took > within_s and (took := lasted(interruption(after.sent))) > within_s:
        _missed(told, after, within_s)
    return took


def _missed(told: Experiment, flow: Traffic, within_s: float) -> NoReturn:
    """Raise: what fails for too long refutes, unless the machine is busy, or few fail at any time."""
    failed, actual = flow.failed, f"not without {told.system}"
    because = (
        f"after its {told.fault}, {flow.operation}: {len(failed)} of {len(within(failed, flow.sent))} requests failed "
        f"in {lasted(failed):.1f} s, the first: {_words(failed[0])}"
    )
    if late(flow):
        unverifiable(Reason.BUDGET, actual, f"{because}; {_BUSY}")
    if not dense(interruption(flow.sent), flow.sent):
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, actual, because)
    refute(actual, because, remedy=f"have a second one do its work within {within_s:g} s")


def _words(sent: Sent) -> str:
    return f"{sent.status or ''} {sent.detail}".strip()


def _met(name: str, evidence: Evidence, flows: Sequence[tuple[Experiment, Traffic]]) -> bool:
    """Whether requests met this part: they failed when it was gone, it answered one, or it did work for them."""
    own = [flow.part(*spans(told)[0]) for told, flow in flows if told.system == name]
    if any(suffered(flow.sent) and not late(flow) for flow in own):
        return True
    return _answered(name, evidence, flows) or any(_worked(name, evidence, told, flow) for told, flow in flows)


def _answered(name: str, evidence: Evidence, flows: Sequence[tuple[Experiment, Traffic]]) -> bool:
    """By the name that it gives itself in its answers, if nobody gives it that while it is gone."""
    looks = evidence.histories(Health, "parts")[name]
    names = set() if isinstance(looks, Unobservable) else {look.identity for look in looks} - {""}
    if any(sent.node in names for told, flow in flows if told.system == name for sent in _without(told, flow)):
        return False  # others answer under that name, too
    return any(sent.node in names for _, flow in flows for sent in flow.sent)


def _without(told: Experiment, flow: Traffic) -> Iterator[Sent]:
    """What was asked and answered while nothing of the system can have answered."""
    for one in told.rounds:
        if one.seen is not None and one.undone is not None and not one.by_itself:
            yield from (sent for sent in flow.between(one.seen, one.undone) if sent.ended < one.undone)


def _worked(name: str, evidence: Evidence, told: Experiment, flow: Traffic) -> bool:
    """By a nonce inside it, or by its counters, which went with the requests before anything was done."""
    looks = evidence.histories(Work, "parts")[name]
    if isinstance(looks, Unobservable):
        return False
    if {sent.nonce for sent in flow.sent} & {nonce for look in looks for nonce in look.fact.nonces or ()}:
        return True
    before = [look for look in looks if told.began <= look.at <= told.rounds[0].injected]
    if len(before) < _LOOKS:
        return False
    asked = len(flow.between(before[0].at, before[-1].at))
    first, last = before[0].fact.counts, before[-1].fact.counts
    return asked > 0 and any(count - first.get(name, 0) >= asked * _SHARE for name, count in last.items())
