"""A refuted history made small: what is left out can only have made it easier to refute, never harder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from pytest_distaudit.checkers._compiled import Compiled
from pytest_distaudit.checkers._search import Search
from pytest_distaudit.checkers.models import Model
from pytest_distaudit.ports.history import Operation, Outcome


def broken_prefix(operations: Sequence[Operation], model: Model, deepest: int) -> tuple[Operation, list[Operation]]:
    """The return that no order explains, and the history up to it: linearizability is closed under prefixes.

    ``deepest``: how many returns some order explains. What had not returned by then is open.
    """
    compiled = Compiled(operations, model)
    stuck = compiled.closed[deepest]
    until = stuck.ends_ns
    closed = compiled.closed[: deepest + 1]
    later = [*compiled.closed[deepest + 1 :], *compiled.open]
    under_way = [_opened(each) for each in later if each.call_ns <= until and not model.observes(each)]
    return stuck, _since_known(sorted([*closed, *under_way], key=lambda each: each.call_ns), model)


def _since_known(operations: Sequence[Operation], model: Model) -> list[Operation]:
    """From the last operation that nothing overlaps and after which the state is known whatever came before."""
    start, returned, next_call = 0, -inf, [each.call_ns for each in operations[1:]]
    for number, each in enumerate(operations):
        alone = returned < each.call_ns and (number == len(next_call) or each.ends_ns < next_call[number])
        if alone and model.forgets(each):
            start = number
        returned = max(returned, each.ends_ns)
    return list(operations[start:])


def shrunk(operations: Sequence[Operation], model: Model, work: int) -> list[Operation]:
    """Fewer of them that are refuted as well, after delta debugging (Zeller & Hildebrandt 2002), within ``work``.

    Left out is only what cannot matter to a linearizable history: what observes, and what nobody observed.
    """
    kept = list(operations)
    size = len(kept)
    left = work
    again = True
    while again and left > 0:
        again = size > 1
        size = max(1, size // 2)
        start = 0
        while start < len(kept) and left > 0:
            fewer = _without(kept, start, size, model)
            refuted = False
            if len(fewer) < len(kept):
                refuted, spent = _refuted(fewer, model, left)
                left -= spent
            if refuted:
                kept, again = fewer, True
            else:
                start += size
    return kept


def _without(kept: Sequence[Operation], start: int, size: int, model: Model) -> list[Operation]:
    idle = model.unobserved(kept)
    return [
        each
        for number, each in enumerate(kept)
        if not (start <= number < start + size and (number in idle or model.observes(each)))
    ]


def _refuted(operations: Sequence[Operation], model: Model, work: int) -> tuple[bool, int]:
    search = Search(Compiled(operations, model))
    found = search.run(work, work)
    # compiling costs as well
    return found is False, search.work + len(operations)


def _opened(operation: Operation) -> Operation:
    return replace(operation, outcome=Outcome.INDETERMINATE, result=None, return_ns=None)
