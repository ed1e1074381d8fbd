"""Load over HTTP: requests at fixed moments on one event loop, over connections that are kept."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.load import Fate, Hit, Shot, Strain
from pytest_distaudit.systems.http_fetch import _without_credentials, basic, trust, user_agent

if TYPE_CHECKING:
    pass

#: connections at once; what is due while all wait for answers is not sent
_MOST = 400
#: a connection that rested longer may be closed by the server just when it is used
_RESTS_S = 1.0
_BEGINS_S = 0.05
_STRAIN_S = 0.05
#: descriptors from here on are none that select(2) knows
_SELECTABLE = 1000
_WORDS = 120
_NONCE = re.compile(rb"distaudit-[0-9a-f]{32}")
_Place = tuple[str, int, bool]


@contextmanager
def http_load(limits: Limits) -> Iterator[HttpLoad]:
    """A generator, and the audit's own server beside it for as long as the block runs."""
    argv = [sys.executable, "-m", "pytest_distaudit.systems._null_server"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(  # noqa: S603 - ourselves
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd="/"
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield HttpLoad(limits, f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            with suppress(OSError):
                server.stdin.close()


class HttpLoad:
    """Implements ports.load.Generator. Not for several threads at once."""

    def __init__(self, limits: Limits, control: str) -> None:
        self._limits, self.control = limits, control

    def fire(self, shots: Sequence[Shot], patience_s: float) -> tuple[Sequence[Hit], Strain]:
        """A hit for each shot, in their order, which is that of ``due``."""
        aimed = [_Aimed(shot) for shot in shots]
        collecting = gc.isenabled()
        gc.collect()
        gc.disable()  # what it stops for would be told of the system
        try:
            with asyncio.Runner(loop_factory=_exact_loop) as runner:
                return runner.run(_Range(self._limits, patience_s).fire(aimed))
        finally:
            if collecting:
                gc.enable()


def _exact_loop() -> asyncio.AbstractEventLoop:
    """One that wakes up to the microsecond: others wake in whole milliseconds. It knows few descriptors alone."""
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    return asyncio.SelectorEventLoop(selectors.SelectSelector() if free + _MOST < _SELECTABLE else None)


class _Aimed:
    """A shot, ready to be sent."""

    def __init__(self, shot: Shot) -> None:
        import h11

        self.shot, request = shot, shot.request
        url, auth = _without_credentials(request)
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self.place: _Place = parts.hostname or "", parts.port or (443 if secure else 80), secure
        self.nonce = shot.nonce.encode()
        self.body = _body(request)
        headers = {"Host": parts.netloc, "User-Agent": user_agent(), "Accept": "*/*", **_length(self.body)}
        if auth is not None:
            headers["Authorization"] = "Basic " + basic(auth)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        named = {**{name.lower(): value for name, value in headers.items()}, **_lower(request.headers)}
        self.head = h11.Request(method=request.method, target=target, headers=list(named.items()))

    def good(self, status: int) -> bool:
        return status in self.shot.ok if self.shot.ok else 200 <= status < 300


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _body(request: Request) -> bytes:
    import json

    return b"" if request.json is None else json.dumps(request.json).encode()


def _length(body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body)), "Content-Type": "application/json"} if body else {}


class _Range:
    """One load under way."""

    def __init__(self, limits: Limits, patience_s: float) -> None:
        self.limits, self._patience_s = limits, patience_s
        self.idle: dict[_Place, list[_Line]] = {}
        self.lines: set[_Line] = set()
        self.hits: dict[int, Hit] = {}
        self._open: dict[int, float] = {}
        self._began = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: list[int] = []

    async def fire(self, aimed: Sequence[_Aimed]) -> tuple[Sequence[Hit], Strain]:
        self._loop = asyncio.get_running_loop()
        before = _stolen()
        watching = asyncio.create_task(self._watch())
        self._began = self._loop.time() + _BEGINS_S
        for number, one in enumerate(aimed):
            wait = self._began + one.shot.due - self._loop.time()
            # even when it is late, answers are read between requests
            await asyncio.sleep(max(0.0, wait))
            self._send(number, one)
        until = self._loop.time() + self._patience_s
        while self._open and self._loop.time() < until:
            await asyncio.sleep(0.005)
        watching.cancel()
        for number in list(self._open):
            self.over(number, Fate.OPEN, "no answer")
        for task in list(self._tasks):
            task.cancel()
        for line in list(self.lines):
            line.end()
        while self.lines or self._tasks:
            await asyncio.sleep(0)
        share = _stolen_share(before, _stolen())
        return [self.hits[number] for number in range(len(aimed))], Strain(
            tuple(self._running), os.cpu_count() or 1, share
        )

    def now(self) -> float:
        """Seconds since the begin."""
        return self._loop.time() - self._began

    def _send(self, number: int, one: _Aimed) -> None:
        if len(self._open) >= _MOST:
            self.hits[number] = Hit(self.now(), 0.0, Fate.HELD, f"{_MOST} are under way")
            return
        self._open[number] = self.now()
        lines = self.idle.get(one.place, [])
        while lines:
            line = lines.pop()
            if line.usable(self._loop.time()):
                line.send(number, one)
                return
            line.close()
        task = self._loop.create_task(self._connect(number, one))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, number: int, one: _Aimed) -> None:
        host, port, secure = one.place
        name, context = (host, trust()) if secure else (None, None)
        try:
            async with asyncio.timeout(self.limits.connect_s):
                _, line = await self._loop.create_connection(
                    lambda: _Line(self, one.place), host, port, ssl=context, server_hostname=name
                )
        except (OSError, TimeoutError) as error:
            self.over(number, Fate.FAILED, f"no connection: {type(error).__name__}")
            return
        line.send(number, one)

    def over(self, number: int, fate: Fate, said: str = "") -> None:
        """The request's end; only the first counts."""
        sent = self._open.pop(number, None)
        if sent is not None:
            self.hits[number] = Hit(sent, self.now() - sent, fate, said[:_WORDS])

    async def _watch(self) -> None:
        place = Path("/proc/loadavg")
        while True:
            with suppress(OSError, ValueError, IndexError):
                # this process runs while it looks
                self._running.append(max(0, int(place.read_text().split()[3].partition("/")[0]) - 1))
            await asyncio.sleep(_STRAIN_S)


