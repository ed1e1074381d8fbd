"""The guard: one process that outlives the run and undoes what the run can no longer undo itself.

Everything that would stay behind is written to a journal *before* it is done. A process in a session of its own
waits for the run to end, and heeds nothing else. If the run ended in order, nothing is left in the journal; if it was
killed, the guard undoes what stands there, the latest first.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from pytest_distaudit.targets.ground import minimal_environment, private_path

_END_S = 5.0


class Guard:
    """The run's end of the guard. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "journal"
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        argv = [sys.executable, "-m", "pytest_distaudit.targets.guarding", str(os.getpid()), str(self._journal)]
        environment = minimal_environment(os.environ)
        # Where the plugin was found, it must be found again.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            argv, stdin=subprocess.PIPE, env=environment, cwd="/", start_new_session=True
        )
        # There is something to remove only now that there is somebody to remove it.
        folder.mkdir(mode=0o700)
        self._journal.touch(0o600)

    def promise(self, undo: str, **what: Any) -> int:
        """Write down, before it is done, what must be undone; to undo it twice must do no harm."""
        number = next(self._numbers)
        self._write({"number": number, "undo": undo, **what})
        return number

    @contextmanager
    def promised(self, undo: str, **what: Any) -> Iterator[None]:
        """For a block whose inside undoes it; if it is left by an error, the guard makes sure that it is."""
        number = self.promise(undo, **what)
        yield
        self._write({"kept": number})

    def _write(self, entry: dict[str, Any]) -> None:
        with self._lock, self._journal.open("a", encoding="utf-8") as stream:
            # a line that a full disk has cut off before must not swallow this one
            stream.write(f"\n{json.dumps(entry)}\n")

    def dismiss(self) -> None:
        """The run has ended in order; what is still in the journal is undone now."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:  # it goes on without us
            self._process.returncode = 0


@contextmanager
def guarded() -> Iterator[Guard]:
    """A guard for as long as the block runs."""
    guard = Guard(private_path())
    try:
        yield guard
    finally:
        guard.dismiss()


@contextmanager
def promising() -> Iterator[Callable[..., AbstractContextManager[None]]]:
    """How to promise to a guard of the block's own."""
    with guarded() as guard:
        yield guard.promised
