"""A service that says back what it is told: ``/live`` and ``/say?word=...``; each start of it names itself in X-Boot.

``WAY`` is how it lies once it has been started again: ``wedged`` answers 503, ``canned`` always says the same,
``keeps`` has whoever comes too soon wait.
"""

from __future__ import annotations

import os
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BOOT, BEGAN = secrets.token_hex(8), time.monotonic()
#: until then after its start
_KEEPS_S = 4.0
WAY = os.environ.get("WAY", "")
STARTS = Path(os.environ["STARTS"])
STARTS.write_text(STARTS.read_text() + "." if STARTS.exists() else ".")
AGAIN = len(STARTS.read_text()) > 1


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        word = parse_qs(parts.query).get("word", [""])[0]
        if parts.path == "/live":
            self._answer(200, "up")
        elif parts.path != "/say":
            self._answer(404, "no such page")
        elif AGAIN and WAY == "wedged":
            self._answer(503, "the store is locked")
        else:
            if AGAIN and WAY == "keeps":
                time.sleep(max(0.0, BEGAN + _KEEPS_S - time.monotonic()))
            self._answer(200, "thank you" if AGAIN and WAY == "canned" else word)

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("X-Boot", BOOT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


# while it hangs, its port goes on to accept
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Service).serve_forever()
