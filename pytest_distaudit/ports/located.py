"""A system that has been found or started: where it is and what is known of its process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from pytest_distaudit.domain.target import NestedSystems, Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.control import Control
from pytest_distaudit.ports.links import Relay
from pytest_distaudit.ports.timing import Startup


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is known of a system's process without asking the system.

    ``log_tail`` is its last words; ``startup`` how its start went, where the audit started it. ``run`` tells this run
    from any other one where no pid can be seen: of a container its id and start; "" if unknown.
    """

    running: bool
    pid: int | None = None
    exit_code: int | None = None
    log_tail: str = ""
    startup: Startup | None = None
    run: str = ""


@dataclass(frozen=True)
class Located:
    """One system with addresses that can be dialled.

    ``source`` is "attach" or "native"; ``inventory`` reads the state of a process that the audit
    started or that the target names by pid (None: nothing is known of its process).
    ``neighbours`` are (host, port) of the target's other endpoints: second witnesses.
    ``unavailable``: why the system could not be had at all (reason, sentence); then nothing is asked.
    ``control`` disturbs it, where the audit started it and the target declares it disposable (None: nobody may).
    ``relays``: caller -> the relay over which it reaches this system, where the audit has put one in the way;
    ``unrelayed``: caller -> why it could not (reason, sentence).
    ``inside``: the engine of whose containers ``container`` (its name or Compose service) holds the system;
    ``nested``: what is in the system's own containers.
    """

    system: str
    kind: str
    endpoints: Mapping[str, str]
    source: str = "attach"
    probes: Probes = Probes.READ
    disposable: bool = False
    health: str | None = None
    identity: str | None = None
    inventory: Callable[[], Inventory] | None = None
    neighbours: tuple[tuple[str, int], ...] = field(default=())
    unavailable: tuple[Reason, str] | None = None
    inside: Located | None = None
    container: str = ""
    nested: NestedSystems | None = None
    control: Control | None = None
    relays: Mapping[str, Relay] = field(default_factory=dict)
    unrelayed: Mapping[str, tuple[Reason, str]] = field(default_factory=dict)

    @cached_property
    def place(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The system and its addresses, hashable: what evidence is kept by."""
        return self.system, tuple(sorted(self.endpoints.items()))


def address(url: str, default_port: int = 0) -> tuple[str, int]:
    """(host, port) of a URL; the port of the scheme's custom where none is written."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or default_port or _CUSTOMARY.get(parts.scheme, 0)


_CUSTOMARY = {
    "http": 80,
    "https": 443,
    "postgresql": 5432,
    "postgres": 5432,
    "amqp": 5672,
    "amqps": 5671,
    "redis": 6379,
    "rediss": 6379,
    "kafka": 9092,
    "kafkas": 9093,
}
