"""A service before a Redis: ``/say?word=...`` keeps the word there and reads it back, ``/live`` needs nobody.

``WAY`` is what it does without its store; "" answers 503 at once, and works again when the store does.
"""

from __future__ import annotations

import os
import secrets
import socket
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BOOT = secrets.token_hex(8)
WAY = os.environ.get("WAY", "")
STORE = urlsplit(os.environ["STORE"])
PATIENCE_S = {"hangs": None, "shared": 0.4}.get(WAY, 0.7)
failed = False


def kept(word: str) -> str:
    """The word, as the store says it back."""
    with socket.create_connection((STORE.hostname, STORE.port), PATIENCE_S) as store:
        store.sendall(f"AUTH {STORE.password}\r\nSET {word} {word} EX 90\r\nGET {word}\r\nQUIT\r\n".encode())
        said = b"".join(iter(lambda: store.recv(4096), b""))
    return said.split(b"\r\n")[3].decode()


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        word = parse_qs(parts.query).get("word", [""])[0]
        if parts.path != "/say":
            self._answer(200, "up")
        elif WAY == "needless":
            self._answer(200, word)
        elif WAY == "never" and failed:
            self._answer(503, "no store")
        else:
            self._say(word)

    def _say(self, word: str) -> None:
        global failed
        try:
            self._answer(200, kept(word))
        except (OSError, IndexError):
            failed = True
            self._without(word)

    def _without(self, word: str) -> None:
        match WAY:
            case "marked":
                self._answer(200, "as of yesterday", reduced="yes")
            case "canned":
                self._answer(200, "thank you")
            case "fabricated":
                self._answer(200, word)
            case "exits":
                os._exit(1)
            case "raw":
                self._answer(500, traceback.format_exc())
            case "traced":
                self._answer(503, traceback.format_exc())
            case _:
                self._answer(503, "no store")

    def _answer(self, status: int, text: str, reduced: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("X-Boot", BOOT)
        if reduced:
            self.send_header("X-Reduced", reduced)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


server = HTTPServer if WAY == "shared" else ThreadingHTTPServer
server.request_queue_size = 128
server(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
