"""Ten million operations: no checker takes them all, and none says more than that it cannot tell."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from itertools import repeat
from operator import length_hint

import pytest

from pytest_distaudit.checkers import elements, linearizability, registers, total_queue, unique_ids, zones
from pytest_distaudit.checkers.bounded import bounded
from pytest_distaudit.checkers.models import KeyValue
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import MOST, Operation

CHECKERS: dict[str, tuple[Callable[[Iterable[Operation]], object], Operation]] = {
    "linearizability": (
        lambda told: linearizability.check(told, KeyValue()),
        Operation(1, "read", ("key",), None, 1, 2),
    ),
    "zones": (zones.check, Operation(1, "read", (), None, 1, 2)),
    "registers": (registers.check, Operation(1, "read", (), None, 1, 2)),
    "elements": (elements.check, Operation(1, "add", ("x",), None, 1, 2)),
    "total queue": (total_queue.check, Operation(1, "enqueue", ("x",), None, 1, 2)),
    "unique ids": (unique_ids.check, Operation(1, "next", (), 7, 1, 2)),
}


@pytest.mark.parametrize("name", CHECKERS)
def test_ten_million_operations_are_over_every_budget(name: str) -> None:
    check, operation = CHECKERS[name]
    told = repeat(operation, 10_000_000)
    tracemalloc.start()
    try:
        found = check(told)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.BUDGET)  # type: ignore[attr-defined]
    assert 10_000_000 - length_hint(told) == MOST + 1
    assert peak < 64 * MOST


def test_as_many_as_there_may_be_are_taken() -> None:
    operations = [Operation(1, "read", (), None, number, number) for number in range(3)]
    assert bounded(operations, 3) is operations
    assert bounded(iter(operations), 3) == operations
    assert bounded(operations, 2) is None
    assert bounded(iter(operations), 2) is None
