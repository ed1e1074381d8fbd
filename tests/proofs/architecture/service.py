"""A small service: answers the paths in PATHS on PORT; PUBLISHES makes it publish them as OpenAPI."""

from __future__ import annotations

import ctypes
import json
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATHS = os.environ.get("PATHS", "/health").split()
DOCUMENT = {"openapi": "3.0.3", "paths": {path: {"get": {}} for path in PATHS}}


class Handler(BaseHTTPRequestHandler):
    """Anything else is missing."""

    def do_GET(self) -> None:
        published = "PUBLISHES" in os.environ and self.path == "/openapi.json"
        found = DOCUMENT if published else {"path": self.path} if self.path in PATHS else {"detail": "Not Found"}
        body = json.dumps(found).encode()
        self.send_response(200 if published or self.path in PATHS else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
