"""The processes that listen for a system of any kind, as far as this host sees them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._listening import opened, sockets

if TYPE_CHECKING:
    import psutil

#: run of a process -> whether it listens, and until when that is taken for known
_known: dict[str, tuple[bool, float]] = {}
_AGAIN_S = 2.0
_FAR = "its processes cannot be seen from here"


class _Session(Protocol):
    """What every kind's session has."""

    located: Located
    ways: list[str]


def runs(session: _Session, ask: Ask) -> Runs:
    """By the process tree of whoever started it, else by who listens on its ports."""
    session.ways.append("processes of this host")
    inventory = session.located.inventory() if session.located.inventory else None
    if inventory is not None and inventory.pid is not None:
        found = _below(inventory.pid)
    elif inventory is not None and inventory.run:
        return Runs((inventory.run,))
    elif inventory is not None or not _here(session.located):
        return Runs((), _FAR)
    else:
        process = _local.serving_process(session.located)
        if process is None:
            return Runs((), _FAR)
        found = _below(process.pid)
    texts = [_local.boot(each) for each in sorted(found, key=_started)]
    return Runs(tuple(text for text in texts if text))


def _here(located: Located) -> bool:
    return all(_local.is_local(address(url)[0]) for url in located.endpoints.values())


def _below(pid: int) -> Iterable[psutil.Process]:
    """Those that listen, of the process and all below it."""
    import psutil

    try:
        return [each for each in _local.tree(psutil.Process(pid)) if _listens(each)]
    except psutil.Error:
        return []


def _listens(process: psutil.Process) -> bool:
    """Whether it holds a listening socket. Reading the kernel's table is dear: who listened once is not asked again,
    who did not is asked now and then.
    """
    if _ended(process):
        return False
    run, now = _local.boot(process), time.monotonic()
    listened, until = _known.get(run, (False, 0.0))
    if now > until and not listened:
        listened = _holds(process)
        _known[run] = (listened, now + _AGAIN_S)
    return listened


def _ended(process: psutil.Process) -> bool:
    """Whether it is gone, or only nobody has asked how it ended."""
    import psutil

    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _holds(process: psutil.Process) -> bool:
    try:
        return not sockets(f"/proc/{process.pid}/net").isdisjoint(opened(process.pid))
    except OSError:
        return False


def _started(process: psutil.Process) -> float:
    import psutil

    try:
        return process.create_time()
    except psutil.Error:
        return 0.0
