"""What a load at fixed moments brought, and who can send one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.fetch import Request


class Fate(StrEnum):
    """What became of one request, in one letter."""

    GOOD = "."
    #: a success without the request's nonce, and with that of another request
    PLAIN, CANNED = "n", "c"
    FAILED = "e"
    #: not answered in the time it had, and not sent because too many were under way
    OPEN, HELD = "t", "x"


@dataclass(frozen=True, slots=True)
class Shot:
    """One request, ``due`` so many seconds after the begin. ``ok``: the statuses that are a success; () for any 2xx."""

    due: float
    request: Request
    nonce: str
    ok: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One request's fate. ``sent`` in seconds after the begin: when the first byte, or the connection for it, was
    about to go; ``took`` in seconds from then until the last byte of the answer, or until it was given up.
    """

    sent: float
    took: float
    fate: Fate
    said: str = ""


@dataclass(frozen=True, slots=True)
class Strain:
    """How busy the audit's machine was: processes that ran or wanted to, looked at now and then (empty where that
    cannot be seen), its processors, and the share of their time that other machines took.
    """

    running: tuple[int, ...] = ()
    processors: int = 1
    stolen: float = 0.0


class Generator(Protocol):
    """Sends requests when they are due, whatever becomes of earlier ones; nothing is tried twice."""

    @property
    def control(self) -> str:
        """The URL of a server of the audit's own beside it, which answers at once with the path it is asked."""
        ...

    def fire(self, shots: Sequence[Shot], patience_s: float) -> tuple[Sequence[Hit], Strain]:
        """A hit for each shot, in their order, which is that of ``due``."""
        ...


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of load at one ``rate``, its warm-up left out. All times in microseconds.

    ``due`` since the begin of the phase; ``lag``: how much later it went; ``took`` since then; ``fates``: a letter for
    each, see Fate. ``control``: how long, at the same moments, answers of the audit's own server took since they were
    due; ``lost``: how many of these never came. ``said``: the first failure in words.
    """

    rate: float
    seconds: float
    due: tuple[int, ...]
    lag: tuple[int, ...]
    took: tuple[int, ...]
    fates: str
    control: tuple[int, ...]
    lost: int
    strain: Strain
    said: str = ""

    def many(self, *fates: Fate) -> int:
        """How many had one of these."""
        return sum(self.fates.count(fate.value) for fate in fates)


@dataclass(frozen=True, slots=True)
class Load(Capability):
    """An operation under load. Args: ``operation``, ``course`` (what was meant to be done, in words).

    ``quiet``: the operation asked now and then before any load; ``phases`` in the order in which they were done.
    ``local``: whether the system is on the audit's own machine. ``connections`` were kept from request to request.
    """

    capability = "load"
    operation: str
    quiet: Phase
    phases: tuple[Phase, ...]
    local: bool
