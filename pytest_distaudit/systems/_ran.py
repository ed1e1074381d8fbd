"""Which of a target's processes did not run at a given moment: they cannot have done what happened then.

Linux counts how often and for how long every thread was given a processor. Read again and again, a
count that stands still over a moment acquits; one that moved shows nothing.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local

_EVERY_S, _SHARE = 0.008, 0.1
_IDLE_S, _KEPT = 20.0, 20_000
#: how often children are looked for; whoever is born meanwhile was born of somebody who ran
_TREES_S = 0.5
#: clocks with milliseconds, read in different processes
_MARGIN_S = 0.003
_PATIENCE_S = 1.0

_Runs = tuple[tuple[int, str, bytes], ...]


class _Watch:
    """Samples of one set of ports, until nobody asked for a while."""

    def __init__(self, ports: Collection[int]) -> None:
        self._ports = sorted(ports)
        self._began: deque[float] = deque(maxlen=_KEPT)
        self._ended: deque[float] = deque(maxlen=_KEPT)
        self._runs: deque[Mapping[int, _Runs]] = deque(maxlen=_KEPT)
        self._news = threading.Condition()
        self.asked = time.monotonic()
        self.over = False
        threading.Thread(target=self._follow, daemon=True, name="who runs").start()

    def wait_for(self, moment: float) -> None:
        """Return once a sample was taken after ``moment`` (seconds since the epoch), or none came in a second."""
        with self._news:
            self._news.wait_for(lambda: bool(self._began) and self._began[-1] > moment + _MARGIN_S, _PATIENCE_S)

    def slept(self, since: float, until: float) -> tuple[int, ...]:
        """Ports whose processes did not run between these moments (seconds since the epoch)."""
        with self._news:
            before = bisect_right(self._ended, since - _MARGIN_S) - 1
            after = bisect_left(self._began, until + _MARGIN_S)
            if before < 0 or after >= len(self._runs):
                return ()
            first, last = self._runs[before], self._runs[after]
        return tuple(port for port in self._ports if port in first and first[port] == last.get(port))

    def _follow(self) -> None:
        owners = _owners(self._ports)
        trees, looked = _trees(owners), time.monotonic()
        while time.monotonic() - self.asked < _IDLE_S:
            if time.monotonic() - looked > _TREES_S:
                trees, looked = _trees(owners), time.monotonic()
            began, started = time.time(), time.perf_counter()
            runs = {port: tuple(_runs_of(pids)) for port, pids in trees.items()}
            with self._news:
                self._began.append(began)
                self._ended.append(time.time())
                self._runs.append({port: seen for port, seen in runs.items() if seen})
                self._news.notify_all()
            time.sleep(max(_EVERY_S, (time.perf_counter() - started) / _SHARE))
        self.over = True


def _owners(ports: Collection[int]) -> dict[int, int]:
    """Port -> the process that listens there; ports of which that is not known are left out."""
    found = {port: _local.listening_process("127.0.0.1", port) for port in ports}
    return {port: process.pid for port, process in found.items() if process is not None}


def _trees(owners: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Port -> the process that listens there and all its descendants."""
    import psutil

    children: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"], []).append(process.pid)
    return {port: tuple(sorted(_descendants(pid, children))) for port, pid in owners.items()}


def _descendants(pid: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, ()):
        yield from _descendants(child, children)


def _runs_of(pids: Collection[int]) -> Iterator[tuple[int, str, bytes]]:
    for pid in pids:
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as told:
                    yield pid, thread, told.read()


_WATCHES: dict[tuple[int, ...], _Watch] = {}
_lock = threading.Lock()


def watch(located: Located) -> _Watch:
    """What is known of the target's other systems on this host, from the first call on."""
    own = {address(url) for url in located.endpoints.values()}
    hosts = {host: _local.is_local(host) for host, _ in located.neighbours}
    ports = tuple(sorted({place[1] for place in located.neighbours if hosts[place[0]] and place not in own}))
    with _lock:
        found = _WATCHES.get(ports)
        if found is None or found.over:
            found = _WATCHES[ports] = _Watch(ports)
        found.asked = time.monotonic()
        return found
