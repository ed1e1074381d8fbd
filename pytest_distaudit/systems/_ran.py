"""Which of a target's processes did not run at a given moment: they cannot have done what happened then.

Linux counts how often and for how long every thread was given a processor. Read again and again, a
count that stands still over a moment acquits; one that moved shows nothing.

Behind a published port all processes of the container's network count, for any of them may be the caller, and so does
whoever brings in new ones.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress

from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local, _netns, _published

_EVERY_S, _SHARE = 0.008, 0.1
_IDLE_S, _KEPT = 20.0, 20_000
#: how often children are looked for: where somebody may have been born, and in any case
_SOON_S, _TREES_S = 0.1, 0.5
#: clocks with milliseconds, read in different processes
_MARGIN_S = 0.003
_PATIENCE_S = 1.0

_HERE = "127.0.0.1"

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
        trees = _Trees(_owners(self._ports))
        while time.monotonic() - self.asked < _IDLE_S:
            began, started = time.time(), time.perf_counter()
            runs = trees.runs()
            with self._news:
                self._began.append(began)
                self._ended.append(time.time())
                self._runs.append(runs)
                self._news.notify_all()
            time.sleep(max(_EVERY_S, (time.perf_counter() - started) / _SHARE))
        self.over = True


class _Trees:
    """Processes by port, and whether these are all: whoever is born was born of one of them, which ran for it."""

    def __init__(self, owners: Mapping[int, int | str]) -> None:
        self._owners, self._pids = owners, _trees(owners)
        self._whole: dict[int, _Runs] = {}
        self._births, self._looked = b"", time.monotonic()

    def runs(self) -> Mapping[int, _Runs]:
        """Port -> how often each thread was given a processor; only ports of which all processes are known."""
        births, runs = _births(), _runs(self._pids)
        self._keep(runs, self._births == _births())
        if time.monotonic() - self._looked > (_TREES_S if len(self._whole) == len(runs) else _SOON_S):
            self._whole, births = runs, _births()
            self._pids, self._looked = _trees(self._owners), time.monotonic()
            self._keep(_runs(self._pids), births == _births())
        self._births = births
        return self._whole

    def _keep(self, runs: Mapping[int, _Runs], nobody_born: bool) -> None:
        """Go on with the ports whose processes are all known still."""
        was = self._whole
        self._whole = {port: now for port, now in runs.items() if port in was and (nobody_born or now == was[port])}


def _owners(ports: Collection[int]) -> dict[int, int | str]:
    """Port -> the process that listens there, or its container's network; ports of which neither is known left out."""
    found: dict[int, int | str] = {}
    networks = _netns.networks() or {}
    for port in ports:
        process = _local.listening_process(_HERE, port)
        behind = _published.behind(_HERE, port, networks) if process is None else None
        if process is not None:
            found[port] = process.pid
        elif behind is not None:
            found[port] = behind.network
    return found


def _trees(owners: Mapping[int, int | str]) -> dict[int, tuple[int, ...]]:
    """Port -> the process that listens there, or those of its network, and all their descendants."""
    parents = dict(_parents())
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    contained = any(isinstance(owner, str) for owner in owners.values())
    networks = (_netns.networks() if contained else None) or {}
    roots = {
        owner: _with_parents(networks.get(owner, ()), parents) if isinstance(owner, str) else {owner}
        for owner in owners.values()
    }
    trees = {owner: tuple(sorted(_descendants(pids, children))) for owner, pids in roots.items()}
    return {port: trees[owner] for port, owner in owners.items()}


def _parents() -> Iterator[tuple[int, int]]:
    """(process, its parent) of all."""
    for entry in filter(str.isdecimal, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError), open(f"/proc/{entry}/stat", "rb") as told:
            yield int(entry), int(told.read().rpartition(b")")[2].split()[1])


def _births() -> bytes:
    """What changes whenever any process or thread is born: the number that it was given."""
    with suppress(OSError), open("/proc/loadavg", "rb") as told:
        return told.read().split()[-1]
    return b""


def _with_parents(pids: Collection[int], parents: Mapping[int, int]) -> set[int]:
    """What an exec brings into a container is born of the first process's parent, not of that process."""
    return {*pids, *(parents[pid] for pid in pids if pid in parents)}


def _descendants(pids: Iterable[int], children: Mapping[int, list[int]]) -> set[int]:
    """These and all that were born of them."""
    found, next_ones = set[int](), list(pids)
    while next_ones:
        pid = next_ones.pop()
        if pid not in found:
            found.add(pid)
            next_ones += children.get(pid, ())
    return found


def _runs(trees: Mapping[int, tuple[int, ...]]) -> dict[int, _Runs]:
    """Port -> how often each thread of its processes was given a processor; without ports where nobody is left."""
    told = {pids: tuple(_runs_of(pids)) for pids in set(trees.values())}
    return {port: told[pids] for port, pids in trees.items() if told[pids]}


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
