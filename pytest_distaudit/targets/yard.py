"""Every process of one run: nothing starts unregistered, nothing outlives the end.

mirakuru is needed to define the class, so this module is imported by the function that starts something.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import string
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

import psutil

_WANTED_BY_OTHERS = "mirakuru.base" in sys.modules

from mirakuru.base import SimpleExecutor, cleanup_subprocesses  # noqa: E402
from mirakuru.base_env import processes_with_env  # noqa: E402

from pytest_distaudit.targets import trees  # noqa: E402
from pytest_distaudit.targets.recipe import Command, StartFailed  # noqa: E402

# When a process ends that imported it, mirakuru kills whatever has its number *anywhere* in its mark: 345 what
# 13456 has started. What a yard starts therefore bears another mark, and what others have started is left alone.
if not _WANTED_BY_OTHERS:
    atexit.unregister(cleanup_subprocesses)
#: the variable by which processes of a run are found
MARK = "DISTAUDIT_STARTED_BY"
_KILLED_S = 2.0
#: a process may have been forked while the others were listed
_ROUNDS = 5


class Closing(Exception):
    """The run ends; nothing more is started."""


class Started(SimpleExecutor):
    """A process with exactly the given environment, its output appended to a log."""

    def __init__(self, command: Command, log: Path, mark: str) -> None:
        kwargs: dict[str, Any] = {"start_new_session": True}
        if command.user:
            import pwd

            kwargs |= {"user": command.user, "group": pwd.getpwnam(command.user).pw_gid, "extra_groups": []}
        if command.group:
            kwargs["extra_groups"] = [*kwargs.get("extra_groups", os.getgroups()), command.group]
        super().__init__(
            list(command.argv), cwd=str(command.cwd), stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            popen_kwargs=kwargs, stop_signal=command.stop_signal,
        )  # fmt: skip
        self._environment = {**command.env, MARK: mark}
        self._log = log
        self.grace_s = command.grace_s

    @property
    def envvars(self) -> dict[str, str]:
        """The whole environment: ours, with its secrets, is not handed on."""
        return self._environment

    @property
    def _popen_kwargs(self) -> dict[str, Any]:
        kwargs = super()._popen_kwargs
        # Python code between fork and exec can deadlock here, where other threads run.
        del kwargs["preexec_fn"]
        return kwargs

    def start(self) -> Self:
        """Start the process. Raises OSError."""
        with self._log.open("ab") as stream:
            self._stdout: int | IO[Any] | None = stream
            super().start()
        assert self.process is not None
        self._popen = self.process
        return self

    @property
    def popen(self) -> subprocess.Popen[str]:
        """The process, its exit code also after the end; only after ``start``."""
        return self._popen

    def forget(self) -> None:
        """It has ended: spare mirakuru the search for it at garbage collection."""
        self._clear_process()

    def ask_to_end(self) -> None:
        """Send the stop signal to the process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, self._stop_signal)


class Yard:
    """The processes of one run, all at work below ``ground``. Thread-safe.

    ``closing`` is set when the end has begun.
    """

    def __init__(self, ground: Path) -> None:
        self._ground = ground
        self._mark = f"{os.getpid()}:{''.join(secrets.choice(string.ascii_letters) for _ in range(24))}"
        self._started: list[Started] = []
        self._lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def mark(self) -> str:
        """What every process of this yard carries in its environment, unless it overwrites that."""
        return self._mark

    def launch(self, command: Command, log: Path) -> Started:
        """Start ``command``. Raises StartFailed if it cannot be run, Closing once the run ends."""
        process = Started(command, log, self._mark)
        # Held while starting, so that no process can slip in behind the end.
        with self._lock:
            if self.closing.is_set():
                raise Closing
            try:
                process.start()
            except OSError as error:
                # The file may be the working directory: the system says which one it missed.
                missed = f"{error.strerror}: {str(error.filename)!r}"
                raise StartFailed(f"cannot run {command.argv[0]!r}: {missed}") from error
            self._started.append(process)
        return process

    def run(self, command: Command, log: Path, seconds: float) -> None:
        """Run a helper program to its end. Raises StartFailed unless it exits 0 in time."""
        process = self.launch(command, log)
        name = Path(command.argv[0]).name
        try:
            code = process.popen.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            end([process])
            raise StartFailed(f"{name} had not ended when the start limit was reached") from None
        if self.closing.is_set():
            raise Closing
        if code:
            raise StartFailed(f"{name} exited with {code}")

    def close(self) -> None:
        """End everything, in parallel; idempotent."""
        self.closing.set()
        with self._lock:
            started, self._started = self._started, []
        if started:
            end(started)
            kill_leftovers(self._mark, self._ground)
        for each in started:
            each.forget()


def end(started: Sequence[Started]) -> None:
    """Ask all to end at once, then kill what is left of their process trees."""
    # A tree must be known before its root ends: PostgreSQL's children leave the process group and
    # overwrite their environment, so that afterwards nothing tells whose they were.
    known = [child for each in started for child in _children(each)]
    running = [each for each in started if each.popen.poll() is None]
    for each in running:
        each.ask_to_end()
    deadline = time.monotonic() + max((each.grace_s for each in running), default=0.0)
    for each in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            each.popen.wait(max(0.0, deadline - time.monotonic()))
    late = [*known, *(child for each in running for child in _children(each))]
    for each in running:
        if each.popen.poll() is None:
            each.popen.kill()
            each.popen.wait()
    trees.kill([each for each in late if trees.alive(each)], _KILLED_S)


def _children(process: Started) -> list[psutil.Process]:
    try:
        return psutil.Process(process.popen.pid).children(recursive=True) if process.running() else []
    except psutil.NoSuchProcess:
        return []


def kill_leftovers(mark: str, ground: Path) -> None:
    """Kill what left its tree: by the mark in the environment (epmd), else by its working directory
    (PostgreSQL's children whose parent was killed; they overwrite their environment).
    """
    for _ in range(_ROUNDS):
        found = [*_with_pids(processes_with_env(MARK, mark)), *_below(ground)]
        left = [each for each in found if trees.alive(each)]
        if not left:
            return
        trees.kill(left, _KILLED_S)


def _with_pids(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            yield psutil.Process(pid)


def _below(ground: Path) -> Iterator[psutil.Process]:
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.cwd().startswith(f"{ground}/"):
                yield each
