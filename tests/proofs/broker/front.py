"""The front of the miniature: ``POST /<way>/<queue>`` performs an activity in an honest way or another."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pika

LOCK = threading.Lock()
CHANNELS: dict[str, Any] = {}


def channel(vhost: str = "") -> Any:
    """A long-lived channel, as real fronts keep one."""
    if vhost not in CHANNELS:
        parameters = pika.URLParameters(os.environ["AMQP_URL"])
        parameters.virtual_host = vhost or parameters.virtual_host
        parameters.heartbeat = 0
        CHANNELS[vhost] = pika.BlockingConnection(parameters).channel()
        CHANNELS[vhost].confirm_delivery()
    return CHANNELS[vhost]


def publishes(queue: str, body: bytes) -> int:
    channel().basic_publish("", queue, body)
    return 202


def publishes_three(queue: str, body: bytes) -> int:
    for _ in range(3):
        publishes(queue, body)
    return 202


def publishes_unrouted(queue: str, body: bytes) -> int:
    """To an exchange that carries the queue's name and is bound to nothing; the broker confirms all the same."""
    channel().exchange_declare(queue, "direct")
    channel().basic_publish(queue, queue, body)
    return 202


def publishes_misrouted(queue: str, body: bytes) -> int:
    """Through an exchange whose binding to the queue waits for another key."""
    channel().exchange_declare(f"{queue}.events", "topic")
    channel().queue_bind(queue, f"{queue}.events", "never.#")
    channel().basic_publish(f"{queue}.events", "task.new", body)
    return 202


def publishes_beside(queue: str, body: bytes) -> int:
    return publishes(f"{queue}.other", body)


def publishes_elsewhere(queue: str, body: bytes) -> int:
    channel("elsewhere").basic_publish("", queue, body)
    return 202


def publishes_and_fetches_back(queue: str, body: bytes) -> int:
    publishes(queue, body)
    channel().basic_ack(channel().basic_get(queue)[0].delivery_tag)
    return 202


def publishes_the_first_only(queue: str, body: bytes) -> int:
    TIMES[queue] += 1
    return publishes(queue, body) if TIMES[queue] == 1 else 202


def publishes_and_fails_at_last(queue: str, body: bytes) -> int:
    TIMES[queue] += 1
    publishes(queue, body)
    return 500 if TIMES[queue] == 7 else 202


def does_nothing(queue: str, body: bytes) -> int:
    return 202


def fails(queue: str, body: bytes) -> int:
    return 500


TIMES: Counter[str] = Counter()
WAYS: dict[str, Callable[[str, bytes], int]] = {
    way.__name__: way
    for way in (
        publishes,
        publishes_three,
        publishes_unrouted,
        publishes_misrouted,
        publishes_beside,
        publishes_elsewhere,
        publishes_and_fetches_back,
        publishes_the_first_only,
        publishes_and_fails_at_last,
        does_nothing,
        fails,
    )
}


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        _, way, queue = self.path.split("/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with LOCK:
            status = WAYS[way](queue, body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
