"""The relay: TCP passed on between a caller and a system, or not, as the audit wants it at the moment."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from errno import EADDRINUSE
from typing import Any, Final, TypeVar

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.links import Arrival, Line
from pytest_distaudit.targets.relays.connection import RESET, Connection
from pytest_distaudit.targets.relays.placing import Find

T = TypeVar("T")

_BACKLOG: Final = 512
#: within this time a command is carried out
_OBEYS_S: Final = 5.0
#: how many fillers a queue of waiting connections takes at most, and how long one may take to be let in
_FILLERS: Final = 8
_LET_IN_S: Final = 0.05
#: arrivals that are remembered
_MOST: Final = 500_000


class TcpRelay:
    """See ``ports.links.Relay``. Everything but the methods of that runs in ``loop``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, find: Find, speaks_http: bool, place: tuple[str, int]) -> None:
        self._loop, self.find, self.speaks_http = loop, find, speaks_http
        # holds the port while nobody listens: refused is refused, and the port nobody else's
        self._holder = _bound(*place)
        self.address: tuple[str, int] = self._holder.getsockname()[:2]
        self._listener: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self._connections: list[Connection] = []
        self._going: set[asyncio.Task[None]] = set()
        self._own: set[int] = set()
        self.fault: Fault | None = None
        self.delay_s = 0.0

    # --- what others call

    def own(self, port: int, *, still: bool = True) -> None:
        """The next that comes from there is the audit's own."""
        if still:
            self._own.add(port)
        else:
            self._own.discard(port)

    def stand(self, fault: Fault | None, delay_s: float = 0.0) -> None:
        """Do this to all that comes from now on. Raises Uncontrolled."""
        if fault is not None and fault.of_http and not self.speaks_http:
            raise Uncontrolled("only over HTTP can the audit answer in a system's place")
        try:
            self._call(self._stand(fault, delay_s))
        except (OSError, TimeoutError) as error:
            raise Uncontrolled(f"the relay does not do it: {error}") from error

    def seen(self) -> tuple[tuple[Arrival, ...], tuple[Line, ...]]:
        """All that has come so far."""
        return self._call(self._seen())

    def open(self) -> None:
        """Begin to listen."""
        self._call(self._stand(None, 0.0))

    def close(self) -> None:
        """End every connection and give the port back."""
        self._call(self._close())

    def _call(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(_OBEYS_S)

    # --- the loop's own

    async def _stand(self, fault: Fault | None, delay_s: float) -> None:
        before, self.fault, self.delay_s = self.fault, fault, delay_s
        if fault in (Fault.REFUSE, Fault.ERROR, Fault.REJECT):
            self._end_all()
        else:
            self._end_all(harmed=True)
        if before in (Fault.REFUSE, Fault.CUT):
            self._let_in_again()
        if fault is Fault.REFUSE:
            self._stop_listening()
        elif fault is Fault.CUT:
            await self._let_nobody_in()
        else:
            self._listen()

    async def _seen(self) -> tuple[tuple[Arrival, ...], tuple[Line, ...]]:
        counted = [one for one in self._connections if not one.own]
        if sum(one.count for one in counted) > _MOST:
            raise Uncontrolled(f"more than {_MOST} arrivals at one relay")
        arrivals = sorted((each for one in counted for each in one.arrivals()), key=lambda each: each.at)
        return tuple(arrivals), tuple(one.line for one in counted)

    async def _close(self) -> None:
        self._stop_listening()
        self._let_in_again()
        self._holder.close()
        self._end_all()
        for task in self._going:
            task.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = _bound(*self.address)
        self._listener.listen(_BACKLOG)
        self._accept_on(self._listener)

    def _accept_on(self, listener: socket.socket) -> None:
        if listener is self._listener and self.fault not in (Fault.CUT, Fault.REFUSE):
            self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        """Take what waits. Not a task: one that is cancelled may have taken a connection of which nobody knows."""
        try:
            client, peer = listener.accept()
        except BlockingIOError:
            return
        except OSError:  # gone before it was taken, or too many are open
            self._loop.remove_reader(listener)
            self._loop.call_later(_LET_IN_S, self._accept_on, listener)
            return
        connection = Connection(self, client, len(self._connections) + 1, own=peer[1] in self._own)
        self._own.discard(peer[1])
        self._connections.append(connection)
        task = self._loop.create_task(connection.run())
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    def _stop_accepting(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)

    def _stop_listening(self) -> None:
        self._stop_accepting()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _let_nobody_in(self) -> None:
        """Nobody is told so: with a full queue of waiting connections, the kernel drops further ones."""
        self._stop_accepting()
        if self._listener is None:
            self._listener = _bound(*self.address)
        self._listener.listen(0)
        for _ in range(_FILLERS):
            filler = socket.socket(self._holder.family)
            filler.setblocking(False)
            self._fillers.append(filler)
            try:
                async with asyncio.timeout(_LET_IN_S):
                    await self._loop.sock_connect(filler, self.address)
            except TimeoutError:
                return
        raise OSError("its queue does not fill")

    def _let_in_again(self) -> None:
        """Whoever waited in the queue is told that it came to nothing."""
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        if self._listener is None:
            return
        with suppress(OSError):
            while True:
                waiting, _ = self._listener.accept()
                waiting.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                waiting.close()

    def _end_all(self, harmed: bool = False) -> None:
        for connection in self._connections:
            if connection.harmed or not harmed:
                connection.end()


def _bound(host: str, port: int) -> socket.socket:
    """Bound, not listening: two of these may share a port."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.setblocking(False)
    try:
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found


class Relays:
    """All relays of a run, in one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="distaudit-relays")
        self._relays: list[TcpRelay] = []

    def between(self, find: Find, speaks_http: bool, place: tuple[str, int] = ("127.0.0.1", 0)) -> TcpRelay:
        """One more, which listens already, at ``place`` (port 0: any free one). Raises OSError."""
        if place in [relay.address for relay in self._relays]:
            raise OSError(EADDRINUSE, "another relay has it")
        relay = TcpRelay(self._loop, find, speaks_http, place)
        self._relays.append(relay)
        relay.open()
        return relay

    @contextmanager
    def running(self) -> Iterator[Relays]:
        """For as long as the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            for relay in self._relays:
                relay.close()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
