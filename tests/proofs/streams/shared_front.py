"""The front of the groups: ``POST /<stream>`` asks for work, mostly by the stream of that name.

``GET /done/<stream>/<nonce>`` says whether it is done. What is done is a file of that name.
"""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import redis

GROUND = Path(os.environ["GROUND"])
STORE = redis.Redis.from_url(os.environ["REDIS_URL"])
#: when the front looks after what nobody has done
LATE_S = 2.0


def appends(stream: str, nonce: str) -> None:
    STORE.xadd(stream, {"work": nonce})


def only_acknowledges(stream: str, nonce: str) -> None:
    """Does it itself, at once."""
    (GROUND / stream / nonce).touch()
    appends(stream, nonce)


def does_it_beside_the_stream(stream: str, nonce: str) -> None:
    """Does it itself where no member has."""
    appends(stream, nonce)
    timer = threading.Timer(LATE_S, (GROUND / stream / nonce).touch)
    timer.daemon = True
    timer.start()


def shares_what_has_no_words(stream: str, nonce: str) -> None:
    """The entry names a job, and what that is stands elsewhere."""
    job = str(time.monotonic_ns())
    STORE.set(job, nonce)
    STORE.xadd(stream, {"job": job})


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        where = self.path.split("/")[1:]
        if where[0] != "done":
            self._answer(200, "up")
        elif where[1] == "shares_whatever_is_shown" or (GROUND / where[1] / where[2]).exists():
            self._answer(200, where[2])
        else:
            self._answer(404, "not yet")

    def do_POST(self) -> None:
        stream = self.path[1:]
        nonce = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["work"]
        globals().get(stream, appends)(stream, nonce)
        self._answer(202, "")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
