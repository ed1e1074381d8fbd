"""Whoever works with the systems of the miniature, at some rate: ``GET /`` says that it has begun.

``STORES`` holds ``way=url`` of Redis stores, ``BROKER`` the URL of a broker, ``FRONTS`` those of nginx.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pika
import redis

STORES = {
    way: redis.Redis.from_url(url)
    for way, _, url in (one.partition("=") for one in os.environ.get("STORES", "").split())
}
#: seconds between two pieces of work
OFTEN, SELDOM = 0.01, 0.5
LOADED = 50_000


def every(seconds: float, work: Callable[[], Any]) -> None:
    def loop() -> None:
        while True:
            work()
            time.sleep(seconds)

    threading.Thread(target=loop, daemon=True).start()


def begin_storing() -> None:
    every(OFTEN, lambda: STORES["works"].incr("tasks"))
    every(OFTEN, lambda: STORES["pings"].ping())
    every(OFTEN, lambda: STORES["pings"].info())
    every(SELDOM, lambda: STORES["works_seldom"].incr("tasks"))
    pipeline = STORES["worked_once"].pipeline(transaction=False)
    for _ in range(LOADED):
        pipeline.incr("tasks")
    pipeline.execute()


def begin_handing_on() -> None:
    opened = pika.BlockingConnection(pika.URLParameters(os.environ["BROKER"]))
    channel = opened.channel()
    channel.queue_declare("tasks")

    def hand_on() -> None:
        while True:
            channel.basic_publish("", "tasks", b"task")
            method, _, _ = channel.basic_get("tasks")
            if method is not None:
                channel.basic_ack(method.delivery_tag)
            opened.sleep(OFTEN)

    threading.Thread(target=hand_on, daemon=True).start()


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/performed/"):
            STORES["works_for_the_audit"].incr("tasks")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    begin_storing()
    for front in os.environ.get("FRONTS", "").split():
        every(OFTEN, lambda front=front: urllib.request.urlopen(front, timeout=5).close())
    if "BROKER" in os.environ:
        begin_handing_on()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
