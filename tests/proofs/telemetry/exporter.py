"""A service with metrics at ``/metrics`` and at ``/empty`` none; ``BESIDE`` is a second port for the same metrics."""

from __future__ import annotations

import os
import threading
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


def serve(port: int) -> None:
    ThreadingHTTPServer(("127.0.0.1", port), Exporter).serve_forever()


if __name__ == "__main__":
    if beside := os.environ.get("BESIDE"):
        threading.Thread(target=serve, args=(int(beside),), daemon=True).start()
    serve(int(os.environ["PORT"]))
