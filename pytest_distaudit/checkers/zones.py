"""Registers whose written values are all different: linearizable or not in O(n log n), by zones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import attrgetter

from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.linearizability import Linearizability
from pytest_distaudit.checkers.values import distinct
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome, Value


@dataclass(slots=True, eq=False)
class _Cluster:
    """A value's write and reads. ``first``: the smallest return, ``last``: the largest call.

    A forward zone if ``first`` < ``last``: the value was certainly held from then to then. A backward one otherwise:
    its operations can all have taken effect at one moment between ``last`` and ``first``.
    """

    write: Operation | None
    first: float = inf
    last: float = -inf


def check(operations: Iterable[Operation], initial: Value = None, *, keyed: bool = False) -> Linearizability | None:
    """Judge a register of ``read`` and ``write``; with ``keyed`` one for each key, the first argument.

    None where the rule does not apply: a value was written twice or is the initial one, or there are other operations.
    Source: Gibbons & Korach 1997, "Testing shared memories" (zones). A read of a value that was never written, or
    that returned before its write was called, is illegal. Otherwise the register is linearizable if no two forward
    zones overlap and no backward zone lies inside a forward one; zones that only touch do not (intervals are closed).
    The initial value was written before all time. An open write returns never and is dropped if nobody read it, open
    reads and failed operations are dropped.
    """
    parts: dict[Hashable, list[Operation]] = {}
    checked = 0
    arguments = {"read": int(keyed), "write": int(keyed) + 1}
    if (taken := bounded(operations)) is None:
        return Linearizability(Verdict.UNVERIFIABLE, Reason.BUDGET)
    for each in taken:
        if len(each.arguments) != arguments.get(each.operation, -1):
            return None
        outcome = each.outcome
        if outcome is Outcome.FAIL or (outcome is Outcome.INDETERMINATE and each.operation == "read"):
            continue
        checked += outcome is Outcome.OK
        part = distinct(each.arguments[0]) if keyed else None
        try:
            parts[part].append(each)
        except KeyError:
            parts[part] = [each]
    if not checked:
        return Linearizability(Verdict.UNVERIFIABLE, Reason.VACUOUS)
    return _check_parts(parts, initial, checked)


def _check_parts(parts: dict[Hashable, list[Operation]], initial: Value, checked: int) -> Linearizability | None:
    """All parts are looked at before any is refuted: where one is not for this rule, another rule judges them all."""
    refuted: Linearizability | None = None
    for part, some in parts.items():
        clusters = _clusters(some, initial)
        if clusters is None:
            return None
        if refuted is None and (witness := _illegal(some, clusters) or _conflict(some, clusters)):
            refuted = Linearizability(Verdict.REFUTED, None, checked, part, witness, _latest(witness))
    return refuted or Linearizability(Verdict.VERIFIED, checked=checked)


def _clusters(operations: Sequence[Operation], initial: Value) -> dict[Hashable, _Cluster] | None:
    """Value -> cluster; None if values are not unique. A read of what nobody wrote finds a cluster without a write."""
    clusters: dict[Hashable, _Cluster] = {distinct(initial): _Cluster(None, -inf)}
    reads: list[Operation] = []
    for each in operations:
        if each.operation == "read":
            reads.append(each)
            continue
        written = each.arguments[-1]
        # most values are plain; asking for the others costs more than all else here
        value = written if type(written) in (int, str) else distinct(written)
        if value in clusters:
            return None
        returned = each.return_ns if each.outcome is Outcome.OK else None
        clusters[value] = _Cluster(each, inf if returned is None else returned, each.call_ns)
    for each in reads:
        result, returned = each.result, each.return_ns
        value = result if type(result) in (int, str) else distinct(result)
        found = clusters.get(value)
        if found is None:
            clusters[value] = found = _Cluster(None)
        if returned is not None and returned < found.first:
            found.first = returned
        if each.call_ns > found.last:
            found.last = each.call_ns
    return clusters


def _illegal(operations: Sequence[Operation], clusters: dict[Hashable, _Cluster]) -> tuple[Operation, ...]:
    """A read of what nobody wrote, or that returned before the write was called."""
    bad = {
        value
        for value, each in clusters.items()
        if (each.write is None and each.first != -inf) or (each.write is not None and each.first < each.write.call_ns)
    }
    if not bad:
        return ()
    reads = [each for each in operations if each.operation == "read" and distinct(each.result) in bad]
    first = min(reads, key=attrgetter("ends_ns"))
    write = clusters[distinct(first.result)].write
    return (first,) if write is None else (first, write)


def _conflict(operations: Sequence[Operation], clusters: dict[Hashable, _Cluster]) -> tuple[Operation, ...]:
    """Two values that would each have to be held before the other."""
    forward = sorted((each for each in clusters.values() if each.first < each.last), key=attrgetter("first"))
    for one, other in pairwise(forward):
        if other.first < one.last:
            return _shown(operations, clusters, one, other)
    starts = [each.first for each in forward]
    for each in clusters.values():
        before = bisect_left(starts, each.last) - 1
        if each.first >= each.last and before >= 0 and each.first < forward[before].last:
            return _shown(operations, clusters, forward[before], each)
    return ()


def _shown(
    operations: Sequence[Operation], clusters: dict[Hashable, _Cluster], one: _Cluster, other: _Cluster
) -> tuple[Operation, ...]:
    """Of both values the writes, and the operations at whose return and call their zones begin and end."""
    shown: dict[int, Operation] = {}
    for cluster in (one, other):
        own = [each for each in operations if clusters[_value(each)] is cluster]
        returned = [each for each in own if each.return_ns == cluster.first and each.outcome is Outcome.OK]
        called = [each for each in own if each.call_ns == cluster.last]
        written = [] if cluster.write is None else [cluster.write]
        shown |= {id(each): each for each in (*written, *returned[:1], *called[:1])}
    return tuple(sorted(shown.values(), key=attrgetter("call_ns")))


def _value(operation: Operation) -> Hashable:
    return distinct(operation.result if operation.operation == "read" else operation.arguments[-1])


def _latest(witness: Sequence[Operation]) -> Operation:
    closed = [each for each in witness if each.outcome is Outcome.OK]
    return max(closed, key=attrgetter("ends_ns"))
