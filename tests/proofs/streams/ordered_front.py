"""``POST /<way>`` appends an event to the stream of that name, in order or not; the body is the event."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

STORE = redis.Redis.from_url(os.environ["REDIS_URL"])
KEPT: defaultdict[str, list[bytes]] = defaultdict(list)
TIMES: defaultdict[str, int] = defaultdict(int)
LOCK = threading.Lock()
Way = Callable[[str, bytes], object]


def append(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": event})


def in_order(name: str, event: bytes) -> None:
    append(name, event)


def in_order_beside_others(name: str, event: bytes) -> None:
    append(name, b"of somebody else")
    append(name, event)


def in_order_and_later(name: str, event: bytes) -> None:
    """One worker appends what was gathered."""
    with LOCK:
        KEPT[name].append(event)
        if len(KEPT[name]) == 1:
            threading.Timer(0.5, gathered, (name,)).start()


def gathered(name: str) -> None:
    time.sleep(0.5)
    with LOCK:
        events, KEPT[name] = KEPT[name], []
    for event in events:
        append(name, event)


def many_in_order(name: str, event: bytes) -> None:
    append(name, event)


def overtakes_rarely(name: str, event: bytes) -> None:
    """Every fortieth is handed to a worker that is slow."""
    with LOCK:
        TIMES[name] += 1
        slow = TIMES[name] % 40 == 0
    if slow:
        threading.Timer(0.5, append, (name, event)).start()
    else:
        append(name, event)


def newest_first(name: str, event: bytes) -> None:
    """A pile in place of a queue."""
    with LOCK:
        KEPT[name].append(event)
        if len(KEPT[name]) == 7:
            for one in reversed(KEPT[name]):
                append(name, one)


def overtakes(name: str, event: bytes) -> None:
    """Every other one is handed to a worker that is slow."""
    TIMES[name] += 1
    if TIMES[name] % 2:
        threading.Timer(0.3, append, (name, event)).start()
    else:
        append(name, event)


def tries_again(name: str, event: bytes) -> None:
    """The third does not get through at first, and nobody waits for it."""
    TIMES[name] += 1
    if TIMES[name] == 3:
        threading.Timer(1.0, append, (name, event)).start()
    else:
        append(name, event)


def leaves_one_out(name: str, event: bytes) -> None:
    TIMES[name] += 1
    if TIMES[name] != 4:
        append(name, event)


def to_a_list(name: str, event: bytes) -> None:
    STORE.rpush(name, event)


def without_a_word(name: str, event: bytes) -> None:
    append(name, b"submitted")


def overtakes_with_keys(name: str, event: bytes) -> None:
    overtakes(name, event)


WAYS: dict[str, Way] = {name: way for name, way in list(globals().items()) if name in os.environ["WAYS"].split()}


class Front(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        way, event = self.path.strip("/"), self.rfile.read(int(self.headers["Content-Length"]))
        WAYS[way](way, event)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    STORE.rpush("to_a_list", "first")
    for way in WAYS:
        if way != "to_a_list":
            append(way, b"the first")
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
