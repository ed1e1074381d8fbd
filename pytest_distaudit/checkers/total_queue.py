"""Whether a queue delivered what it acknowledged, and nothing else; how often does not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final

from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.values import distinct
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome, Value

_TOLD: Final = ("lost", "undelivered", "unexpected", "refused", "duplicated", "recovered")


@dataclass(frozen=True, slots=True)
class Deliveries:
    """``verdict`` with the ``reason`` of an unverifiable one; the rest are values, one for each time too few or many.

    ``lost``: acknowledged before the last drain began, and never delivered. ``undelivered``: acknowledged, but no drain
    began afterwards. ``unexpected``: delivered without having been sent, or before it. ``refused``: delivered although
    its sending failed. ``duplicated``: delivered more often than sent. ``recovered``: delivered, and its sending never
    answered. ``taken``: deliveries that never answered and may have taken a message each; inf after an open drain.
    """

    verdict: Verdict
    reason: Reason | None
    acknowledged: int
    delivered: int
    lost: tuple[Value, ...] = ()
    undelivered: tuple[Value, ...] = ()
    unexpected: tuple[Value, ...] = ()
    refused: tuple[Value, ...] = ()
    duplicated: tuple[Value, ...] = ()
    recovered: tuple[Value, ...] = ()
    taken: float = 0


@dataclass(slots=True)
class _Message:
    value: Value
    acknowledged: list[float] = field(default_factory=list)
    open: int = 0
    called: float = inf
    delivered: int = 0
    first_delivered: float = inf


def check(operations: Iterable[Operation]) -> Deliveries:
    """Judge ``enqueue`` value, ``dequeue`` -> value or None if it was empty, ``drain`` -> all that was left.

    Source: Jepsen's ``total-queue``: multiset arithmetic, in any order. Lost or unexpected values refute; duplicates
    are counted apart (at least once). Unlike there, a dequeue that never answered may hold one lost value, an open
    drain all of them: then no loss is certain, and without a drain none is either. Raises ValueError for other
    operations.
    """
    if (all_ := bounded(operations)) is None:
        return Deliveries(Verdict.UNVERIFIABLE, Reason.BUDGET, 0, 0)
    messages, taken, drained = _messages(all_)
    told = _told(messages.values(), drained)
    verdict, reason = _verdict(told, taken)
    acknowledged = sum(len(each.acknowledged) for each in messages.values())
    delivered = sum(each.delivered for each in messages.values())
    if verdict is Verdict.VERIFIED and not acknowledged:
        verdict, reason = Verdict.UNVERIFIABLE, Reason.VACUOUS
    values = {name: tuple(told[name].elements()) for name in told}
    named = {name: tuple(messages[each].value for each in some) for name, some in values.items()}
    return Deliveries(verdict, reason, acknowledged, delivered, taken=taken, **named)


def _messages(operations: Iterable[Operation]) -> tuple[dict[Hashable, _Message], float, float]:
    """The messages by value, how many may have been taken unseen, and when the last drain that answered began."""
    messages: dict[Hashable, _Message] = {}
    taken, drained = 0.0, -inf
    for each in operations:
        if each.operation == "enqueue" and len(each.arguments) == 1:
            _sent(each, messages)
        elif each.operation not in ("dequeue", "drain"):
            raise ValueError(f"a queue has enqueue, dequeue and drain, not {each.operation}")
        elif each.outcome is Outcome.INDETERMINATE:
            taken += 1 if each.operation == "dequeue" else inf
        elif each.outcome is Outcome.OK:
            if each.operation == "drain":
                drained = max(drained, each.call_ns)
            for value in _handed_out(each):
                message = messages.setdefault(distinct(value), _Message(value))
                message.delivered += 1
                message.first_delivered = min(message.first_delivered, each.ends_ns)
    return messages, taken, drained


def _sent(operation: Operation, messages: dict[Hashable, _Message]) -> None:
    value = operation.arguments[0]
    message = messages.setdefault(distinct(value), _Message(value))
    message.called = min(message.called, operation.call_ns)
    if operation.outcome is Outcome.OK:
        message.acknowledged.append(operation.ends_ns)
    elif operation.outcome is Outcome.INDETERMINATE:
        message.open += 1


def _handed_out(operation: Operation) -> Iterator[Value]:
    if operation.operation == "dequeue":
        if operation.result is not None:
            yield operation.result
    elif isinstance(operation.result, tuple):
        yield from operation.result


def _told(messages: Iterable[_Message], drained: float) -> dict[str, Counter[Hashable]]:
    told: dict[str, Counter[Hashable]] = {name: Counter() for name in _TOLD}
    for each in messages:
        value = distinct(each.value)
        acknowledged, possible = len(each.acknowledged), len(each.acknowledged) + each.open
        if each.first_delivered < each.called:
            told["unexpected"][value] = each.delivered
        elif each.delivered and not possible:
            told["refused"][value] = each.delivered
        else:
            told["duplicated"][value] = max(0, each.delivered - possible)
            told["recovered"][value] = max(0, min(each.delivered, possible) - acknowledged)
        # whatever was delivered may have been those acknowledged last
        missing = max(0, acknowledged - each.delivered)
        told["lost"][value] = max(0, sum(at < drained for at in each.acknowledged) - each.delivered)
        told["undelivered"][value] = missing - told["lost"][value]
    return told


def _verdict(told: dict[str, Counter[Hashable]], taken: float) -> tuple[Verdict, Reason | None]:
    if told["unexpected"].total() or told["lost"].total() > taken:
        return Verdict.REFUTED, None
    if told["lost"].total() or told["undelivered"].total():
        return Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE
    return Verdict.VERIFIED, None
