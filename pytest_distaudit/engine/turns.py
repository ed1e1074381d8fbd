"""Who may do what at the same time: one performs at once, none while the audit rests; who disturbs is alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum


class Turn(StrEnum):
    """What somebody is about to do. Several look at once, or rest; what two perform shows in each other's counters."""

    LOOK = "look"
    PERFORM = "perform"
    REST = "rest"
    DISTURB = "disturb"


_EXCLUDED = {
    Turn.LOOK: {Turn.DISTURB},
    Turn.PERFORM: {Turn.DISTURB, Turn.REST, Turn.PERFORM},
    Turn.REST: {Turn.DISTURB, Turn.PERFORM},
    Turn.DISTURB: set(Turn),
}


class Turns:
    """Has everybody wait for their turn. Who waits to disturb comes before those that ask later."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._going: Counter[Turn] = Counter()
        self._waiting: Counter[Turn] = Counter()

    @contextmanager
    def taken(self, turn: Turn) -> Iterator[None]:
        """For a block that does this."""
        with self._changed:
            self._waiting[turn] += 1
            self._changed.wait_for(lambda: self._free(turn))
            self._waiting[turn] -= 1
            self._going[turn] += 1
        try:
            yield
        finally:
            with self._changed:
                self._going[turn] -= 1
                self._changed.notify_all()

    def _free(self, turn: Turn) -> bool:
        if turn is not Turn.DISTURB and self._waiting[Turn.DISTURB]:
            return False
        return not any(self._going[other] for other in _EXCLUDED[turn])
