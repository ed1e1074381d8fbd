"""Programs that are talked to over their standard input and output."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason

_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "USER")
_GRACE_S = 0.5
_LAST_LINES = 20


class Pipe(Protocol):
    """A running program. ``read`` gives b"" once it has ended, None if it said nothing for so long."""

    def write(self, data: bytes) -> None:
        """Send all of it; what a program that has ended is sent goes nowhere."""
        ...

    def read(self, seconds: float) -> bytes | None:
        """What it said next on its standard output."""
        ...

    def fate(self) -> tuple[int | None, str]:
        """(exit status, None while it runs or if not known; its last words on standard error)."""
        ...

    def close(self) -> None:
        """End its input, then the program; never raises."""
        ...


class Program:
    """A program of this machine, with a small environment and a process group of its own."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Start it. Raises not-installed or forbidden."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the target file names it
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise Unobservable(Reason.NOT_INSTALLED, f"there is no program {argv[0]}") from None
        except OSError as error:
            raise Unobservable(Reason.FORBIDDEN, f"{argv[0]} could not be started: {error.strerror}") from None
        self._said: queue.Queue[bytes] = queue.Queue()
        self._ended = False
        self._words: deque[str] = deque(maxlen=_LAST_LINES)
        out, err = self._process.stdout, self._process.stderr
        assert out is not None
        assert err is not None
        self._readers = [
            threading.Thread(target=self._hear, args=(out,), daemon=True),
            threading.Thread(target=self._note, args=(err,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def write(self, data: bytes) -> None:
        """Send all of it."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def read(self, seconds: float) -> bytes | None:
        """What it said next."""
        if self._ended:
            return b""
        try:
            said = self._said.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        self._ended = not said
        return said

    def fate(self) -> tuple[int | None, str]:
        """A program that has closed its output is given a moment to end."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        return self._process.poll(), " | ".join(list(self._words)[-2:])

    def close(self) -> None:
        """A server of the protocol ends with its input; others are killed, whole group."""
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(_GRACE_S)

    def _hear(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), 65536):
                self._said.put(chunk)
        self._said.put(b"")

    def _note(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), 4096):
                self._words.extend(chunk.decode("utf-8", "replace").splitlines())
