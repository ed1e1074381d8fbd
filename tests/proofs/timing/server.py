"""A server that opens its port at once and is ready when it says so. PORT, READY (seconds), WAY: a lie."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

BEGAN = time.monotonic()
WAY = os.environ.get("WAY", "")
if WAY == "restarts":
    # its first life ends before it is ready; the second one is quick
    time.sleep(1.5)
    sys.exit(subprocess.call([sys.executable, __file__], env={**os.environ, "WAY": ""}))
if WAY == "crashes":
    time.sleep(0.2)
    sys.exit("no database")


class Answer(BaseHTTPRequestHandler):
    """200 when ready, 503 before; nothing else is there, unless it says yes to all."""

    def do_GET(self) -> None:
        ready = time.monotonic() - BEGAN >= float(os.environ.get("READY", "0"))
        found = self.path == "/ready" or WAY == "says-yes-to-all"
        self.send_response(200 if ready and found else 404 if ready else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
