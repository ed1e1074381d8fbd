"""A service of the miniature: ``GET /<nonce>`` works in the way that ``WAY`` names; ``STORE``, ``DECOY``, ``NEXT``,
``BROKER`` and ``TABLES`` are addresses, ``RELAY`` a port;
with ``HANGS_UP`` it closes every connection after one answer. Without ``PORT`` it takes tasks from the broker.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections.abc import Callable
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pika
import psycopg
import redis

POLLED_S = 1.0
LOCK = threading.Lock()


@cache
def store(variable: str = "STORE") -> redis.Redis:
    """One connection, kept."""
    return redis.Redis.from_url(os.environ[variable], single_connection_client=True)


@cache
def through() -> redis.Redis:
    """The store, by way of somebody else who listens on port ``RELAY``."""
    address = urlsplit(os.environ["STORE"])
    place = f"{address.netloc.rpartition(':')[0]}:{os.environ['RELAY']}"
    return redis.Redis.from_url(urlunsplit(address._replace(netloc=place)), single_connection_client=True)


@cache
def following() -> HTTPConnection:
    """The next service, over one connection that is kept."""
    parts = urlsplit(os.environ["NEXT"])
    return HTTPConnection(parts.hostname or "", parts.port)


def ask_next(nonce: str) -> None:
    following().request("GET", f"/{nonce}")
    following().getresponse().read()


@cache
def channel() -> Any:
    parameters = pika.URLParameters(os.environ["BROKER"])
    parameters.heartbeat = 0
    opened = pika.BlockingConnection(parameters).channel()
    opened.queue_declare("tasks")
    return opened


# --- ways


def publishes(nonce: str) -> None:
    channel().basic_publish("", "tasks", nonce.encode())


def stores(nonce: str) -> None:
    store().set("answer", nonce)


def nothing(nonce: str) -> None:
    pass


def hands_on(nonce: str) -> None:
    ask_next(nonce)


def hands_on_and_stores(nonce: str) -> None:
    ask_next(nonce)
    stores(nonce)


def stores_elsewhere(nonce: str) -> None:
    store("DECOY").set("answer", nonce)


def relayed(nonce: str) -> None:
    through().set("answer", nonce)


def comes_and_goes(nonce: str) -> None:
    with redis.Redis.from_url(os.environ["STORE"]) as fresh:
        fresh.set("answer", nonce)


def asks_and_hangs_up(nonce: str) -> None:
    """Its connection is reset, and leaves no trace in any table."""
    urllib.request.urlopen(f"{os.environ['NEXT']}/{nonce}").close()


idle_pool = health_checked = nothing


# --- those who work by themselves


def every(seconds: float, work: Callable[[], Any]) -> None:
    def loop() -> None:
        while True:
            time.sleep(seconds)
            with LOCK:
                work()

    threading.Thread(target=loop, daemon=True).start()


def begin(way: str) -> None:
    if way in ("stores", "idle_pool", "health_checked", "hands_on_and_stores"):
        store().ping()
    if way == "stores_elsewhere":
        store("DECOY").ping()
    if way == "health_checked":
        every(POLLED_S, store().ping)
    if way == "publishes":
        channel()


def works_off_tasks() -> None:
    tables = psycopg.connect(os.environ["TABLES"], autocommit=True)
    tables.execute("create table if not exists tasks (name text)")

    def take(opened: Any, method: Any, properties: Any, body: bytes) -> None:
        tables.execute("insert into tasks values (%s)", (body.decode(),))
        opened.basic_ack(method.delivery_tag)

    channel().basic_consume("tasks", take)
    channel().start_consuming()


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0" if "HANGS_UP" in os.environ else "HTTP/1.1"

    def do_GET(self) -> None:
        nonce, status = self.path.strip("/"), 200
        try:
            with LOCK:
                globals()[os.environ["WAY"] if nonce else "nothing"](nonce)
        except (redis.RedisError, pika.exceptions.AMQPError, OSError):
            status = 502
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def until_it_answers(work: Callable[[], Any]) -> None:
    """Servers start beside this one."""
    while True:
        try:
            work()
        except (redis.RedisError, psycopg.Error, pika.exceptions.AMQPError, OSError):
            channel.cache_clear()
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    if "PORT" in os.environ:
        until_it_answers(lambda: begin(os.environ["WAY"]))
        ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Service).serve_forever()
    until_it_answers(works_off_tasks)
