"""A service behind gateways: it does what it is asked, and some of it in bad faith."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLL_S = 0.2


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.startswith(("/tasks", "/fails"))
        body = f"done {self.path}".encode() if found else b"unknown here"
        self.send_response((500 if self.path.startswith("/fails") else 200) if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def poll(url: str) -> None:
    """Somebody who asks all the time, whoever else does."""
    while True:
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=2).read()
        time.sleep(POLL_S)


if __name__ == "__main__":
    for polled in sys.argv[1:]:
        threading.Thread(target=poll, args=(polled,), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Service).serve_forever()
