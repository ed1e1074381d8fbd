"""Whether what was acknowledged as added to a set stays in it: lost, stale, never read, unexpected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.values import distinct
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome, Value

_TOLD: Final = ("lost", "stale", "never_read", "unexpected", "refused", "duplicated", "recovered")


@dataclass(frozen=True, slots=True)
class Elements:
    """``verdict`` with the ``reason`` of an unverifiable one; the rest are elements, each once.

    ``lost``: known, absent in a read, and in none that had not yet returned when that one was called. ``stale``: known,
    absent in a read, and there again. ``never_read``: acknowledged, and no read was called afterwards. ``unexpected``:
    read without having been added, or before it. ``refused``: read although adding it failed. ``duplicated``: twice in
    one read. ``recovered``: read, and its adding never answered.
    """

    verdict: Verdict
    reason: Reason | None
    acknowledged: int
    reads: int
    lost: tuple[Value, ...] = ()
    stale: tuple[Value, ...] = ()
    never_read: tuple[Value, ...] = ()
    unexpected: tuple[Value, ...] = ()
    refused: tuple[Value, ...] = ()
    duplicated: tuple[Value, ...] = ()
    recovered: tuple[Value, ...] = ()


@dataclass(slots=True)
class _Element:
    value: Value
    called: float = inf
    acknowledged: float = inf
    open: bool = False
    failed: bool = False
    #: by when it was certainly there: its adding or a read of it had returned
    known: float = inf
    first_read: float = inf
    last_read: float = -inf
    twice: bool = False


@dataclass(slots=True)
class _Seen:
    elements: dict[Hashable, _Element] = field(default_factory=dict)
    reads: list[tuple[int, frozenset[Hashable]]] = field(default_factory=list)

    def element(self, value: Value) -> _Element:
        return self.elements.setdefault(distinct(value), _Element(value))


def check(operations: Iterable[Operation], *, stale_refutes: bool = False) -> Elements:
    """Judge ``add`` element and ``read`` -> all elements.

    Source: Jepsen's ``set`` (lost, unexpected, recovered by a last read) and ``set-full`` (known, stable, stale, never
    read; duplicates within a read). Lost, unexpected and doubled elements refute, stale ones only with
    ``stale_refutes``: a linearizable set has none. An open add that nobody read is no loss; a set that was never read
    is never verified. Raises ValueError for other operations.
    """
    seen = _Seen()
    if (taken := bounded(operations)) is None:
        return Elements(Verdict.UNVERIFIABLE, Reason.BUDGET, 0, 0)
    for each in taken:
        _take(each, seen)
    for element in seen.elements.values():
        element.known = min(element.acknowledged, element.first_read)
    told = _told(seen)
    acknowledged = sum(each.acknowledged < inf for each in seen.elements.values())
    verdict, reason = _verdict(told, acknowledged, len(seen.reads), stale_refutes)
    return Elements(verdict, reason, acknowledged, len(seen.reads), **told)


def _take(operation: Operation, seen: _Seen) -> None:
    if operation.operation == "add" and len(operation.arguments) == 1:
        element = seen.element(operation.arguments[0])
        element.called = min(element.called, operation.call_ns)
        if operation.outcome is Outcome.OK:
            element.acknowledged = min(element.acknowledged, operation.ends_ns)
        elif operation.outcome is Outcome.FAIL:
            element.failed = True
        else:
            element.open = True
    elif operation.operation != "read":
        raise ValueError(f"a set that grows has add and read, not {operation.operation}")
    elif operation.outcome is Outcome.OK and isinstance(operation.result, tuple):
        _read(operation, operation.result, seen)


def _read(operation: Operation, result: Sequence[Value], seen: _Seen) -> None:
    counts = Counter(distinct(value) for value in result)
    returned = operation.ends_ns
    for value in result:
        element = seen.element(value)
        element.first_read = min(element.first_read, returned)
        element.last_read = max(element.last_read, returned)
        element.twice = element.twice or counts[distinct(value)] > 1
    seen.reads.append((operation.call_ns, frozenset(counts)))


def _told(seen: _Seen) -> dict[str, tuple[Value, ...]]:
    told: dict[str, list[Value]] = {name: [] for name in _TOLD}
    last = max((call for call, _ in seen.reads), default=-inf)
    for value, each in seen.elements.items():
        missed = max((call for call, found in seen.reads if call > each.known and value not in found), default=-inf)
        was_read = each.first_read < inf
        if missed > each.last_read:
            told["lost"].append(each.value)
        elif missed > -inf:
            told["stale"].append(each.value)
        if each.acknowledged < inf and not was_read and last <= each.acknowledged:
            told["never_read"].append(each.value)
        if was_read and each.first_read < each.called:
            told["unexpected"].append(each.value)
        elif was_read and each.acknowledged == inf:
            told["recovered" if each.open else "refused"].append(each.value)
        if each.twice:
            told["duplicated"].append(each.value)
    return {name: tuple(some) for name, some in told.items()}


def _verdict(
    told: dict[str, tuple[Value, ...]], acknowledged: int, reads: int, stale_refutes: bool
) -> tuple[Verdict, Reason | None]:
    if told["lost"] or told["unexpected"] or told["duplicated"] or (stale_refutes and told["stale"]):
        return Verdict.REFUTED, None
    if not (acknowledged and reads):
        return Verdict.UNVERIFIABLE, Reason.VACUOUS
    if told["never_read"]:
        return Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE
    return Verdict.VERIFIED, None
