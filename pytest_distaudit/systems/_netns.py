"""Networks of this host's containers, seen from outside: who is in them, and which sockets they have.

Linux alone tells of them, and root alone may look into all. None is "not known".
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_distaudit.systems._local import Connection

_PROC = Path("/proc")
_TABLE_BYTES = 4 * 1024 * 1024
#: states of sockets in the kernel's tables
ESTABLISHED, LISTENING, UNCONNECTED = "01", "0A", "07"
TCP, UDP = ("tcp", "tcp6"), ("udp", "udp6")
_STATES = {ESTABLISHED: "ESTABLISHED", LISTENING: "LISTEN"}
_LITTLE = socket.htonl(1) != 1
_GONE = (FileNotFoundError, ProcessLookupError)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Place = tuple[Address, int]
#: network, by the kernel's own name -> its processes
Networks = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Socket:
    """One row of a table; IPv4 addresses are plain ones also where an IPv6 socket has them."""

    local: Place
    remote: Place
    state: str
    inode: int


def sockets(pid: int, tables: Iterable[str] = TCP) -> list[Socket]:
    """All of the network that ``pid`` is in. Raises OSError, also if a table is too long to be read whole."""
    found = []
    for table in tables:
        place = _PROC / str(pid) / "net" / table
        if table.endswith("6") and not place.exists():
            continue  # a kernel without IPv6
        found += rows(_text(place))
    return found


def rows(table: str) -> list[Socket]:
    """The sockets of one of the kernel's tables."""
    cells = (line.split() for line in table.splitlines()[1:])
    return [Socket(_place(row[1]), _place(row[2]), row[3], int(row[9])) for row in cells if len(row) > 9]


def _place(text: str) -> Place:
    """The kernel writes addresses as 32-bit words in its own byte order."""
    where, _, port = text.partition(":")
    words = [bytes.fromhex(where[at : at + 8])[:: -1 if _LITTLE else 1] for at in range(0, len(where), 8)]
    return _plain(b"".join(words)), int(port, 16)


def _plain(packed: bytes) -> Address:
    found = ipaddress.ip_address(packed)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def written(place: Place) -> str:
    """``address:port``; "" for the far end of a socket that has none."""
    return f"{place[0]}:{place[1]}" if place[1] else ""


def addresses(pid: int) -> set[Address]:
    """The network's own addresses, those of loopback among them. Raises OSError."""
    net = _PROC / str(pid) / "net"
    found = set(_local_addresses(_text(net / "fib_trie")))
    if (net / "if_inet6").exists():
        found |= {_plain(bytes.fromhex(line.split()[0])) for line in _text(net / "if_inet6").splitlines()}
    return found


def _local_addresses(trie: str) -> Iterator[Address]:
    """A leaf's address stands in the line above what it is."""
    leaf = ""
    for line in trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            leaf = words[1]
        elif words[-2:] == ["host", "LOCAL"] and words[0] == "/32":
            yield ipaddress.ip_address(leaf)


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        read = stream.read(_TABLE_BYTES)
        if len(read) == _TABLE_BYTES:
            raise OSError(f"{path} is longer than {_TABLE_BYTES} bytes")
    return read.decode("ascii", "replace")


def networks() -> Networks | None:
    """All networks of this host but the audit's own; None unless every container can be looked into."""
    found: dict[str, list[int]] = {}
    try:
        own = os.readlink(_PROC / "self/ns/net")
        for entry in filter(str.isdecimal, os.listdir(_PROC)):
            with suppress(*_GONE):
                found.setdefault(_network(entry) or own, []).append(int(entry))
    except OSError:
        return None
    return {name: tuple(sorted(pids)) for name, pids in found.items() if name != own}


def _network(pid: str) -> str:
    """ "" for a process of the audit's own kind that may not be looked into, such as init. Raises OSError."""
    try:
        return os.readlink(_PROC / pid / "ns/net")
    except PermissionError:
        lines = _text(_PROC / pid / "status").splitlines()
        numbers = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
        if len(numbers) > 1:
            raise  # by another number inside: a container's
        return ""


def has(pids: Iterable[int], address: Address, port: int) -> bool:
    """Whether somebody listens on ``address`` in the network of these processes. Raises OSError."""
    for pid in pids:
        with suppress(*_GONE):
            if address not in addresses(pid):
                return False
            listening = (one.local for one in sockets(pid) if one.state == LISTENING)
            return any(where[1] == port and where[0] in (address, *EVERYWHERE) for where in listening)
    return False


EVERYWHERE = ipaddress.IPv4Address(0), ipaddress.IPv6Address(0)


def connections(pids: Iterable[int]) -> list[Connection] | None:
    """TCP sockets of the network whose processes these are, each with its owner; None if they cannot be seen."""
    table, owners = None, {}
    try:
        for pid in pids:
            with suppress(*_GONE):
                table = table or sockets(pid)
                owners.update({inode: pid for inode in _held(pid) if inode not in owners})
    except OSError:
        return None
    if table is None:
        return None
    return [
        Connection(written(one.local), written(one.remote), _STATES.get(one.state, one.state), owners.get(one.inode))
        for one in table
    ]


def _held(pid: int) -> Iterator[int]:
    """Inodes of the sockets that a process holds. Raises OSError."""
    folder = _PROC / str(pid) / "fd"
    for entry in os.listdir(folder):
        with suppress(FileNotFoundError):
            kind, _, inode = os.readlink(folder / entry).partition(":")
            if kind == "socket":
                yield int(inode.strip("[]"))
