"""Whether a history can be judged at all: what speaks against how it was recorded, not against the system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_distaudit.ports.history import Operation, Outcome


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is wrong with ``operation``, in a few words."""

    operation: Operation
    trouble: str


def malformed(operations: Iterable[Operation]) -> list[Malformed]:
    """Every operation that a history of sequential clients cannot hold, in the order of calls.

    Source: Herlihy & Wing 1990 (each process calls one operation at a time); Knossos: a process whose operation never
    answered is retired and goes on under a new number. An answer of another node than the one asked is told, too:
    what was meant for one node then says nothing about it.
    """
    found = []
    last: dict[int, Operation] = {}
    for each in sorted(operations, key=lambda one: (one.call_ns, one.return_ns or one.call_ns)):
        before = last.get(each.process)
        if before is not None and before.outcome is Outcome.INDETERMINATE:
            found.append(Malformed(each, f"process {each.process} went on after an operation that never answered"))
        elif before is not None and before.return_ns is not None and each.call_ns < before.return_ns:
            found.append(Malformed(each, f"process {each.process} called it before its last one had returned"))
        if each.answered_by and each.node and each.answered_by != each.node:
            found.append(Malformed(each, f"{each.node} was asked, {each.answered_by} answered"))
        last[each.process] = each
    return found
