"""Servers that say what they are told to: over HTTP by path, over Redis' protocol by command."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

from .bad_days import Handler

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def over_http(answers: Mapping[str, Any], heard: list[tuple[str, str, str]] | None = None) -> Handler:
    """``path``, or "METHOD path", -> (status, JSON or bytes), or a function of the body that gives it; 404 else."""

    def handle(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += connection.recv(65536)
        method, path = head.decode().split()[:2]
        path = path.partition("?")[0]
        if heard is not None:
            heard.append((f"{method} {path}", head.decode(), body.decode()))
        told = answers.get(f"{method} {path}", answers.get(path, (404, b"not found")))
        status, said = told(json.loads(body or b"null")) if callable(told) else told
        text = said if isinstance(said, bytes) else json.dumps(said).encode()
        lines = f"HTTP/1.1 {status} X\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: {len(text)}\r\n\r\n"
        connection.sendall(lines.encode() + text)

    return handle


def over_redis(answers: Mapping[str, Any]) -> Handler:
    """First words of a command, in capitals, -> text, a list, a number or b"-an error"; the longest match counts."""

    def handle(connection: socket.socket) -> None:
        buffer = b""
        while chunk := connection.recv(65536):
            buffer += chunk
            if buffer == b"PING\r\nAUTH\r\n":
                connection.sendall(b"+PONG\r\n-ERR wrong number of arguments for 'auth' command\r\n")
                buffer = b""
            while (found := _command(buffer)) is not None:
                words, buffer = found
                connection.sendall(_resp(_chosen(answers, words)))

    return handle


def _chosen(answers: Mapping[str, Any], words: list[str]) -> Any:
    line = " ".join(words).upper()
    names = sorted((name for name in answers if line.startswith(name)), key=len)
    told = answers[names[-1]] if names else b"+OK"
    return told(words) if isinstance(told, Callable) else told


def _command(buffer: bytes) -> tuple[list[str], bytes] | None:
    """(The words of the first whole command, the rest)."""
    found = re.match(rb"\*(\d+)\r\n", buffer)
    if found is None:
        return None
    rest, words = buffer[found.end() :], []
    for _ in range(int(found[1])):
        size = re.match(rb"\$(\d+)\r\n", rest)
        if size is None or len(rest) < size.end() + int(size[1]) + 2:
            return None
        words.append(rest[size.end() : size.end() + int(size[1])].decode())
        rest = rest[size.end() + int(size[1]) + 2 :]
    return words, rest


def _resp(told: Any) -> bytes:
    if isinstance(told, bytes):
        return told + b"\r\n"
    if isinstance(told, int):
        return b":%d\r\n" % told
    if isinstance(told, list):
        return b"*%d\r\n" % len(told) + b"".join(map(_resp, told))
    data = str(told).encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)
