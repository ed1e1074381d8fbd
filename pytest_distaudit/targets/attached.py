"""Systems that run already: their inventory where the target names their process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.located import Inventory

# A pid file is written after its process began; clocks of files and processes differ by less than this.
_CLOCK_SLACK_S = 2.0


def inventory_of(endpoints: Mapping[str, str], root: Path) -> Callable[[], Inventory] | None:
    """How to look at the process that the endpoint ``pid`` names ("pid:1234", "pidfile:/run/x.pid").

    None if there is no such endpoint. The returned function raises Unobservable if the pid cannot
    be learnt; a relative pid file is relative to ``root``.
    """
    where = endpoints.get("pid", "")
    scheme, _, rest = where.partition(":")
    if scheme == "pid" and rest.isdecimal():
        return _by_pid(int(rest))
    if scheme == "pidfile" and rest:
        return lambda: _by_file(root / rest)
    return None


def _by_pid(pid: int) -> Callable[[], Inventory]:
    import psutil

    try:
        # Made now: later it tells this process from another one that got its number.
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return lambda: Inventory(running=False, pid=pid)
    return lambda: Inventory(_runs(process), pid)


def _by_file(path: Path) -> Inventory:
    import psutil

    pid, written = _read(path)
    if pid is None:
        return Inventory(running=False, log_tail=f"pid file {path} does not exist: servers remove it when they end")
    try:
        process = psutil.Process(pid)
        if process.create_time() > written + _CLOCK_SLACK_S:
            return Inventory(running=False, log_tail=f"pid file {path} is stale: process {pid} began after it")
        return Inventory(_runs(process), pid)
    except psutil.NoSuchProcess:
        return Inventory(running=False, pid=pid)


def _read(path: Path) -> tuple[int | None, float]:
    """(pid, seconds since the epoch when it was written); pid None if only the file is missing."""
    try:
        first = path.read_text("utf-8", "replace").split()[:1]
        written = path.stat().st_mtime
    except FileNotFoundError:
        if path.parent.is_dir():
            return None, 0.0
        raise Unobservable(Reason.NO_OBSERVABLE, f"pid file {path}: there is no folder {path.parent}") from None
    except PermissionError:
        raise Unobservable(Reason.FORBIDDEN, f"pid file {path} may not be read") from None
    if not first or not first[0].isdecimal():
        raise Unobservable(Reason.PROTOCOL_ERROR, f"pid file {path} does not begin with a process number")
    return int(first[0]), written


def _runs(process: object) -> bool:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
