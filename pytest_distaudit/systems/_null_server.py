"""A server that does nothing: ``python -m pytest_distaudit.systems._null_server`` answers each request with its path.

It prints its port, and ends when its standard input does. What is slow with it is slow without any system.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import cast

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"


class _Null(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._heard = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            self._transport.write(_HEAD % (len(path), path))


async def main() -> None:
    """Serve until whoever started it is gone."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(_Null, "127.0.0.1", 0, backlog=512)

    def heard() -> None:
        if not os.read(sys.stdin.fileno(), 64):
            over.set()

    loop.add_reader(sys.stdin.fileno(), heard)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await over.wait()


if __name__ == "__main__":
    asyncio.run(main())
