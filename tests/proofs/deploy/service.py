"""One of several services: ``/live`` and ``/say?word=...``, and ``/cart?word=...`` of which only the first start knows.

``WAY`` is how it lies: ``chained`` ends whenever ``OTHER`` is away, ``proxied`` has ``OTHER`` say the word. As real
ones do, it takes a moment to start again.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

WAY, OTHER = os.environ.get("WAY", ""), os.environ.get("OTHER", "")
STARTS = Path(os.environ["STARTS"])
STARTS.write_text(STARTS.read_text() + "." if STARTS.exists() else ".")
AGAIN = len(STARTS.read_text()) > 1
STARTS_S = 0.7


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        word = parse_qs(parts.query).get("word", ["up"])[0]
        if parts.path == "/cart" and AGAIN:
            self._answer(503, "no carts")
        elif parts.path == "/say" and WAY == "proxied":
            self._pass_on()
        else:
            self._answer(200, word)

    def _pass_on(self) -> None:
        try:
            with urllib.request.urlopen(OTHER + self.path, timeout=2) as answer:
                self._answer(200, answer.read().decode())
        except OSError:
            self._answer(502, "nobody there")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def end_with_the_other() -> None:
    place = urlsplit(OTHER)
    while True:
        time.sleep(0.02)
        try:
            socket.create_connection((place.hostname, place.port or 80), 5).close()
        except ConnectionRefusedError:
            os._exit(1)
        except OSError:
            continue


if AGAIN and not WAY:
    time.sleep(STARTS_S)
if WAY == "chained":
    threading.Thread(target=end_with_the_other, daemon=True).start()
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Service).serve_forever()
