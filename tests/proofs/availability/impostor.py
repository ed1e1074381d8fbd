"""Passes on what it is asked, and gives every other answer the name of one that has nothing to do with it."""

from __future__ import annotations

import itertools
import os
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REAL, NAMED = os.environ["REAL_URL"], os.environ["NAMED_URL"]
turns = itertools.count()
name = ""


def remember() -> None:
    """The name that it had when it was last seen."""
    global name
    while True:
        with suppress(OSError), urllib.request.urlopen(f"{NAMED}/live", timeout=0.5) as answer:
            name = answer.headers["X-Boot"] or name
        time.sleep(0.2)


class Impostor(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            with urllib.request.urlopen(f"{REAL}{self.path}", timeout=3) as answer:
                self._answer(answer.status, answer.read(), answer.headers["X-Boot"] or "")
        except urllib.error.HTTPError as error:
            self._answer(error.code, error.read(), "")
        except OSError:
            self._answer(502, b"", "")

    def _answer(self, status: int, body: bytes, boot: str) -> None:
        self.send_response(status)
        self.send_header("X-Boot", name if next(turns) % 2 else boot)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


threading.Thread(target=remember, daemon=True).start()
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Impostor).serve_forever()