class _Line(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, range_: _Range, place: _Place) -> None:
        import h11

        self._range, self._place = range_, place
        self._talk = h11.Connection(h11.CLIENT)
        self._number, self._one, self._status = -1, cast("_Aimed | None", None), 0
        self._body = bytearray()
        self._rests = 0.0
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._range.lines.add(self)

    def usable(self, now: float) -> bool:
        """Whether it may take one more request."""
        return not self._closed and not self._transport.is_closing() and now - self._rests < _RESTS_S

    def send(self, number: int, one: _Aimed) -> None:
        import h11

        self._number, self._one, self._status = number, one, 0
        self._body.clear()
        data = self._talk.send(one.head) or b""
        if one.body:
            data += self._talk.send(h11.Data(data=one.body)) or b""
        data += self._talk.send(h11.EndOfMessage()) or b""
        self._transport.write(data)

    def close(self) -> None:
        self._closed = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._hear(data)

    def eof_received(self) -> None:
        self._hear(b"")

    def end(self) -> None:
        """Without another word."""
        self._closed = True
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._range.lines.discard(self)
        self._closed = True
        self._end(Fate.FAILED, "the connection was closed")

    def _hear(self, data: bytes) -> None:
        import h11

        try:
            self._talk.receive_data(data)
            while (event := self._talk.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response):
                    self._status = event.status_code
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > self._range.limits.body_bytes:
                        self._end(Fate.FAILED, "the answer is too large")
                        self.close()
                        return
                elif isinstance(event, h11.EndOfMessage):
                    self._answered()
                elif isinstance(event, h11.ConnectionClosed):
                    self._end(Fate.FAILED, "the connection was closed")
                    self.close()
                    return
        except h11.RemoteProtocolError as error:
            self._end(Fate.FAILED, f"no HTTP: {error}" if data else "the connection was closed")
            self.close()

    def _answered(self) -> None:
        import h11

        assert self._one is not None
        if not self._one.good(self._status):
            said = self._body[:_WORDS].decode("utf-8", "replace")
            self._end(Fate.FAILED, f"{self._status} {said}")
        elif self._one.nonce in self._body:
            self._end(Fate.GOOD)
        else:
            self._end(Fate.CANNED if _NONCE.search(self._body) else Fate.PLAIN)
        if self._talk.our_state is h11.DONE and self._talk.their_state is h11.DONE and not self._closed:
            self._talk.start_next_cycle()
            self._rests = asyncio.get_running_loop().time()
            self._range.idle.setdefault(self._place, []).append(self)
        else:
            self.close()

    def _end(self, fate: Fate, said: str = "") -> None:
        if self._one is not None:
            self._range.over(self._number, fate, said)
            self._one = None


def _stolen() -> tuple[int, int]:
    """(ticks that other machines took, all ticks) of this machine's processors."""
    with suppress(OSError, ValueError, IndexError):
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return ticks[7], sum(ticks)
    return 0, 0


def _stolen_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    return (after[0] - before[0]) / max(1, after[1] - before[1])
