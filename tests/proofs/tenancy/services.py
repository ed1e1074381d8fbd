"""The services of every miniature: ``GET /<way>/<nonce>`` writes one row for each entry of the way.

``WRITES`` holds, as JSON, way -> [[url, table, whether its session is kept open], ...].
"""

from __future__ import annotations

import json
import os
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

WRITES: dict[str, list[tuple[str, str, bool]]] = json.loads(os.environ["WRITES"])
LOCK = threading.Lock()


@cache
def pool(way: str, url: str, table: str) -> psycopg.Connection[Any]:
    """A session for each table: what one does first after a rest is counted at once."""
    return psycopg.connect(url, autocommit=True)


def write(way: str, nonce: str) -> None:
    for url, table, stays in WRITES[way]:
        if stays:
            with LOCK:
                pool(way, url, table).execute(f"insert into {table} values (%s)", (nonce,))
        else:
            with psycopg.connect(url, autocommit=True) as session:
                session.execute(f"insert into {table} values (%s)", (nonce,))


class Services(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way, _, nonce = self.path.strip("/").partition("/")
        try:
            status = 200 if way in WRITES else 404
            if way in WRITES:
                write(way, nonce)
        except psycopg.Error:
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    # as pools do: what a session does first in its life is counted late
    for way, writes in WRITES.items():
        for url, table, stays in writes:
            if stays:
                pool(way, url, table)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Services).serve_forever()
