"""What the callers depend on: says back what it is asked."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Dependency(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = parse_qs(urlsplit(self.path).query).get("word", ["up"])[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


ThreadingHTTPServer.request_queue_size = 256
ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Dependency).serve_forever()
