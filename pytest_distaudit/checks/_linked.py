"""What checks read of an experiment with a link: calls at the front door, and what came of each over the link."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pytest_distaudit.checks._disturbed import effective_one, traffics
from pytest_distaudit.domain.check import Role
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.links import Arrival, Arrivals
from pytest_distaudit.ports.traffic import Sent, Traffic

ROLES = {
    "caller": Role("the system that calls, and is asked the operation"),
    "system": Role("the system that it calls, over a link of the target"),
}
#: of a caller that passes on no nonce, by how much arrivals may differ from calls before anything was done
_OTHERS = 0.05


@dataclass(frozen=True, slots=True)
class Called:
    """One call at the front door and what arrived at the dependency because of it, in order."""

    sent: Sent
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Linked:
    """One experiment with a link. ``by_nonce``: whether arrivals are told apart by nonces, not by when they came."""

    told: Experiment
    calls: tuple[Called, ...]
    seen: Arrivals
    by_nonce: bool

    @property
    def failing(self) -> tuple[float, float]:
        """From when on the fault was there, to within milliseconds, and until when; seconds since the epoch."""
        (one,) = self.told.rounds
        assert one.undone is not None, "nobody but the audit heals a link"
        return one.injected, one.undone


def linked(claim: Claim, evidence: Evidence, fault: Fault, idle: Collection[str] = ()) -> dict[str, Linked]:
    """Operation -> its calls. ``idle``: those that may come to no arrival.

    Raises Unverifiable if nothing was disturbed, or arrivals cannot be told apart.
    """
    told = effective_one(evidence, fault)
    seen = evidence.one(Arrivals, "system", Arrivals.ask(**told.args))
    flows = traffics(claim, evidence, told)
    return {
        name: Linked(told, _by_nonce(flow.sent, seen.arrivals), seen, by_nonce=True)
        if name in idle
        else _linked(told, flow, seen)
        for name, flow in flows.items()
    }


def given(reason: Reason | None) -> Reason:
    """The reason that a checker gives with everything that it cannot decide."""
    assert reason is not None
    return reason


def _linked(told: Experiment, flow: Traffic, seen: Arrivals) -> Linked:
    injected = told.rounds[0].injected
    before = flow.between(told.began, injected)
    if not (came := seen.between(told.began, injected)):
        because = f"{flow.operation} was asked {len(before)} times: name an operation that needs {told.system}"
        unverifiable(Reason.VACUOUS, f"nothing came from {told.caller} to {told.system}", because)
    nonces = {sent.nonce for sent in flow.sent}
    if any(nonces & set(one.nonces) for one in came):
        return Linked(told, _by_nonce(flow.sent, seen.arrivals), seen, by_nonce=True)
    if abs(len(came) - len(before)) > _OTHERS * len(before):
        unverifiable(
            Reason.NO_OBSERVABLE,
            f"{len(came)} arrivals for {len(before)} calls",
            f"{told.caller} calls {told.system} for others, too, and passes on nothing that tells for whom",
            remedy="have it pass on what it is asked, or a header of the request",
        )
    return Linked(told, _by_time(flow.sent, seen.arrivals), seen, by_nonce=False)


def _by_nonce(sent: Sequence[Sent], arrivals: Sequence[Arrival]) -> tuple[Called, ...]:
    found: dict[str, list[Arrival]] = {}
    for one in arrivals:
        for nonce in one.nonces:
            found.setdefault(nonce, []).append(one)
    return tuple(Called(each, tuple(found.get(each.nonce, ()))) for each in sent)


def _by_time(sent: Sequence[Sent], arrivals: Sequence[Arrival]) -> tuple[Called, ...]:
    """Each arrival belongs to the call that was the last to be made."""
    ordered = sorted(sent, key=lambda each: each.sent)
    starts = [each.sent for each in ordered]
    found: dict[int, list[Arrival]] = {}
    for one in arrivals:
        found.setdefault(bisect_right(starts, one.at) - 1, []).append(one)
    return tuple(Called(each, tuple(found.get(number, ()))) for number, each in enumerate(ordered))
