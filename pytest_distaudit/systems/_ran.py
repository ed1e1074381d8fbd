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
from itertools import pairwise

from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local, _netns, _published

#: how often it is looked at, with at most this share of one processor
_EVERY_S, _SHARE = 0.008, 0.1
_IDLE_S, _KEPT = 20.0, 20_000
#: how often everybody is looked for; between, only those who were born, if they are not too many
_TREES_S, _MANY, _TRIES = 1.0, 500, 5
#: clocks with milliseconds, read in different processes
_MARGIN_S = 0.003
_PATIENCE_S = 1.0

_HERE, _PROC, _BYTES = "127.0.0.1", "/proc", 4096

#: files of threads, and what they told: how often and how long the thread ran
_Runs = tuple[tuple[str, bytes], ...]


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
        started, spent = time.monotonic(), time.thread_time()
        while time.monotonic() - self.asked < _IDLE_S:
            began = time.time()
            runs = trees.runs()
            with self._news:
                self._began.append(began)
                self._ended.append(time.time())
                self._runs.append(runs)
                self._news.notify_all()
            due = started + (time.thread_time() - spent) / _SHARE
            time.sleep(max(_EVERY_S, due - time.monotonic()))
        self.over = True


class _Trees:
    """The processes of ports and all their threads: those that were found, and those that were born since.

    A new one has a number that follows those before it. Whoever had ended before it could be looked at is missed, but
    not that somebody ran to bear it.
    """

    def __init__(self, owners: Mapping[int, int | str]) -> None:
        self._owners = owners
        self._find()

    def runs(self) -> Mapping[int, _Runs]:
        """Port -> how often each thread was given a processor; empty where more were born than could be looked at."""
        if time.monotonic() - self._looked > _TREES_S:
            self._find()
        told: dict[str, bytes] = {}
        for _ in range(_TRIES):
            self._add_born()
            files = {file for each in self._files.values() for file in each}
            told |= {file: _told(file) for file in files - told.keys()}
            if _births() == self._last:
                seen = {
                    owner: tuple((file, told[file]) for file in sorted(each) if told[file])
                    for owner, each in self._files.items()
                }
                return {port: seen[owner] for port, owner in self._owners.items() if seen[owner]}
        return {}

    def _find(self) -> None:
        self._looked, self._last = time.monotonic(), _births()
        self._pids = _trees(set(self._owners.values()))
        self._files = {owner: set(_threads(pids)) for owner, pids in self._pids.items()}

    def _add_born(self) -> None:
        now = _births()
        if not 0 <= now - self._last <= _MANY:
            self._find()
            return
        for number in range(self._last + 1, now + 1):
            process, parent = _kin(number)
            for owner, pids in self._pids.items():
                if process in pids or parent in pids:
                    pids.add(process)
                    self._files[owner].add(_file(process, number))
        self._last = now


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


def _trees(owners: Collection[int | str]) -> dict[int | str, set[int]]:
    """Owner -> its process, or those of its network and whoever brings in more, and all their descendants."""
    parents = {pid: _kin(pid)[1] for pid in map(int, filter(str.isdecimal, _entries(_PROC)))}
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    networks = (_netns.networks() if any(isinstance(owner, str) for owner in owners) else None) or {}
    found = {}
    for owner in owners:
        pids = networks.get(owner, ()) if isinstance(owner, str) else ()
        # what an exec brings into a container is born of the first process's parent, not of that process
        roots = {*pids, *(parents[pid] for pid in pids if pid in parents)} if isinstance(owner, str) else {owner}
        found[owner] = _descendants(roots, children)
    return found


def _descendants(pids: Iterable[int], children: Mapping[int, list[int]]) -> set[int]:
    """These and all that were born of them."""
    found, next_ones = set[int](), list(pids)
    while next_ones:
        pid = next_ones.pop()
        if pid not in found:
            found.add(pid)
            next_ones += children.get(pid, ())
    return found


def _threads(pids: Iterable[int]) -> Iterator[str]:
    return (_file(pid, int(thread)) for pid in pids for thread in _entries(f"{_PROC}/{pid}/task"))


def _file(pid: int, thread: int) -> str:
    return f"{_PROC}/{pid}/task/{thread}/schedstat"


def _entries(folder: str) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _births() -> int:
    """The number that was given last to a process or thread."""
    return int((_told(f"{_PROC}/loadavg").split() or [b"0"])[-1])


def _kin(number: int) -> tuple[int, int]:
    """(process, its parent) of a process or thread; zeros for who has ended."""
    words = _told(f"{_PROC}/{number}/status").split()
    told = dict(pairwise(words))
    return int(told.get(b"Tgid:", 0)), int(told.get(b"PPid:", 0))


def _told(path: str) -> bytes:
    """What the kernel tells in a file; nothing of who has ended. Read so often that Python's files cost too much."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(opened, _BYTES)
    except OSError:
        return b""
    finally:
        os.close(opened)


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
