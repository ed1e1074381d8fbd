"""A JSON API on loopback that says what it is told to; no fixture, so that every test can import it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .bad_days import SECRET

#: "METHOD /path" or "/path" -> (status, JSON or bytes), or what makes that of the request's text
Answers = Mapping[str, Any]


@dataclass
class Canned:
    """``requests``: all that it was sent, whole."""

    port: int = 0
    requests: list[str] = field(default_factory=list)


def canned(serve: Callable[[Callable[[socket.socket], None]], int], answers: Answers) -> Canned:
    """A server with these ``answers``, 404 with an empty body for all else."""
    made = Canned()

    def handle(connection: socket.socket) -> None:
        request = _whole(connection)
        made.requests.append(request)
        method, target, _ = request.split(" ", 2)
        path = target.partition("?")[0]
        told = next((answers[key] for key in (f"{method} {path}", path) if key in answers), (404, b""))
        status, body = told(request) if callable(told) else told
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        connection.sendall(f"{head}Location: http://elsewhere.invalid/{SECRET}\r\n\r\n".encode() + text)

    made.port = serve(handle)
    return made


def _whole(connection: socket.socket) -> str:
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    wanted = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < wanted:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()
