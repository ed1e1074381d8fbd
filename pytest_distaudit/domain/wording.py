"""Small words that checks and reports share."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 10


def counted(number: int, noun: str) -> str:
    """``1 queue``, ``2 queues``: regular nouns only."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str], none: str = "none") -> str:
    """The first ten, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or none) + more
