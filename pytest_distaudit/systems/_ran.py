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

#: how often it is looked at, with at most this share of one processor
_EVERY_S, _SHARE = 0.008, 0.1
_IDLE_S, _KEPT = 20.0, 20_000
#: how often children are looked for: where somebody may have been born, and in any case
_SOON_S, _TREES_S = 0.1, 0.5
#: clocks with milliseconds, read in different processes
_MARGIN_S = 0.003
_PATIENCE_S = 1.0

_HERE, _PROC, _BYTES = "127.0.0.1", "/proc", 4096

#: the files of threads, and what they told
_Threads = tuple[str, ...]
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
    """Threads by port, and whether these are all: whoever is born was born of one of them, which ran for it."""

    def __init__(self, owners: Mapping[int, int | str]) -> None:
        self._owners, self._threads = owners, _threads(owners)
        self._whole: dict[int, _Runs] = {}
        self._births, self._looked = b"", time.monotonic()

    def runs(self) -> Mapping[int, _Runs]:
        """Port -> how often each thread was given a processor; only ports of which all threads are known."""
        births, runs = _births(), _runs(self._threads)
        self._keep(runs, self._births == _births())
        if time.monotonic() - self._looked > (_TREES_S if len(self._whole) == len(runs) else _SOON_S):
            self._whole, births = runs, _births()
            self._threads, self._looked = _threads(self._owners), time.monotonic()
            self._keep(_runs(self._threads), births == _births())
        self._births = births
        return self._whole

    def _keep(self, runs: Mapping[int, _Runs], nobody_born: bool) -> None:
        """Go on with the ports whose threads are all known still."""
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


def _threads(owners: Mapping[int, int | str]) -> dict[int, _Threads]:
    """Port -> threads of the process that listens there, or of those of its network, and of all their descendants."""
    parents = dict(_parents())
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    contained = any(isinstance(owner, str) for owner in owners.values())
    networks = (_netns.networks() if contained else None) or {}
    found = {}
    for owner in set(owners.values()):
        roots = _with_parents(networks.get(owner, ()), parents) if isinstance(owner, str) else {owner}
        found[owner] = tuple(_files(sorted(_descendants(roots, children))))
    return {port: found[owner] for port, owner in owners.items()}


def _parents() -> Iterator[tuple[int, int]]:
    """(process, its parent) of all."""
    for entry in filter(str.isdecimal, os.listdir(_PROC) if os.path.isdir(_PROC) else ()):
        if told := _told(f"{_PROC}/{entry}/stat"):
            yield int(entry), int(told.rpartition(b")")[2].split()[1])


def _files(pids: Iterable[int]) -> Iterator[str]:
    for pid in pids:
        with suppress(OSError):
            yield from (f"{_PROC}/{pid}/task/{thread}/schedstat" for thread in os.listdir(f"{_PROC}/{pid}/task"))


def _births() -> bytes:
    """What changes whenever any process or thread is born: the number that it was given."""
    return _told(f"{_PROC}/loadavg").rpartition(b" ")[2]


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


def _runs(threads: Mapping[int, _Threads]) -> dict[int, _Runs]:
    """Port -> how often each of its threads was given a processor; without ports where nobody is left."""
    told = {files: tuple((file, seen) for file in files if (seen := _told(file))) for files in set(threads.values())}
    return {port: told[files] for port, files in threads.items() if told[files]}


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
