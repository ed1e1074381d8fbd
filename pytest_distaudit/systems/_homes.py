"""Where a system of this host lives: its processes, and the network that they are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_distaudit.systems import _local, _netns, _published
from pytest_distaudit.systems._local import Connection

_LISTEN = "LISTEN"


@dataclass(frozen=True, slots=True)
class Home:
    """The processes, the ports on which they listen, and the network they are in: "" is this host's own."""

    pids: frozenset[int]
    ports: frozenset[str]
    network: str = ""


def native(pid: int) -> Home:
    """That of a process in this host's own network, its descendants included."""
    import psutil

    return Home(trees([pid]), frozenset(map(port_of, _local.listens_on([psutil.Process(pid)]))))


def contained(host: str, port: int) -> Home | None:
    """That of whoever serves the published port of a container; None if it cannot be seen, or not who it is."""
    behind = _published.behind(host, port)
    table = inside(behind.network) if behind else None
    if behind is None or table is None:
        return None
    listening = [one for one in table if one.status == _LISTEN]
    owners = {one.pid for one in listening if one.local in behind.listened}
    pids = trees(pid for pid in owners if pid)
    if not pids or None in owners:
        return None
    return Home(pids, frozenset(port_of(one.local) for one in listening if one.pid in pids), behind.network)


def trees(pids: Iterable[int]) -> frozenset[int]:
    """These processes and all their descendants."""
    import psutil

    found: set[int] = set()
    for pid in pids:
        try:
            found |= {member.pid for member in _local.tree(psutil.Process(pid))}
        except psutil.Error:
            continue
    return frozenset(found)


def inside(network: str) -> list[Connection] | None:
    """TCP sockets of a container's network; None if they cannot be seen."""
    networks = _netns.networks()
    return _netns.connections(networks.get(network, ())) if networks is not None else None


def port_of(place: str) -> str:
    """The port of ``address:port``."""
    return place.rpartition(":")[2]
