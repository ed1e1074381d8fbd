"""What checks read of an experiment: whether it tells anything, and how operations fared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_distaudit.checkers.percentile import nearest
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Aim, Fault
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment, args_of
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

#: an audit that sends its own requests so late is on a busy machine, in seconds
_LATE_S = 0.25
#: fewer requests tell nothing
ENOUGH = 30
#: what was asked so shortly before a fault was undone, and answered thereafter, need not have waited for that
_LAST_S = 1.0
_STEADY = "let it work before it is disturbed"


def effective(
    evidence: Evidence, fault: Fault, role: str = "system", held: tuple[str, ...] = (), anew: tuple[str, ...] = ()
) -> dict[str, Experiment]:
    """System -> its experiment, if there was a steady state and every fault showed. Raises Unverifiable otherwise."""
    found = evidence.each(Experiment, role, Experiment.ask(**args_of(Aim(fault, role, held=held, anew=anew))))
    for told in found.values():
        _effective(told)
    return dict(found)


def effective_one(evidence: Evidence, fault: Fault) -> Experiment:
    """The experiment with the link from the role ``caller`` to ``system``, each played by one system."""
    (caller,) = evidence.systems("caller")
    told = evidence.one(Experiment, "system", Experiment.ask(**args_of(Aim(fault, "system", caller))))
    _effective(told)
    return told


def _effective(told: Experiment) -> None:
    if not told.steady:
        unverifiable(Reason.BASELINE, "not steady", told.trouble, remedy=_STEADY)
    if told.trouble or not told.rounds:
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{told.place} not disturbed", told.trouble)
    for number, one in enumerate(told.rounds, 1):
        if one.seen is None:
            unverifiable(
                Reason.FAULT_NOT_EFFECTIVE, f"{told.place} not disturbed", f"{told.fault} {number}: {one.witness}"
            )


def traffics(claim: Claim, evidence: Evidence, told: Experiment) -> dict[str, Traffic]:
    """Operation -> what was asked of it during the experiment, for each of the claim's. Raises Unverifiable if it was
    not steady before.
    """
    found = {
        name: evidence.shared(Traffic, Traffic.ask(operation=name, system=told.system, **told.args))
        for name in claim.operations
    }
    for flow in found.values():
        before = replace(flow, sent=tuple(one for one in flow.sent if undisturbed(told, one)))
        steady_before(before)
        if len(before.sent) < ENOUGH:
            unverifiable(Reason.VACUOUS, f"{len(before.sent)} requests before the fault", f"{ENOUGH} are needed")
    return found


def steady_before(flow: Traffic) -> None:
    """Raises Unverifiable unless what was asked before anything was done was answered."""
    if flow.steady:
        return
    because = f"before anything was done {flow.told}"
    if not flow.calm:
        unverifiable(Reason.BUDGET, "not steady", f"{because}; the machine was busy")
    unverifiable(Reason.BASELINE, "not steady", because, remedy=_STEADY)


def late(flow: Traffic) -> bool:
    """Whether the machine may be too busy for anybody: the audit's own work took so long, or it sent so late."""
    return flow.busy or nearest([one.sent - one.due for one in flow.sent]) > _LATE_S


def undisturbed(told: Experiment, sent: Sent) -> bool:
    """Whether it was asked and answered before anything was done; what was under way then may have met the fault."""
    return told.began <= sent.sent and sent.ended < told.rounds[0].injected


def without(sent: Iterable[Sent], undone: float, last_s: float = _LAST_S) -> tuple[Sent, ...]:
    """What they tell of the time until the fault was undone: those that waited for that failed, and one that was under
    way just then, asked in the last ``last_s`` seconds, tells nothing.
    """

    def waited(one: Sent) -> bool:
        return one.ok and one.ended > undone

    clear = (one for one in sent if not waited(one) or one.sent <= undone - last_s)
    return tuple(_too_late(one) if waited(one) else one for one in clear)


def in_time(told: Experiment, flow: Traffic, bound_s: float) -> Traffic:
    """The same, with failures for answers that took longer than that, and longer than ever before the fault."""
    before = [one.took for one in flow.sent if one.ok and undisturbed(told, one)]
    most = max([bound_s, *before])
    return replace(flow, sent=tuple(_too_late(one) if one.ok and one.took > most else one for one in flow.sent))


def _too_late(sent: Sent) -> Sent:
    return replace(sent, outcome=Outcome.FAIL, detail=f"answered after {sent.took:.1f} s")


def spans(experiment: Experiment) -> list[tuple[float, float]]:
    """Of each round: from its injection to that of the next one, or to the end."""
    starts = [one.injected for one in experiment.rounds]
    return list(zip(starts, [*starts[1:], experiment.ended], strict=True))


def works_again(sent: Sequence[Sent]) -> tuple[Sent, ...]:
    """The requests at the end of which none failed."""
    last = max((at for at, one in enumerate(sent) if not one.ok), default=-1)
    return tuple(sent[last + 1 :])
