"""Claims about degradation: that without one part the others go on, with less, and say so."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.checks._degraded import Doubt, Phases, phases
from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._slower import Slower
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.runs import Runs
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
#: one look may miss a socket
_LOOKS = 2
_FAULTS = (Fault.OUTAGE, Fault.FREEZE)
_WATCH = (Look("caller", Runs.ask()), Look("system", Work.ask()))
_DECLARE = "list the statuses of its reduced answers as 'degraded' in the target file"


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _bound(claim: Claim) -> float:
    return float(claim["answers"].quantity.value)


def _unaffected(claim: Claim) -> tuple[str, ...]:
    return tuple(name.strip() for name in (claim["unaffected"] or "").split(",") if name.strip())


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    hold = max(_HOLD_S, _bound(claim) + _LONGER_S)
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
    seen = [one for fault in _FAULTS for one in _one_fault(claim, evidence, fault, spared)]
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
    found = []
    for name, flow in sorted(flows.items(), key=lambda each: each[0] not in spared):
        seen = phases(name, told, flow, evidence)
        slower = Slower(seen) if name in spared else None
        doubt = slower.refuted() if slower else seen.refuted(_bound(claim), _within(claim))
        found.append(_Seen(seen, slower, doubt))
    _one_process(evidence, told)
    return found


def _told(needing: list[Phases], slower: list[Slower], part: str) -> Judgement:
    longest = max(one.took for seen in needing for one in seen.during)
    parts = [f"went on in the declared way without {part}, each answer within {longest:.1f} s"]
    if slower:
        parts.append(f"what does not need it took {max(each.factor for each in slower):.1f} times as long")
    return verified("; ".join(parts))


def _one_process(evidence: Evidence, told: Experiment) -> None:
    """Refute where another process serves; cannot tell where nobody saw which one did."""
    (caller,) = evidence.systems("caller")
    looks = evidence.histories(Runs, "caller")[caller]
    if isinstance(looks, Unobservable):
        raise looks
    if unseen := next((look.fact.unseen for look in looks if look.fact.unseen), ""):
        unverifiable(Reason.NO_OBSERVABLE, f"{caller}: which process serves", unseen)
    (one,) = told.rounds
    before = [look.fact.serving for look in looks if told.began <= look.at < one.injected and look.fact.serving]
    since = [look.fact.serving for look in looks if one.injected <= look.at <= told.ended]
    if not before or len(since) < _LOOKS:
        unverifiable(Reason.NO_OBSERVABLE, f"{caller}: not seen which process served before and afterwards")
    # who has ended never comes back, so the last looks tell
    last = since[-_LOOKS:]
    if not any(before[-1][0] in serving for serving in last):
        because = f"after the {told.fault} of {told.system}"
        refute(f"{caller} is another process", because, remedy=f"let it live without {told.system}")
    if set(before[-1]) - set().union(*last):
        because = f"some of them ended after the {told.fault} of {told.system}"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{caller}: not all of its processes went on", because)
