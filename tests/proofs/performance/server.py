"""Answers ``GET /<way>/<word>`` quickly and truly, or in a way that only looks so, on one event loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict, deque

TOOK_S = 0.003
#: what some bear a second; more is under load
BEARS = 60
ARRIVED: defaultdict[str, deque[float]] = defaultdict(deque)
LAST: defaultdict[str, float] = defaultdict(float)
SINCE: defaultdict[str, int] = defaultdict(int)
FREE_AT: defaultdict[str, float] = defaultdict(float)
FIRST: dict[str, str] = {}
Answer = tuple[int, str]


def loaded(way: str) -> bool:
    """Whether it was asked more often than it bears, in the last fifth of a second."""
    now, arrived = time.monotonic(), ARRIVED[way]
    arrived.append(now)
    while arrived[0] < now - 0.2:
        arrived.popleft()
    return len(arrived) > BEARS * 0.2


async def honest(word: str) -> Answer:
    await asyncio.sleep(TOOK_S)
    return 200, word


async def cached(word: str) -> Answer:
    """Everybody has the first one's answer."""
    return 200, FIRST.setdefault("cached", word)


async def says_what_it_always_says(word: str) -> Answer:
    """When it has to be quick."""
    return (200, "done") if loaded("always") else await honest(word)


async def fails_fast(word: str) -> Answer:
    return (503, "busy") if loaded("fails") else await honest(word)


async def turns_some_away(word: str) -> Answer:
    """Every tenth: what is answered is quick."""
    SINCE["away"] += 1
    return (429, "later") if loaded("away") and SINCE["away"] % 10 == 0 else await honest(word)


async def stalls(word: str) -> Answer:
    """For 0.5 s of every 0.8 s: who waits for an answer before the next question asks hardly any of it meanwhile."""
    into = time.monotonic() % 0.8
    if into < 0.5:
        await asyncio.sleep(0.5 - into)
    return 200, word


async def tires(word: str) -> Answer:
    """Quick for the first fifty after a rest."""
    now = time.monotonic()
    SINCE["tires"] = SINCE["tires"] + 1 if now - LAST["tires"] < 0.1 else 0
    LAST["tires"] = now
    if SINCE["tires"] > 50:
        await asyncio.sleep(0.6)
    return 200, word


async def queues(word: str) -> Answer:
    """Takes everything, and does one after the other."""
    now = time.monotonic()
    FREE_AT["queues"] = max(now, FREE_AT["queues"]) + 1 / BEARS
    await asyncio.sleep(FREE_AT["queues"] - now)
    return 200, word


async def plain(word: str) -> Answer:
    """An honest answer that has no place for the word."""
    await asyncio.sleep(TOOK_S)
    return 200, "done"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            _, way, *rest = head.split(b" ", 2)[1].decode().split("/")
            status, body = await globals()[way](rest[0]) if rest else (200, "here")
            writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
