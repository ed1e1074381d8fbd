"""Stands in for a service that has crashed: it is healthy, whoever asks, and there is nothing that it does."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Well, and busy."""

    def do_GET(self) -> None:
        """Be well."""
        self._answer(200, b'{"status": "healthy"}')

    def do_POST(self) -> None:
        """Ask for patience."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(503, b'{"detail": "just a moment"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    ThreadingHTTPServer(address, Handler).serve_forever()
