"""Which of an agent's counted look-ups were this process's own: they are nobody's use of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_distaudit.systems._consul_session import METRICS, ConsulSession
from pytest_distaudit.systems._consul_words import counted


@dataclass(frozen=True, slots=True)
class _Own:
    """``made`` look-ups, and what the agent's count was when they were over."""

    made: int
    count: int


#: (run of an agent, service in lower case) -> what this process looked up there
_OWN: dict[tuple[str, str], _Own] = {}


class Making:
    """Look-ups of one service under way; ``made`` are those that the agent answered."""

    made = 0


@contextmanager
def looking_up(session: ConsulSession, service: str) -> Iterator[Making]:
    """Remember the look-ups made inside the block, where the agent counts them itself.

    One that has a leader count in its place does not; nor does one that keeps no counts. ``session.identity`` is known.
    """
    making, before = Making(), _count(session, service)
    try:
        yield making
    finally:
        after = _count(session, service)
        if before is not None and after is not None and after - before >= making.made:
            key = session.identity, service.lower()
            _OWN[key] = _Own(_own(session.identity, service, before) + making.made, after)


def by_others(identity: str, metrics: str, service: str) -> int:
    """How often others than this process looked the service up, by the agent's count in ``metrics``."""
    count = counted(metrics, service)
    return count - _own(identity, service, count)


def own_lookups(identity: str, metrics: str) -> int:
    """How many look-ups of any service in ``metrics`` are this process's own."""
    services = [service for run, service in _OWN if run == identity]
    return sum(_own(identity, service, counted(metrics, service)) for service in services)


def _own(identity: str, service: str, count: int) -> int:
    """How many of ``count`` are own: none of those that began anew, because the agent forgets what rests too long."""
    own = _OWN.get((identity, service.lower()))
    return own.made if own is not None and own.count <= count else 0


def _count(session: ConsulSession, service: str) -> int | None:
    session.forget(METRICS)
    metrics = session.metrics()
    session.forget(METRICS)
    return None if metrics is None else counted(metrics, service)
