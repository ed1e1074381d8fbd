"""What checks read of the effects of requests, and of the queue that should have carried them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from pytest_distaudit.checkers import total_queue
from pytest_distaudit.checkers.total_queue import Deliveries
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.ports.effects import Effect, Effects
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.history import Operation, Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

_REMEDY = "let the operation's effect name what answers with the nonce once, and only once, the work is done"


def effects(claim: Claim, evidence: Evidence, told: Experiment) -> dict[str, dict[str, Effect]]:
    """Operation -> nonce -> what became of it, for each of the claim's. Raises Unverifiable."""
    found: dict[str, dict[str, Effect]] = {}
    for name in claim.operations:
        try:
            seen = evidence.shared(Effects, Effects.ask(operation=name, fault=told.fault, system=told.system))
        except Unobservable as error:
            if error.reason is not Reason.NOT_RECORDED:
                raise
            unverifiable(Reason.NO_OBSERVABLE, f"{name} has no effect to read", remedy=_REMEDY)
        if seen.invented:
            because = "it was shown of a request that nobody has sent"
            unverifiable(Reason.NO_OBSERVABLE, f"{name}'s effect is shown of anything", because, remedy=_REMEDY)
        if seen.invented is None:
            unverifiable(Reason.NO_OBSERVABLE, f"{name}'s effect could not be read", seen.trouble, remedy=_REMEDY)
        found[name] = {one.nonce: one for one in seen.effects}
    return found


def shown(sent: Sequence[Sent], known: dict[str, Effect], until: float) -> tuple[Sent, ...]:
    """Those whose effect was read by that time."""
    return tuple(
        one for one in sent if one.nonce in known and (at := known[one.nonce].first) is not None and at <= until
    )


def has_effects(flows: Mapping[str, Traffic], known: Mapping[str, dict[str, Effect]]) -> None:
    """Raise where no effect was ever seen: an address that shows none looks the same as work that is not done."""
    for name, flow in flows.items():
        if not shown(flow.sent, known[name], inf):
            because = f"of {len(flow.sent)} requests; the address of its effect may be wrong"
            unverifiable(Reason.BASELINE, f"no effect of {name} was ever seen", because)


def nothing_lost(
    flows: Mapping[str, Traffic], known: Mapping[str, dict[str, Effect]], empty: float | None, within_s: float
) -> int:
    """How many requests had their effect. Raises if any that succeeded had none ``within_s`` after the last one, when
    nothing waited any more (``empty``: from when on; None: something always did).
    """
    delivered = 0
    last = last_answer(list(flows.values()))
    for name, flow in flows.items():
        found = total(flow, known[name], empty, last + within_s)
        if found.lost and found.reason is None:
            because = f"{found.acknowledged} requests succeeded, no message waits any more: {found.lost[0]} has none"
            refute(f"{len(found.lost)} of {found.acknowledged} had no effect", because)
        if found.reason is not None:
            missing = len(found.lost) + len(found.undelivered)
            because = f"{missing} of {found.acknowledged} have none yet, and messages wait or it cannot be read"
            unverifiable(found.reason, f"not done after {within_s:g} s", because)
        delivered += found.acknowledged
    return delivered


def total(flow: Traffic, known: Mapping[str, Effect], empty: float | None, since: float) -> Deliveries:
    """What was lost, by the rule for total queues. Nothing is certainly lost but what was read to be absent after
    ``since``, when no message waited any more (``empty``: from when on; None: some always did).
    """
    return total_queue.check(_history(flow, known, empty, since))


def _history(flow: Traffic, known: Mapping[str, Effect], empty: float | None, since: float) -> Iterator[Operation]:
    for number, one in enumerate(flow.sent):
        call = _ns(one.sent)
        yield Operation(number, "enqueue", (one.nonce,), None, call, _ns(one.ended), outcome=one.outcome)
        effect = known.get(one.nonce, Effect(one.nonce))
        if effect.first is not None:
            # a third one would tell nothing more
            for _ in range(min(effect.count or 1, 2)):
                yield Operation(number, "dequeue", (), one.nonce, call, max(call, _ns(effect.first)))
        elif one.ok and (effect.absent is None or effect.absent < max(since, empty or since)):
            # it was not asked again late enough: it may be there
            yield Operation(number, "dequeue", (), None, call, None, outcome=Outcome.INDETERMINATE)
    if empty is not None:
        yield Operation(len(flow.sent), "drain", (), (), _ns(empty), _ns(empty))


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


@dataclass(frozen=True)
class Moves:
    """The looks at one queue during an experiment; statistics may be ``lag`` seconds behind."""

    looks: Sequence[Seen[Queue]]
    lag: float

    def between(self, since: float, until: float) -> list[Seen[Queue]]:
        """The looks that began and ended in this time."""
        return [one for one in self.looks if since <= one.at and one.ended <= until]

    def moved(self, counter: str, since: float = 0.0, until: float = inf) -> int:
        """By how much it grew between the first and the last look in this time, whatever lags. Raises Unverifiable."""
        told = [getattr(one.fact, counter) for one in self.between(since, until)]
        if not told or any(each is None for each in told):
            unverifiable(Reason.NO_OBSERVABLE, "no counters", "the broker keeps no message statistics")
        if any(after < before for before, after in pairwise(told)):
            unverifiable(Reason.NO_OBSERVABLE, "the counters began anew", f"of {counter} messages, in between")
        moved: int = told[-1] - told[0]
        return moved

    def waiting(self, since: float, until: float) -> list[tuple[float, int]]:
        """(when, how many messages were in the queue or handed out and not acknowledged) of each look in this time."""
        found = [
            (one.at, one.fact.ready + one.fact.unacked)
            for one in self.between(since, until)
            if one.fact.ready is not None and one.fact.unacked is not None
        ]
        if not found:
            unverifiable(Reason.NO_OBSERVABLE, "no look at the messages that wait", "the broker did not tell them")
        return found

    def empty(self, since: float) -> float | None:
        """From when on nothing waited, well after ``since``; None if something always did."""
        after = since + self.lag
        return next((at for at, count in self.waiting(since, inf) if at >= after and not count), None)


def last_answer(flows: Sequence[Traffic]) -> float:
    """When the last request that succeeded was answered."""
    return max((one.ended for flow in flows for one in flow.sent if one.ok), default=0.0)
