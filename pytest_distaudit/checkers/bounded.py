"""How much of a history is judged: memory and time have an end, whatever was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from pytest_distaudit.ports.history import MOST, Operation


def bounded(operations: Iterable[Operation], most: int = MOST) -> Sequence[Operation] | None:
    """All of them; None if there are more than ``most``: the rest is not even taken, and nothing can be said of it."""
    found = operations if isinstance(operations, Sequence) else list(islice(operations, most + 1))
    return None if len(found) > most else found
