"""A lease: one of several runs, wherever they are, has something for a time that it prolongs again and again."""

from __future__ import annotations

from typing import Protocol

#: what it is called in every system that offers one
NAME = "distaudit-experiments"


class Lease(Protocol):
    """One run's side of it. Lapses by itself where the run has died; not shared between threads."""

    def take(self) -> str:
        """Try to have it. "" where that is so from now on, else who has it. Raises Unobservable."""
        ...

    def prolong(self) -> bool:
        """Whether it is this run's still, and for its whole length again. Raises Unobservable."""
        ...

    def give_back(self) -> None:
        """Let others have it, where it is this run's, and end the conversation; never raises."""
        ...
