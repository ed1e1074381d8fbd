"""The guard's own process: ``python -m pytest_distaudit.targets.guarding PID JOURNAL``. See ``guard``."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_distaudit.targets.left import leave
from pytest_distaudit.targets.undoing import Promise, told, undo


def main(pid: int, journal: Path) -> None:
    """Wait until the run is over, then undo what it has left; what cannot be is told, and kept for later runs."""
    for deadly in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(deadly, signal.SIG_IGN)
    _wait_for(pid)
    left = undo(_open_promises(journal))
    if not left:
        shutil.rmtree(journal.parent, ignore_errors=True)
        return
    leave(journal.parent, left)
    with suppress(OSError):  # who would have heard it is gone, too
        for one in left:
            sys.stderr.write(f"distaudit: could not undo: {told(one)} ({one['because']}); the next run tries again\n")


def _wait_for(pid: int) -> None:
    """Until the run closes its end of the pipe, or is gone while a child of its still holds that open."""
    ends: list[Any] = [sys.stdin.fileno()]
    with suppress(OSError):  # gone already, or a system without such descriptors
        ends.append(os.pidfd_open(pid))
    while True:
        ready, _, _ = select.select(ends, [], [])
        if ready != ends[:1] or not os.read(ends[0], 4096):
            return


def _open_promises(journal: Path) -> list[Promise]:
    """What has not been undone, the latest first. A line cut off by the end was not yet acted upon."""
    promises: dict[int, Promise] = {}
    for line in journal.read_text("utf-8").splitlines() if journal.exists() else ():
        with suppress(ValueError):
            entry = json.loads(line)
            if "kept" in entry:
                promises.pop(entry["kept"], None)
            else:
                promises[entry["number"]] = entry
    return list(reversed(promises.values()))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
