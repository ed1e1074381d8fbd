"""Whom a local process talks to each time it is asked something: a relay passes every question on.

Linux tells of every TCP connection, also of those just closed, and how much went over it (sock_diag).
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

#: so many connections in a round, another number each: what follows from them comes in the same numbers
_NUMBERS = (2, 3, 4, 5, 6, 7)
_ROUNDS, _ROUNDS_LOST, _BESIDES = 6, 3, 1
#: a relay that was seen now and then is looked for again; about 1 in 20 is missed all the same (measured)
_PASSES = 2
_QUIET_S, _SETTLE_S, _PATIENT_S = 0.1, 0.02, 0.15
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _DUMP, _DONE = 4, 20, 0x301, 3
_INFO = 2
_BYTES_AT = 120  # bytes_acked and bytes_received in struct tcp_info
_LISTEN = 10

_Pair = frozenset[str]
#: held while a process is asked who it is: what the audit asks of one system must not be taken for
#: what another one passes on
undisturbed = threading.RLock()


@dataclass(frozen=True, slots=True)
class _Moment:
    """The host's connections; of those that the processes opened themselves, the bytes so far."""

    pairs: frozenset[_Pair]
    own: Mapping[tuple[str, str], int]
    serving: frozenset[str]


def talked_to(processes: Sequence[psutil.Process], ask: Callable[[int], Callable[[], None]]) -> tuple[str, ...]:
    """Peers with whom something happens as often as the processes are asked, and not otherwise.

    ``ask(n)`` asks n times, each on a connection of its own, and gives what hangs up.
    Empty where the kernel does not tell.
    """
    seen: Counter[str] = Counter()
    with undisturbed, suppress(OSError, AttributeError, struct.error):
        for _ in range(_PASSES):
            # Seen now and then: a busy machine, or something else that goes on. More time tells them apart.
            seen |= _ask_around(processes, ask, _PATIENT_S if seen else _SETTLE_S)
            if not seen or any(rounds >= _ROUNDS - _ROUNDS_LOST for rounds in seen.values()):
                break
    return tuple(sorted(peer for peer, rounds in seen.items() if rounds >= _ROUNDS - _ROUNDS_LOST))


def _ask_around(
    processes: Sequence[psutil.Process], ask: Callable[[int], Callable[[], None]], settle_s: float
) -> Counter[str]:
    """Peer -> in how many rounds it was talked to as often as the processes were asked."""
    before = _moment(processes)
    time.sleep(_QUIET_S)
    busy = _grown(before, _moment(processes))
    numbers = random.SystemRandom().sample(_NUMBERS, _ROUNDS)
    return Counter(peer for number in numbers for peer in _round(processes, number, ask, settle_s, busy))


def _round(
    processes: Sequence[psutil.Process],
    number: int,
    ask: Callable[[int], Callable[[], None]],
    settle_s: float,
    busy: set[str],
) -> set[str]:
    """Peers dialled as often as was asked, or told more on standing connections that were quiet before."""
    before = _moment(processes)
    hang_up = ask(number)
    try:
        time.sleep(settle_s)
        now = _moment(processes)
    finally:
        hang_up()
    new = Counter(end for pair in now.pairs - before.pairs if not pair & now.serving for end in pair)
    dialled = {end for end, times in new.items() if number <= times <= number + _BESIDES}
    return dialled | (_grown(before, now) - busy)


def _grown(before: _Moment, now: _Moment) -> set[str]:
    """Peers of the processes' standing connections over which more has gone."""
    return {peer for (local, peer), sent in now.own.items() if sent > before.own.get((local, peer), sent)}


def _moment(processes: Sequence[psutil.Process]) -> _Moment:
    inodes = set(_inodes(processes))
    found = [*_dump(socket.AF_INET), *_dump(socket.AF_INET6)]
    ports = {local.rpartition(":")[2] for inode, state, local, _, _ in found if state == _LISTEN and inode in inodes}
    talks = [row for row in found if row[1] != _LISTEN]
    ends = {end for _, _, *pair, _ in talks for end in pair if end.rpartition(":")[2] in ports}
    return _Moment(
        frozenset(frozenset((local, peer)) for _, _, local, peer, _ in talks),
        {(local, peer): sent for inode, _, local, peer, sent in talks if inode in inodes and local not in ends},
        frozenset(ends),
    )


def _inodes(processes: Collection[psutil.Process]) -> Iterator[int]:
    for process in processes:
        folder = f"/proc/{process.pid}/fd"
        with suppress(OSError):
            for name in os.listdir(folder):
                with suppress(OSError):
                    target = os.readlink(f"{folder}/{name}")
                    if target.startswith("socket:["):
                        yield int(target[8:-1])


def _dump(family: int) -> Iterator[tuple[int, int, str, str, int]]:
    """(inode, state, own address, peer address, bytes) of every TCP socket of this host."""
    ask = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 1 << (_INFO - 1), 0, 0xFFFFFFFF) + bytes(48)
    head = struct.pack("=IHHII", 16 + len(ask), _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as line:
        line.settimeout(1.0)
        line.sendall(head + ask)
        while True:
            data, at = line.recv(1 << 18), 0
            while at < len(data):
                length, kind = struct.unpack_from("=IH", data, at)
                if kind != _SOCK_DIAG_BY_FAMILY:
                    if kind == _DONE:
                        return
                    raise OSError("the kernel does not tell")
                yield _row(data, at + 16, at + length)
                at += (length + 3) & ~3


def _row(data: bytes, at: int, end: int) -> tuple[int, int, str, str, int]:
    family, state, _, _, port, peer_port = struct.unpack_from("!BBBBHH", data, at)
    own, peer = (_address(family, data[start : start + 16]) for start in (at + 8, at + 24))
    (inode,) = struct.unpack_from("=I", data, at + 68)
    sent, place = 0, at + 72
    while place < end:
        length, kind = struct.unpack_from("=HH", data, place)
        if kind == _INFO and length >= 4 + _BYTES_AT + 16:
            sent = sum(struct.unpack_from("=QQ", data, place + 4 + _BYTES_AT))
        place += max(4, (length + 3) & ~3)
    return inode, state, f"{own}:{port}", f"{peer}:{peer_port}", sent


def _address(family: int, raw: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    text = socket.inet_ntop(socket.AF_INET6, raw)
    return text.removeprefix("::ffff:") if "." in text else text
