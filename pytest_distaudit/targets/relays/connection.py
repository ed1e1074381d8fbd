"""One connection through a relay, both ways."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.ports.links import Arrival, Line
from pytest_distaudit.targets.relays.heard import Hearing

if TYPE_CHECKING:
    from pytest_distaudit.targets.relays.relay import TcpRelay

_CHUNK: Final = 64 * 1024
_CONNECTS_S: Final = 5.0
#: pieces that wait to be passed on, in each direction
_WAITING: Final = 64
_SILENT: Final = (Fault.CUT, Fault.HALF_OPEN)
#: so long, in seconds, one who hangs up into silence hears nothing of it
_MUTE_S: Final = 5.0
#: closed with this, a connection is reset instead of ended in order
RESET: Final = struct.pack("ii", 1, 0)
_HEADS: Final = b"Content-Type: text/plain\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
_ANSWERS: Final[dict[Fault | None, bytes]] = {
    Fault.ERROR: b"HTTP/1.1 503 Service Unavailable\r\n" + _HEADS + b"unavailable\n",
    Fault.REJECT: b"HTTP/1.1 400 Bad Request\r\n" + _HEADS + b"bad request\n",
}


class Connection:
    """What one caller says to the system and hears from it. ``harmed``: something of it was lost on the way."""

    def __init__(self, relay: TcpRelay, client: socket.socket, number: int, own: bool) -> None:
        self._relay, self._client, self._number = relay, client, number
        self.own = own
        self.harmed = False
        self._opened = time.monotonic()
        self._closed: float | None = None
        self._ended = False
        self._heard = Hearing(relay.speaks_http)
        self._writers: list[asyncio.StreamWriter] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def line(self) -> Line:
        """When it was opened and closed by the caller."""
        return Line(self._number, self._opened, self._closed)

    @property
    def count(self) -> int:
        """How many arrivals there were on it."""
        return len(self._heard)

    def arrivals(self) -> list[Arrival]:
        """What the caller has sent on it."""
        return self._heard.told(self._number)

    def end(self) -> None:
        """Reset it on both sides."""
        self._ended = True
        if self._task is not None:
            self._task.cancel()
        self._reset()

    def _reset(self) -> None:
        with suppress(OSError):
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        for each in self._writers:
            each.transport.abort()
        if not self._writers:  # it has not come to that
            self._client.close()

    async def run(self) -> None:
        """Until both sides are done with it."""
        self._task = asyncio.current_task()
        self._client.setblocking(False)
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        orderly = False
        reader, writer = await asyncio.open_connection(sock=self._client)
        self._writers.append(writer)
        try:
            if (answer := _ANSWERS.get(self._relay.fault)) is not None:
                await self._answer(answer, reader, writer)
            elif self._relay.fault in _SILENT:
                self.harmed = True
                await self._only_hear(reader)
                await asyncio.sleep(_MUTE_S)
            else:
                await self._pass_on(reader, writer)
            orderly = True
        except* OSError:
            pass
        finally:
            self._task = None
            if orderly:
                for each in self._writers:
                    each.close()
            else:
                self._reset()

    async def _answer(self, answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, answered in the system's place once all of it is there."""
        while not self._heard.complete:
            if not (data := await self._read(reader)):
                return
            self._heard.hear(data)
        writer.write(answer)
        await writer.drain()
        writer.write_eof()
        # closed with something unread, the answer would be lost
        await self._only_hear(reader)

    async def _only_hear(self, reader: asyncio.StreamReader) -> None:
        while data := await self._read(reader):
            self._heard.hear(data)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_CONNECTS_S):
            place = await asyncio.to_thread(self._relay.find)
            if place is None:
                raise ConnectionRefusedError
            to_system = await asyncio.open_connection(*place)
        self._writers.append(to_system[1])
        async with asyncio.TaskGroup() as both:
            both.create_task(self._stream(reader, to_system[1], from_caller=True))
            both.create_task(self._stream(to_system[0], writer, from_caller=False))

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_caller: bool) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take(reader, waiting, from_caller))
            both.create_task(self._give(waiting, writer))

    async def _take(
        self, reader: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]], from_caller: bool
    ) -> None:
        data = b"more"
        while data:
            data = await (self._read(reader) if from_caller else reader.read(_CHUNK))
            if from_caller and data:
                self._heard.hear(data)
            if self._relay.fault in _SILENT:
                self.harmed = True
                continue
            if self._relay.fault is Fault.DRIP and not from_caller:
                await self._drip(data, waiting)
                continue
            late = self._relay.delay_s if self._relay.fault is Fault.DELAY and not from_caller else 0.0
            await waiting.put((time.monotonic() + late, data))
        if self.harmed:
            # the end of what was lost is lost, too: whoever waits for it goes on to wait
            await asyncio.Event().wait()

    async def _drip(self, data: bytes, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        """Byte by byte; it ends when the fault does, and is then ended."""
        self.harmed = True
        due = time.monotonic()
        for at in range(len(data)):
            due += self._relay.delay_s
            await waiting.put((due, data[at : at + 1]))

    @staticmethod
    async def _give(waiting: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not data:
                with suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """What the caller sends; b"" once it has closed, in order or not."""
        try:
            data = await reader.read(_CHUNK)
        except OSError:
            data = b""
        if not data and not self._ended:
            self._closed = self._closed or time.monotonic()
        return data
