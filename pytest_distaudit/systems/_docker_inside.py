"""What this host knows of a container from outside: its own table of sockets, its published ports dialled."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from pathlib import Path

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.systems._wire import Wire

_PROC = Path("/proc")
_LISTENING, _UNCONNECTED = "0A", "07"
_TABLES = {"tcp": (("tcp", "tcp6"), _LISTENING), "udp": (("udp", "udp6"), _UNCONNECTED)}
_TABLE_BYTES = 4 * 1024 * 1024
#: whoever publishes a port where nobody listens hangs up at once
_PATIENCE_S = 0.3


def is_here(pid: int, container: str) -> bool:
    """Whether process ``pid`` of this host is of that container: the engine may be another machine's."""
    try:
        return pid > 0 and container in (_PROC / str(pid) / "cgroup").read_text("utf-8", "replace")
    except OSError:
        return False


def reachable_sockets(pid: int) -> frozenset[tuple[str, int]] | None:
    """(protocol, port) of sockets in the network of ``pid`` that others can reach; None if that cannot be read."""
    found = set()
    try:
        for protocol, (tables, state) in _TABLES.items():
            for table in tables:
                place = _PROC / str(pid) / "net" / table
                if table.endswith("6") and not place.exists():
                    continue
                with place.open("rb") as stream:
                    text = stream.read(_TABLE_BYTES).decode("ascii", "replace")
                found |= {(protocol, port) for port in _ports(text, state)}
    except OSError:
        return None
    return frozenset(found)


def _ports(table: str, state: str) -> set[int]:
    """Ports of the rows in that state, those bound to loopback left out."""
    ports = set()
    for line in table.splitlines()[1:]:
        cells = line.split()
        if len(cells) > 3 and cells[3] == state:
            where, _, port = cells[1].partition(":")
            if not _address(where).is_loopback:
                ports.add(int(port, 16))
    return ports


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The kernel writes addresses as 32-bit words in its own byte order."""
    words = [bytes.fromhex(text[at : at + 8])[:: -1 if _LITTLE else 1] for at in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


_LITTLE = socket.htonl(1) != 1


def dialled(host: str, port: int, connect_s: float) -> str:
    """What came of connecting: "open", "closed" at once, "refused", "" for anything else."""
    try:
        with Wire(host, port, connect_s + _PATIENCE_S, connect_s) as wire:
            with suppress(Unobservable):
                return "open" if wire.read(_PATIENCE_S) != b"" else "closed"
            return "closed"  # reset
    except Refusal:
        return "refused"
    except Unobservable:
        return ""
