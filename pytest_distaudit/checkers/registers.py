"""Registers, by the rule that suits the history: zones where all written values differ, else the search."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_distaudit.checkers import linearizability, zones
from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.linearizability import Limits, Linearizability
from pytest_distaudit.checkers.models import KeyValue, Register
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Value


def check(
    operations: Iterable[Operation], initial: Value = None, *, keyed: bool = False, limits: Limits | None = None
) -> Linearizability:
    """Judge ``read``, ``write`` and ``cas`` of a register; with ``keyed`` of one for each key, the first argument.

    Both rules give the same verdict where both apply. Raises ValueError for any other operation.
    """
    if (taken := bounded(operations)) is None:
        return Linearizability(Verdict.UNVERIFIABLE, Reason.BUDGET)
    found = zones.check(taken, initial, keyed=keyed)
    if found is not None:
        return found
    model = KeyValue(initial) if keyed else Register(initial)
    return linearizability.check(taken, model, limits)
