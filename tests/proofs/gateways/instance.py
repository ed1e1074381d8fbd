"""One of several alike behind gateways: ``/live``, and ``/say?word=...`` says back what it is told.

It names itself in X-Instance: ``NAME``, or the names in it in turn.
"""

from __future__ import annotations

import itertools
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NAMES = itertools.cycle(os.environ["NAME"].split())


class Instance(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = parse_qs(urlsplit(self.path).query).get("word", ["up"])[0].encode()
        self.send_response(200)
        self.send_header("X-Instance", next(NAMES))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Instance).serve_forever()
