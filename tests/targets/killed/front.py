"""A caller of a store, by a link, and of a worker, whose address it knows."""

from __future__ import annotations

import os
import socket
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

STORE, WORKER = urlsplit(os.environ["STORE_URL"]), os.environ["WORKER_URL"]
TIMEOUT_S = 0.3


def stored(word: str) -> bytes:
    """What the store says back."""
    with socket.create_connection((STORE.hostname or "", STORE.port or 0), timeout=TIMEOUT_S) as connection:
        answer = connection.makefile("rb")
        if STORE.password:
            connection.sendall(f"AUTH {unquote(STORE.password)}\r\n".encode())
            answer.readline()
        connection.sendall(f"ECHO {word}\r\n".encode())
        return answer.read(int(answer.readline()[1:]))


def said(word: str) -> bytes:
    """What the worker says."""
    with urllib.request.urlopen(f"{WORKER}/say/{word}", timeout=TIMEOUT_S) as answer:
        return answer.read()


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way, _, word = self.path[1:].partition("/")
        try:
            self._answer(200, {"store": stored, "say": said}.get(way, str.encode)(word))
        except (OSError, ValueError) as error:
            self._answer(503, type(error).__name__.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
