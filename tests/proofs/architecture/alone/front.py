"""Sells by itself, whatever services stand beside it; with ``ASKS`` it does nothing while that one is ill."""

from __future__ import annotations

import asyncio
import json
import os
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

SOLD: list[str] = []


def well() -> bool:
    if "ASKS" not in os.environ:
        return True
    try:
        return urlopen(f"{os.environ['ASKS']}/health", timeout=1).status == 200
    except OSError:
        return False


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    url = urlsplit(head.split()[1])
    nonce = parse_qs(url.query).get("nonce", [""])[0]
    reply, status = {"detail": "no such page"}, "404 Not Found"
    if url.path == "/health":
        reply, status = {"status": "up"}, "200 OK"
    elif url.path in ("/buy", "/sold") and not await asyncio.to_thread(well):
        reply, status = {"detail": "closed"}, "503 Service Unavailable"
    elif url.path == "/buy":
        SOLD.append(nonce)
        reply, status = {"sold to": nonce}, "200 OK"
    elif url.path == "/sold":
        reply, status = {"asked": nonce, "so far": len(SOLD)}, "200 OK"
    text = json.dumps(reply)
    writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n".encode())
    writer.write(f"Connection: close\r\n\r\n{text}".encode())
    await writer.drain()
    writer.close()


async def serve() -> None:
    server = await asyncio.start_server(converse, "127.0.0.1", int(os.environ["PORT"]), backlog=128)
    await server.serve_forever()


asyncio.run(serve())
