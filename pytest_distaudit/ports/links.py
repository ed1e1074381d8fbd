"""A link between two systems with a relay in its way, and what was seen to go over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that the caller sent: an HTTP request, or of another protocol what came in one piece.

    ``at``: when its first bytes came; ``connection``: on which one; ``words`` are its method and path, and what is
    called by JSON-RPC, "" where that is not known; ``nonces``: the audit's own that it carried.
    """

    at: float
    connection: int
    words: str = ""
    nonces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One connection of the caller. ``closed``: when the caller ended it; None if it did not."""

    number: int
    opened: float
    closed: float | None = None


@dataclass(frozen=True, slots=True)
class Arrivals(Capability):
    """All that arrived at the relay in front of a system during one experiment, in order. Args: ``fault``, ``caller``.

    Seconds since the epoch. ``requests``: whether arrivals are HTTP requests. What the audit itself sent there is left
    out. Whatever the relay did with it: it stands before the system, and sees what was meant for it.
    """

    capability = "arrivals"
    requests: bool
    arrivals: tuple[Arrival, ...]
    lines: tuple[Line, ...]

    def between(self, began: float, ended: float) -> tuple[Arrival, ...]:
        """What arrived in this time."""
        return tuple(one for one in self.arrivals if began <= one.at < ended)


class Relay(Protocol):
    """Stands between one caller and one system. Thread-safe; times are of the monotonic clock, in seconds."""

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) where the caller finds it."""
        ...

    @property
    def speaks_http(self) -> bool:
        """Whether it understands what it passes on, and can answer in the system's place."""
        ...

    def own(self, port: int, *, still: bool = True) -> None:
        """The next that comes from this local port is the audit's own: treated alike, and not counted."""
        ...

    def stand(self, fault: Fault | None, delay_s: float = 0.0) -> None:
        """Do this to all that comes from now on; None: pass everything on. Raises Uncontrolled."""
        ...

    def seen(self) -> tuple[tuple[Arrival, ...], tuple[Line, ...]]:
        """All that has come so far. Raises Uncontrolled once more came than it remembers."""
        ...
