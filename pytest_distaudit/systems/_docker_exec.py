"""Programs run inside a container by its engine, talked to over one connection that the engine hands over."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpcore

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import unobservable
from pytest_distaudit.systems._docker_session import DockerSession, refused
from pytest_distaudit.systems._wire import without

#: tells its number first, so that it can be ended together with all that it starts: it leads its own process group
_SHELL = ("/bin/sh", "-c", 'echo "distaudit:$$" >&2; exec "$@"', "sh")
_TOLD = "distaudit:"
_HEAD, _ERRORS = 8, 2
_NO_SHELL = b"OCI runtime exec failed"
_GRACE_S, _STEP_S = 0.6, 0.05
_LAST_LINES = 20


class Executed:
    """Implements the Pipe of a program inside ``container``; the environment is that of the container."""

    def __init__(self, session: DockerSession, container: str, argv: Sequence[str]) -> None:
        """Start it. Raises Unobservable."""
        self._session, self._container = session, container
        self._id = self._made([*_SHELL, *argv])
        self._stream = session.hijack(f"/exec/{self._id}/start", {"Detach": False, "Tty": False})
        self._raw, self._out, self._ended = b"", b"", False
        self._words: deque[str] = deque(maxlen=_LAST_LINES)
        self._group: int | None = None

    def write(self, data: bytes) -> None:
        """Send all of it."""
        with suppress(httpcore.NetworkError, httpcore.TimeoutException, OSError):
            self._stream.write(data, self._session.limits.ask_s)

    def read(self, seconds: float) -> bytes | None:
        """What it said next."""
        deadline = time.monotonic() + seconds
        while not self._out and not self._ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                chunk = self._stream.read(65536, left)
            except httpcore.TimeoutException:
                return None
            except (httpcore.NetworkError, OSError) as error:
                raise unobservable(error, "exec") from None
            self._ended = not chunk
            self._raw += chunk
            self._sort()
        said, self._out = self._out, b""
        return said

    def fate(self) -> tuple[int | None, str]:
        """The engine's word on how it ended."""
        seen = self._seen(_GRACE_S)
        status = None if seen.get("Running") else seen.get("ExitCode")
        return status, " | ".join(list(self._words)[-2:])

    def close(self) -> None:
        """Hang up, which ends its input; what does not end by that is killed, with all of its process group."""
        with suppress(Exception):
            self._stream.close()
        with suppress(Unobservable):
            if self._seen(_GRACE_S).get("Running") and self._group:
                kill = self._made(["/bin/sh", "-c", f"kill -9 -{self._group} || kill -9 {self._group}"])
                self._session.post(f"/exec/{kill}/start", {"Detach": True})
                self._seen(_GRACE_S)

    def _sort(self) -> None:
        """Frames of the two outputs: a byte that tells which, three that are nothing, four of the length."""
        while len(self._raw) >= _HEAD:
            end = _HEAD + int.from_bytes(self._raw[4:_HEAD], "big")
            if len(self._raw) < end:
                if end > self._session.limits.body_bytes:
                    raise Unobservable(Reason.TOO_LARGE, "exec: the engine announces more than may be read")
                return
            which, data, self._raw = self._raw[0], self._raw[_HEAD:end], self._raw[end:]
            if data.startswith(_NO_SHELL):
                because = f"the container has no shell, by which a program could be ended: {_text(data)}"
                raise Unobservable(Reason.NO_OBSERVABLE, because)
            if which == _ERRORS:
                self._note(_text(data))
            else:
                self._out += data

    def _note(self, said: str) -> None:
        for line in said.splitlines():
            if self._group is None and line.startswith(_TOLD) and line[len(_TOLD) :].strip().isdecimal():
                self._group = int(line[len(_TOLD) :])
            else:
                self._words.append(line)

    def _made(self, argv: list[str]) -> str:
        what = "exec"
        wanted = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": argv}
        answer = self._session.post(f"/containers/{self._container}/exec", wanted)
        if answer.status != 201:
            raise refused(answer, what)
        return str(answer.decoded(what)["Id"])

    def _seen(self, seconds: float) -> Mapping[str, Any]:
        """The engine's word on the program, once it has ended or the time is up."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self._session.fresh(f"/exec/{self._id}/json")
            seen = answer.decoded("exec") if answer.status == 200 else {}
            if not seen.get("Running") or time.monotonic() > deadline:
                return seen if isinstance(seen, dict) else {}
            time.sleep(_STEP_S)


def _text(data: bytes) -> str:
    return "\n".join(without(line) for line in data.decode("utf-8", "replace").splitlines())


def in_container(session: DockerSession, name: str, words: Sequence[str]) -> Executed:
    """``words`` run in the container, or what it runs itself where they are empty. Raises Unobservable."""
    seen = session.container(name)
    if not seen or not seen["State"].get("Running"):
        raise Unobservable(Reason.NOT_REACHABLE, f"container {name} does not run")
    return Executed(session, str(seen["Id"]), words or [str(seen.get("Path", "")), *(seen.get("Args") or ())])
