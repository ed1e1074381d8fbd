"""Faults: what may be done to a disposable system, each with its undo."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What is done to one system.

    A *crash* ends the processes that serve without a word, and whoever looks after them may start them again. An
    *outage* takes the whole system away in order and keeps it away. A *freeze* halts the processes that serve: their
    ports still accept connections, nobody answers.
    """

    CRASH = "crash"
    OUTAGE = "outage"
    FREEZE = "freeze"


def named(fault: Fault, held: tuple[str, ...] = ()) -> str:
    """The fault in words, with the systems that stand still meanwhile."""
    return f"{fault.value} while {', '.join(held)} stands still" if held else fault.value


@dataclass(frozen=True, slots=True)
class Course:
    """How an experiment goes, in seconds.

    ``steady_s`` without a fault, before and after; the fault lasts ``hold_s``, is done ``times`` times, and after each
    the system has ``patience_s`` to serve again. ``rate``: how often a second each operation is asked. ``unaided``: no
    further round tells anything once the audit had to bring it back. ``effects_s``: how long after the last request the
    effects of all are waited for (0: nobody reads them), ``rest_s``: how long that is watched at least.
    """

    hold_s: float
    patience_s: float
    times: int = 1
    steady_s: float = 2.0
    rate: float = 20.0
    unaided: bool = False
    effects_s: float = 0.0
    rest_s: float = 0.0

    def joined(self, other: Course) -> Course:
        """One that shows whatever either of them does."""
        return Course(
            max(self.hold_s, other.hold_s),
            max(self.patience_s, other.patience_s),
            max(self.times, other.times),
            max(self.steady_s, other.steady_s),
            max(self.rate, other.rate),
            self.unaided and other.unaided,
            max(self.effects_s, other.effects_s),
            max(self.rest_s, other.rest_s),
        )

    @property
    def least_s(self) -> float:
        """How long it takes if the system serves again at once."""
        return self.steady_s + self.times * (self.hold_s + self.steady_s) + self.rest_s
