"""What a system has done for others: the counters that tell use from mere running."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Work(Capability):
    """What a system did for others since its counters began, by one process.

    ``counts``: a sort of work in the product's own words -> how often, only ever growing. Left out is what the
    product does by itself (housekeeping, replication, health checks, scrapes) and what the audit asks.
    ``nonces``: those nonces of the audit (``distaudit-`` and 32 hex digits) that can be read inside; None: what is
    inside cannot be read. ``unseen`` says in words what use would not move any counter, "" if all does.
    ``onward``: those of ``counts`` by which work goes on to others, where handing on is what the system is for.
    """

    capability = "work"
    counts: dict[str, int]
    nonces: tuple[str, ...] | None = None
    unseen: str = ""
    onward: tuple[str, ...] = ()
    way: str = ""
