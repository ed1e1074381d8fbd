"""What checks read of an experiment: whether it tells anything, and how operations fared."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Fault, named
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Sent, Traffic

#: fewer requests tell nothing
ENOUGH = 30
_STEADY = "let it work before it is disturbed"


def effective(
    evidence: Evidence, fault: Fault, role: str = "system", held: tuple[str, ...] = ()
) -> dict[str, Experiment]:
    """System -> its experiment, if there was a steady state and every fault showed. Raises Unverifiable otherwise."""
    found = evidence.each(Experiment, role, Experiment.ask(fault=named(fault, held)))
    for told in found.values():
        _effective(told)
    return dict(found)


def _effective(told: Experiment) -> None:
    if not told.steady:
        unverifiable(Reason.BASELINE, "not steady", told.trouble, remedy=_STEADY)
    if told.trouble or not told.rounds:
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{told.system} not disturbed", told.trouble)
    for number, one in enumerate(told.rounds, 1):
        if one.seen is None:
            unverifiable(
                Reason.FAULT_NOT_EFFECTIVE, f"{told.system} not disturbed", f"{told.fault} {number}: {one.witness}"
            )


def traffics(claim: Claim, evidence: Evidence, told: Experiment) -> dict[str, Traffic]:
    """Operation -> what was asked of it during the experiment, for each of the claim's. Raises Unverifiable if it was
    not steady before.
    """
    found = {
        name: evidence.shared(Traffic, Traffic.ask(operation=name, fault=told.fault, system=told.system))
        for name in claim.operations
    }
    for flow in found.values():
        before = flow.part(told.began, told.rounds[0].injected)
        if not before.steady:
            unverifiable(Reason.BASELINE, "not steady", f"before anything was done {before.told}", remedy=_STEADY)
        if len(before.sent) < ENOUGH:
            unverifiable(Reason.VACUOUS, f"{len(before.sent)} requests before the fault", f"{ENOUGH} are needed")
    return found


def spans(experiment: Experiment) -> list[tuple[float, float]]:
    """Of each round: from its injection to that of the next one, or to the end."""
    starts = [one.injected for one in experiment.rounds]
    return list(zip(starts, [*starts[1:], experiment.ended], strict=True))


def works_again(sent: Sequence[Sent]) -> tuple[Sent, ...]:
    """The requests at the end of which none failed."""
    last = max((at for at, one in enumerate(sent) if not one.ok), default=-1)
    return tuple(sent[last + 1 :])
