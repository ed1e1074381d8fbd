"""Process trees: who belongs to one, who of them listens, and halting all of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress

import psutil

_POLL_S = 0.01
#: a process may fork while the others are halted or killed
_ROUNDS = 20
_HALTED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


def tree(root: int) -> list[psutil.Process]:
    """The process and all below it, itself first; without those that have ended."""
    try:
        top = psutil.Process(root)
        found = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    return [each for each in found if alive(each)]


def alive(process: psutil.Process) -> bool:
    """Whether it has neither ended nor is a zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def listening(processes: Iterable[psutil.Process], ports: Collection[int]) -> list[psutil.Process]:
    """Those that hold a listening socket on one of ``ports``."""
    return [each for each in processes if any(port in ports for port in _listens_on(each))]


def _listens_on(process: psutil.Process) -> Iterator[int]:
    with suppress(psutil.Error):
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                yield connection.laddr.port


def same_start(processes: Iterable[psutil.Process]) -> str:
    """A text that no other start of them has: a pid comes again, with its time of birth it does not."""
    return ",".join(f"{each.pid}@{each.create_time():.2f}" for each in processes)


def halt(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    """SIGSTOP to these and all below them, parents first, until nobody is left to move; all that were found."""
    found: dict[int, psutil.Process] = {}
    for _ in range(_ROUNDS):
        found.update({each.pid: each for root in roots for each in tree(root.pid)})
        moving = [each for each in found.values() if alive(each) and not _halted(each)]
        if not moving:
            break
        for each in moving:
            with suppress(psutil.NoSuchProcess):
                each.suspend()
        time.sleep(_POLL_S)
    return list(found.values())


def halted(processes: Iterable[psutil.Process]) -> bool:
    """Whether some of them are alive, and all those stand still by the kernel's word."""
    left = [each for each in processes if alive(each)]
    return bool(left) and all(map(_halted, left))


def go_on(processes: Sequence[psutil.Process]) -> None:
    """SIGCONT to these, the last first: who waits for the others finds them awake."""
    for each in reversed(processes):
        with suppress(psutil.NoSuchProcess):
            each.resume()


def kill(processes: Sequence[psutil.Process], within_s: float) -> bool:
    """SIGKILL; whether all of them are gone, or zombies that somebody else has to reap, in time."""
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    deadline = time.monotonic() + within_s
    while any(map(alive, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _halted(process: psutil.Process) -> bool:
    try:
        return process.status() in _HALTED or not alive(process)
    except psutil.NoSuchProcess:
        return True
