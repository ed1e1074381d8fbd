"""A small history as text: a line for each operation, with who called it, from when to when, and what it said."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from pytest_distaudit.ports.history import Operation, Outcome, Value

_WIDTH: Final = 40
#: characters of a value that are shown
_LONG: Final = 24


def timeline(operations: Sequence[Operation], width: int = _WIDTH) -> list[str]:
    """One line each, by process and call. Columns are the order of calls and returns, not their times.

    ``[==]`` overlaps whatever shares a column with it; ``[==>`` never returned. Foreign values are shown as Python
    writes them, shortened: whoever prints them still has to escape them for its own format.
    """
    ordered = sorted(operations, key=lambda each: (each.process, each.call_ns))
    moments = sorted({at for each in ordered for at in (each.call_ns, each.ends_ns) if at < inf})
    step = min(1.0, (width - 1) / max(1, len(moments) - 1))
    columns = {moment: round(number * step) for number, moment in enumerate(moments)}
    end = max(columns.values(), default=0)
    return [f"{_who(each):<12} {_bar(each, columns, end)}  {_said(each)}" for each in ordered]


def _who(operation: Operation) -> str:
    return f"{operation.process} at {operation.node}" if operation.node else str(operation.process)


def _bar(operation: Operation, columns: dict[float, int], end: int) -> str:
    start, stop = columns[operation.call_ns], columns.get(operation.ends_ns, end)
    if stop == start:
        bar = ">" if operation.ends_ns == inf else "|"
    else:
        bar = f"[{'=' * (stop - start - 1)}{'>' if operation.ends_ns == inf else ']'}"
    return f"{' ' * start}{bar}".ljust(end + 1)


def _said(operation: Operation) -> str:
    called = " ".join([operation.operation, *map(_short, operation.arguments)])
    if operation.outcome is not Outcome.OK:
        return f"{called} ({operation.outcome.value})"
    return (
        called
        if operation.result is None and operation.operation != "read"
        else f"{called} -> {_short(operation.result)}"
    )


def _short(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."
