"""How one disposable system is disturbed, by whoever has started it."""

from __future__ import annotations

from typing import Protocol


class Control(Protocol):
    """A hand on one system's processes. Every method may be called at any time and raises Uncontrolled if it cannot
    do what it says; to undo what was not done does no harm.
    """

    def serving(self) -> str:
        """Which processes serve now, as a text that no other start of them has; "" if none does."""
        ...

    def crash(self) -> float:
        """Kill the processes that serve, and leave those alone that look after them; returns the last moment, by the
        monotonic clock, at which none of them had been killed.
        """
        ...

    def take_away(self) -> None:
        """End the whole system in order; nobody starts it again."""
        ...

    def bring_back(self) -> None:
        """Start it again, as it was started first; returns when it is ready. Does nothing to one that serves."""
        ...

    def freeze(self) -> None:
        """Halt the processes that serve, and leave those alone that look after them; returns when they stand still."""
        ...

    def frozen(self) -> bool:
        """Whether what was halted still stands still, by the word of whoever runs it."""
        ...

    def thaw(self) -> None:
        """Let them go on."""
        ...


class Uncontrolled(Exception):
    """What was to be done to a system could not be done; says why."""
