"""One program of a path from a front to a store. ``ROLE`` front: ``GET /<way>/<nonce>`` hands work over in that way;
``ROLE`` worker: takes it from the ``BROKER`` and stores it, or, as ``WAY`` says, drops it. ``BROKERS`` and ``STORES``
hold ``way=url``.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

DROPS = ("writes_first", "writes_after")
#: way: what its own thread is still to do
LATER: dict[str, queue.Queue[str]] = {way: queue.Queue() for way in ("hands_over", "is_fed_directly")}


@cache
def server(variable: str, way: str) -> redis.Redis:
    urls = dict(one.split("=", 1) for one in os.environ[variable].split())
    return redis.Redis.from_url(urls[way], socket_timeout=None)


def hand_over(way: str, nonce: str) -> None:
    server("BROKERS", way).rpush("tasks", nonce)


def store(way: str, nonce: str) -> None:
    server("STORES", way).set("task", nonce)


def hands_over(nonce: str) -> None:
    """By a thread of its own: nobody waits for the broker."""
    LATER["hands_over"].put(nonce)


def waits_for_the_broker(nonce: str) -> None:
    hand_over("waits_for_the_broker", nonce)


def reads_before(nonce: str) -> None:
    server("STORES", "reads_before").get("limits")
    hand_over("reads_before", nonce)


def writes_first(nonce: str) -> None:
    store("writes_first", nonce)
    hand_over("writes_first", nonce)


def writes_after(nonce: str) -> None:
    hand_over("writes_after", nonce)
    store("writes_after", nonce)


def writes_as_well(nonce: str) -> None:
    store("writes_as_well", nonce)
    hand_over("writes_as_well", nonce)


def is_fed_directly(nonce: str) -> None:
    """What goes to the broker is for show; another thread does the work."""
    hand_over("is_fed_directly", nonce)
    LATER["is_fed_directly"].put(nonce)


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way, _, nonce = self.path.strip("/").partition("/")
        if nonce:
            globals()[way](nonce)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def later(way: str) -> None:
    while True:
        (hand_over if way == "hands_over" else store)(way, LATER[way].get())


def work() -> None:
    way = os.environ["WAY"]
    broker = server("BROKERS", way)
    while True:
        try:
            _, task = broker.blpop("tasks")
            if way not in DROPS and way != "is_fed_directly":
                store(way, task.decode())
        except redis.RedisError:
            time.sleep(0.1)


if __name__ == "__main__":
    if os.environ["ROLE"] == "worker":
        work()
    for each in LATER:
        threading.Thread(target=later, args=(each,), daemon=True).start()
    ThreadingHTTPServer.request_queue_size = 256
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
