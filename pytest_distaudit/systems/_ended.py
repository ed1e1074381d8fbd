"""Connections that end, heard as they do: the kernel tells of every socket that it destroys (sock_diag(7)).

What is opened for one question and closed at once is in no table when one looks; here nothing of it is missed. Who
it belonged to is not told. One ear per network and process of ours; it is emptied with every look. Root alone may
listen.
"""

from __future__ import annotations

import atexit
import ipaddress
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.systems._netns_enter import within

_NETLINK_SOCK_DIAG, _TCP_AND_TCP6 = 4, 1 << 0 | 1 << 2
_SO_RCVBUFFORCE, _BUFFER_BYTES = 33, 16 * 1024 * 1024
_HEAD, _PORTS = struct.Struct("=IHHII"), struct.Struct("!HH")
#: of inet_diag_msg after the netlink header: family, state, timer, retrans, then the ends
_AT_PORTS, _AT_SOURCE, _AT_TO = 20, 24, 40
#: who was not asked about for so long is counted anew
_FORGOTTEN_S = 30.0
_READ = 64 * 1024


@dataclass(slots=True)
class _Counts:
    """Of one system: connections by the caller's address, as either end told of them."""

    ports: frozenset[str]
    asked: float
    by_server: Counter[str] = field(default_factory=Counter)
    by_caller: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, int]:
        """Each connection once, though both of its ends may be here."""
        return dict(self.by_server | self.by_caller)


class Ear:
    """Hears what ends in one network. Thread-safe. Raises Unobservable where that is not allowed."""

    def __init__(self, inside: int | None) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, _Counts] = {}
        try:
            # opened inside another network, it stays there
            self._socket = _listening() if inside is None else within(inside, _listening)
        except OSError as error:
            detail = f"connections that end at once are told to root alone ({error.strerror})"
            raise Unobservable(Reason.FORBIDDEN, detail) from None

    def ended(self, who: str, ports: Collection[str]) -> dict[str, int]:
        """Caller's address -> how many of its connections to ``ports`` ended since ``who`` was first asked about.

        Raises Unobservable, inconclusive, where some were missed meanwhile.
        """
        now, wanted = time.monotonic(), frozenset(ports)
        with self._lock:
            missed = self._drain()
            known = self._counts.get(who)
            if known is None or known.ports != wanted or now - known.asked > _FORGOTTEN_S:
                known = self._counts[who] = _Counts(wanted, now)
            known.asked = now
            if missed:
                raise Unobservable(Reason.INCONCLUSIVE_STATISTICS, "so many connections ended that some were missed")
            return known.told()

    def close(self) -> None:
        """Hear nothing more."""
        self._socket.close()

    def _drain(self) -> bool:
        """Count all that was told; True where there was more than fits."""
        missed = False
        while True:
            try:
                data = self._socket.recv(_READ)
            except BlockingIOError:
                break
            except OSError:  # ENOBUFS: all counts are too low from here on
                missed = True
                self._counts.clear()
                continue
            for source, to in events(data):
                self._count(source, to)
        return missed

    def _count(self, source: tuple[str, str], to: tuple[str, str]) -> None:
        for one in self._counts.values():
            if source[1] in one.ports:
                one.by_server[to[0]] += 1
            elif to[1] in one.ports:
                one.by_caller[source[0]] += 1


def events(data: bytes) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """The two ends (address, port) of each socket that a datagram tells of; one without a far end is left out."""
    at = 0
    while at + _HEAD.size <= len(data):
        length = _HEAD.unpack_from(data, at)[0]
        if length < _AT_TO + 16 + _HEAD.size - 16 or at + length > len(data):
            return
        size = 4 if data[at + 16] == socket.AF_INET else 16
        source, to = _PORTS.unpack_from(data, at + _AT_PORTS)
        if to:
            here, there = (_plain(data[at + place : at + place + size]) for place in (_AT_SOURCE, _AT_TO))
            yield (here, str(source)), (there, str(to))
        at += (length + 3) & ~3


def _plain(packed: bytes) -> str:
    found = ipaddress.ip_address(packed)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _listening() -> socket.socket:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        raise OSError(0, "only Linux tells of them")
    ear = socket.socket(family, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    try:
        ear.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        ear.bind((0, _TCP_AND_TCP6))
        ear.setblocking(False)
    except OSError:
        ear.close()
        raise
    return ear


_ears: dict[str, Ear] = {}
_opening = threading.Lock()


def ear(network: str, inside: int | None) -> Ear:
    """The one of that network ("" is the audit's own), which process ``inside`` is in. Raises Unobservable."""
    with _opening:
        if network not in _ears:
            _ears[network] = Ear(inside)
            atexit.register(_ears[network].close)
        return _ears[network]
