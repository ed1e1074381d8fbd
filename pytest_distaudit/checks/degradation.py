"""Claims about degradation: that without one part the others go on, with less, and say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pytest_distaudit.checks._degraded import Doubt, Phases, phases
from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._same_process import one_process
from pytest_distaudit.checks._slower import Slower
from pytest_distaudit.checks._steps import every
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.ports.traffic import Traffic
from pytest_distaudit.ports.work import Work

#: how soon all is as before once the part is back, where the claim does not say it, in seconds
_WITHIN_S = 10.0
_PATIENCE_S = 30.0
#: the part is gone for at least so long, and for so much longer than an answer may take
_HOLD_S, _LONGER_S = 7.0, 4.0
#: so much longer than it may take, all is looked at
_AFTERWARDS_S = 4.0
#: many callers may share an experiment
_RATE = 10.0
_FAULTS = (Fault.OUTAGE, Fault.FREEZE)
_WATCH = (Look("caller", Runs.ask()), Look("system", Work.ask()))
_DECLARE = "list the statuses of its reduced answers as 'degraded' in the target file"


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _unaffected(claim: Claim) -> tuple[str, ...]:
    return tuple(name.strip() for name in (claim["unaffected"] or "").split(",") if name.strip())


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    hold = max(_HOLD_S, claim.number("answers") + _LONGER_S)
    course = Course(hold, _PATIENCE_S, steady_s=_within(claim) + _AFTERWARDS_S, rate=_RATE)
    return tuple(Disturb(fault, "system", course, _WATCH) for fault in _FAULTS)


@check(
    "degradation.graceful",
    claims="while a part is away or hangs, the caller goes on: reduced answers where the part is needed, all else as "
    "ever",
    says="goes on, with less, while a part is away",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={"system": Role("the part that is taken away"), "caller": Role("what goes on without it")},
    params={
        "answers": Parameter(ParameterType.TIME, "how soon a reduced answer is there", "<= 5 s"),
        "unaffected": Parameter(ParameterType.TEXT, "those of the operations that do not need the part", None),
    },
    takes_operation=True,
    cost_s=80.0,
    needs=_needs,
    shows_not="that the caller starts while the part is away, or that what it says in a reduced answer is true",
)
def graceful(claim: Claim, evidence: Evidence) -> Judgement:
    """An outage and a freeze of the part (behaviours 3.5): who needs it gives the reduced answers that the target
    file declares, in time; who does not succeeds in 99 of 100 cases and is at most three times slower.

    An answer as if nothing were away is made up where everything that was answered before lay in the part.
    """
    spared = _unaffected(claim)
    if strange := [name for name in spared if name not in claim.operations]:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"unaffected: {strange[0]}", "'operation' has to name it, too")
    if not set(claim.operations) - set(spared):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "no operation needs the part", "'operation' names those that do, too")
    faults = every(partial(_one_fault, claim, evidence, fault, spared) for fault in _FAULTS)
    seen = [one for found in faults for one in found]
    needing = [one for one in seen if one.phases.operation not in spared]
    for one in seen:
        if one.doubt is not None:
            unverifiable(*one.doubt)
    return _told([one.phases for one in needing], [one.slower for one in seen if one.slower], evidence.systems()[0])


@dataclass(frozen=True, slots=True)
class _Seen:
    """One operation during one fault, not refuted. ``doubt``: what stands in the way of verified."""

    phases: Phases
    slower: Slower | None
    doubt: Doubt | None


def _one_fault(claim: Claim, evidence: Evidence, fault: Fault, spared: tuple[str, ...]) -> list[_Seen]:
    """Refute what this fault shows, before anything is asked of the next one, which it may have spoilt."""
    (told,) = effective(evidence, fault).values()
    flows = traffics(claim, evidence, told)
    if silent := [name for name, flow in flows.items() if not flow.reducible and name not in spared]:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{silent[0]} declares no reduced answer", remedy=_DECLARE)
    # those that do not need the part come first: what they suffer from tells more
    steps: list[Callable[[], _Seen | None]] = [
        partial(_one_operation, claim, evidence, told, flows[name], name in spared)
        for name in sorted(flows, key=lambda name: name not in spared)
    ]
    return list(filter(None, every([*steps, lambda: _in_one_process(evidence, told)])))


def _one_operation(claim: Claim, evidence: Evidence, told: Experiment, flow: Traffic, spared: bool) -> _Seen:
    seen = phases(flow.operation, told, flow, evidence)
    slower = Slower(seen) if spared else None
    doubt = slower.refuted() if slower else seen.refuted(claim.number("answers"), _within(claim))
    return _Seen(seen, slower, doubt)


def _in_one_process(evidence: Evidence, told: Experiment) -> None:
    one_process(evidence, "caller", told)


def _told(needing: list[Phases], slower: list[Slower], part: str) -> Judgement:
    longest = max(one.took for seen in needing for one in seen.during)
    parts = [f"went on in the declared way without {part}, each answer within {longest:.1f} s"]
    if slower:
        parts.append(f"what does not need it took {max(each.factor for each in slower):.1f} times as long")
    return verified("; ".join(parts))
