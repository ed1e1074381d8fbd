"""A service with metrics at ``/metrics`` and at ``/empty`` none."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Exporter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/metrics": b"work_done_total 3\nwork_failed_total 0\n", "/empty": b"# nothing\n"}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Exporter).serve_forever()
