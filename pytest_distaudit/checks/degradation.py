"""Claims about degradation: that without one part the others go on, or start, with less, and say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pytest_distaudit.checks._degraded import Doubt, Phases, phases
from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._same_process import one_process
from pytest_distaudit.checks._slower import Slower
from pytest_distaudit.checks._started import Start, answers, needs_it, start_of
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
#: after its start the caller is asked for so much longer than that may take
_STARTED_S = 2.0
_START_HOLD_S, _STARTS_AFTERWARDS_S = 4.0, 3.0
_DECLARE = "list the statuses of its reduced answers as 'degraded' in the target file"


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _spared(claim: Claim) -> tuple[str, ...]:
    """The operations that do not need the part; there are others, too."""
    spared = tuple(name.strip() for name in (claim["unaffected"] or "").split(",") if name.strip())
    if strange := [name for name in spared if name not in claim.operations]:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"unaffected: {strange[0]}", "'operation' has to name it, too")
    if not set(claim.operations) - set(spared):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "no operation needs the part", "'operation' names those that do, too")
    return spared


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
    shows_not="that the caller starts while the part is away (degradation.starts), or that what it says in a reduced "
    "answer is true",
)
def graceful(claim: Claim, evidence: Evidence) -> Judgement:
    """An outage and a freeze of the part (behaviours 3.5): who needs it gives the reduced answers that the target
    file declares, in time; who does not succeeds in 99 of 100 cases and is at most three times slower.

    An answer as if nothing were away is made up where everything that was answered before lay in the part.
    """
    spared = _spared(claim)
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


def _starts_needs(claim: Claim) -> tuple[Disturb, ...]:
    hold = max(_START_HOLD_S, claim.number("starts") + _STARTED_S)
    course = Course(hold, _PATIENCE_S, after_s=_within(claim) + _STARTS_AFTERWARDS_S)
    return (Disturb(Fault.OUTAGE, "system", course, (Look("caller", Runs.ask()),), anew="caller"),)


@check(
    "degradation.starts",
    claims="the caller starts while the part is away, answers what does not need it, and does all else once the part "
    "is there, without another start",
    says="starts while a part is away, and finds it later",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={"system": Role("the part that is away"), "caller": Role("what starts without it")},
    params={
        "unaffected": Parameter(ParameterType.TEXT, "those of the operations that do not need the part"),
        "starts": Parameter(ParameterType.TIME, "how soon after its start the caller answers them", "<= 5 s"),
    },
    takes_operation=True,
    cost_s=40.0,
    needs=_starts_needs,
    shows_not="how it answers what needs the part meanwhile (degradation.graceful); where answers name nobody, that "
    "who listens is also who answers",
)
def starts(claim: Claim, evidence: Evidence) -> Judgement:
    """The part is taken away, the caller is killed and started by who looks after it, else by the audit (behaviours
    3.5). In time it answers what does not need the part, with what it is asked; ``within`` after the part is back all
    is as before, in the process that started without it.
    """
    spared = _spared(claim)
    if not spared:
        unverifiable(Reason.AMBIGUOUS_CLAIM, "nothing is unaffected", "name an operation that does not need the part")
    (caller,) = evidence.systems("caller")
    (told,) = effective(evidence, Fault.OUTAGE, anew=(caller,)).values()
    flows = traffics(claim, evidence, told)
    start = start_of(told, caller, [flows[name] for name in spared])
    seen = {name: start.fared(flow, evidence) for name, flow in flows.items()}
    steps: list[Callable[[], float | None]] = [
        *(partial(_answers, claim, start, seen[name]) for name in spared),
        *(partial(_heals, claim, one) for one in seen.values()),
        lambda: start.one_process(evidence),
        *(partial(start.one_name, flows[name]) for name in spared),
        *(partial(needs_it, start, one) for name, one in seen.items() if name not in spared),
    ]
    longest = max(took for took in every(steps) if took is not None)
    return verified(f"started without {start.part} within {longest:.1f} s, and found it later without another start")


def _answers(claim: Claim, start: Start, seen: Phases) -> float:
    took, doubt = answers(start, seen, claim.number("starts"))
    if doubt is not None:
        unverifiable(*doubt)
    return took


def _heals(claim: Claim, seen: Phases) -> None:
    if (doubt := seen.recovers(_within(claim))) is not None:
        unverifiable(*doubt)
