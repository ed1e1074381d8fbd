"""The guard's own process: ``python -m pytest_distaudit.targets.guarding PID JOURNAL``. See ``guard``."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_LATE_S = 1.0
_SOON_S = 0.05
_ANSWER_S = 5.0


def main(pid: int, journal: Path) -> None:
    """Wait until the run is over, then undo what it has left."""
    for deadly in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(deadly, signal.SIG_IGN)
    _wait_for(pid)
    for entry in _open_promises(journal):
        with suppress(Exception):
            _UNDO[entry["undo"]](entry)
    shutil.rmtree(journal.parent, ignore_errors=True)


def _wait_for(pid: int) -> None:
    """Until the run closes its end of the pipe, or is gone while a child of its still holds that open."""
    ends: list[Any] = [sys.stdin.fileno()]
    with suppress(OSError):  # gone already, or a system without such descriptors
        ends.append(os.pidfd_open(pid))
    while True:
        ready, _, _ = select.select(ends, [], [])
        if ready != ends[:1] or not os.read(ends[0], 4096):
            return


def _open_promises(journal: Path) -> list[Mapping[str, Any]]:
    """What has not been undone, the latest first. A line cut off by the end was not yet acted upon."""
    promises: dict[int, Mapping[str, Any]] = {}
    for line in journal.read_text("utf-8").splitlines() if journal.exists() else ():
        with suppress(ValueError):
            entry = json.loads(line)
            if "kept" in entry:
                promises.pop(entry["kept"], None)
            else:
                promises[entry["number"]] = entry
    return list(reversed(promises.values()))


def _processes(entry: Mapping[str, Any]) -> None:
    from pytest_distaudit.targets.yard import kill_leftovers

    kill_leftovers(entry["mark"], Path(entry["ground"]))


def _containers(entry: Mapping[str, Any]) -> None:
    from pytest_distaudit.targets.containers.engine import Engine
    from pytest_distaudit.targets.recipe import StartFailed

    engine = Engine.reached(entry["environ"])
    # what was being made while the rest went appears a moment later
    for pause in (_LATE_S, _LATE_S, 0.0):
        with suppress(StartFailed):
            engine.remove(entry["run"])
        time.sleep(pause)


def _folder(entry: Mapping[str, Any]) -> None:
    shutil.rmtree(entry["path"], ignore_errors=True)


def _request(entry: Mapping[str, Any]) -> None:
    from urllib.request import ProxyHandler, Request, build_opener

    asked = Request(entry["url"], method=entry["method"], headers=entry["headers"])  # noqa: S310 - the audit's own
    build_opener(ProxyHandler({})).open(asked, timeout=_ANSWER_S).close()


def _redirect(entry: Mapping[str, Any]) -> None:
    from pytest_distaudit.targets.relays.redirect import NotUndone, undo

    _made(Path(entry["making"]))
    for pause in (_LATE_S, _LATE_S, 0.0):
        with suppress(NotUndone):
            undo(entry["rule"])
            return
        time.sleep(pause)


def _made(making: Path) -> None:
    """Wait for whoever is making something at the end of the run: a lock on this file is held meanwhile."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    deadline = time.monotonic() + _ANSWER_S
    with suppress(FileNotFoundError), making.open() as lock:
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                flock(lock, LOCK_EX | LOCK_NB)
                return
            time.sleep(_SOON_S)


_UNDO: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "processes": _processes,
    "containers": _containers,
    "folder": _folder,
    "request": _request,
    "redirect": _redirect,
}

if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
