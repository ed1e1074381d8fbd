"""The front of the miniature: ``GET /<way>`` works with a store in an honest way or another, each with one of its own.

``STORES`` holds ``way=url`` of the Redis stores, ``MESSAGES`` of brokers, ``TABLES`` of databases.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pika
import psycopg
import redis


def told(name: str) -> dict[str, str]:
    return {way: url for way, _, url in (one.partition("=") for one in os.environ.get(name, "").split())}


STORES = {way: redis.Redis.from_url(url) for way, url in told("STORES").items()}
MESSAGES, TABLES = told("MESSAGES"), told("TABLES")
LOCK = threading.Lock()
COUNTED: dict[str, int] = {}
LAST = {"reacts_to_the_load": 0}
POLLED_S, LATER_S = 0.25, 0.2


# --- a store


def writes_and_reads(nonce: str) -> int:
    STORES["writes_and_reads"].set("answer", nonce)
    STORES["writes_and_reads"].get("answer")
    return 200


def reads_beside_a_poller(nonce: str) -> int:
    STORES["reads_beside_a_poller"].get("answer")
    return 200


def writes_beside_a_poller(nonce: str) -> int:
    STORES["writes_beside_a_poller"].set("answer", nonce)
    return 200


def works_in_the_background(nonce: str) -> int:
    threading.Timer(LATER_S, STORES["works_in_the_background"].incr, ("done",)).start()
    return 202


def reads_and_ignores(nonce: str) -> int:
    """Used by our definition; that the answer matters is another claim."""
    STORES["reads_and_ignores"].get("nothing")
    return 200


def nothing(nonce: str) -> int:
    return 200


never_asks = is_polled = is_polled_in_bursts = is_polled_in_the_rhythm = has_a_replica = nothing
is_polled_at_random = nothing


def pings(nonce: str) -> int:
    STORES["pings"].ping()
    STORES["pings"].info()
    return 200


def reacts_to_the_load(nonce: str) -> int:
    LAST["reacts_to_the_load"] += 1
    return 200


def asks_at_the_start_only(nonce: str) -> int:
    if once("asks_at_the_start_only") == 1:
        STORES["asks_at_the_start_only"].get("answer")
    return 200


def works_much_later(nonce: str) -> int:
    threading.Timer(2.5, STORES["works_much_later"].incr, ("done",)).start()
    return 202


def is_reset_in_between(nonce: str) -> int:
    STORES["is_reset_in_between"].get("answer")
    if once("is_reset_in_between") == 20:
        STORES["is_reset_in_between"].config_resetstat()
    return 200


def fails_at_last(nonce: str) -> int:
    STORES["fails_at_last"].get("answer")
    return 500 if once("fails_at_last") == 40 else 200


def once(way: str) -> int:
    with LOCK:
        COUNTED[way] = COUNTED.get(way, 0) + 1
        return COUNTED[way]


# --- a broker and a database


@cache
def channel(way: str) -> Any:
    parameters = pika.URLParameters(MESSAGES[way])
    parameters.heartbeat = 0
    opened = pika.BlockingConnection(parameters).channel()
    opened.queue_declare("tasks")
    return opened


def publishes(nonce: str) -> int:
    with LOCK:
        channel("publishes").basic_publish("", "tasks", nonce.encode())
    return 202


@cache
def pool(way: str) -> psycopg.Connection[Any]:
    """One connection, kept as pools do: it reports its rows with delay."""
    return psycopg.connect(TABLES[way], autocommit=True)


def inserts(nonce: str) -> int:
    with LOCK:
        pool("inserts").execute("insert into tasks values (%s)", (nonce,))
    return 200


def selects_beside_a_cron(nonce: str) -> int:
    with LOCK:
        pool("selects_beside_a_cron").execute("select * from tasks where name = %s", (nonce,)).fetchall()
    return 200


def hands_to_a_worker(nonce: str) -> int:
    with LOCK:
        channel("hands_to_a_worker").basic_publish("", "tasks", nonce.encode())
    return 202


def writes_directly(nonce: str) -> int:
    """Nobody reads what it publishes."""
    with LOCK:
        channel("writes_directly").basic_publish("", "tasks", nonce.encode())
        pool("writes_directly").execute("insert into tasks values (%s)", (nonce,))
    return 202


def writes_beside_the_broker(nonce: str) -> int:
    with LOCK:
        pool("writes_beside_the_broker").execute("insert into tasks values (%s)", (nonce,))
    return 200


def drops_its_tasks(nonce: str) -> int:
    """Its worker takes every task and does nothing."""
    with LOCK:
        channel("drops_its_tasks").basic_publish("", "tasks", nonce.encode())
    return 202


def worker(way: str, works: bool) -> None:
    def take(opened: Any, method: Any, properties: Any, body: bytes) -> None:
        if works:
            tables.execute("insert into tasks values (%s)", (body.decode(),))
        opened.basic_ack(method.delivery_tag)

    def run() -> None:
        parameters = pika.URLParameters(MESSAGES[way])
        parameters.heartbeat = 0
        opened = pika.BlockingConnection(parameters).channel()
        opened.queue_declare("tasks")
        opened.basic_consume("tasks", take)
        opened.start_consuming()

    tables = psycopg.connect(TABLES[way], autocommit=True)
    threading.Thread(target=run, daemon=True).start()


is_fed_by_a_script = is_filled_by_a_cron = nothing


# --- those who work by themselves


def every(seconds: Callable[[], float], work: Callable[[], Any]) -> None:
    def loop() -> None:
        while True:
            time.sleep(seconds())
            work()

    threading.Thread(target=loop, daemon=True).start()


def burst(store: redis.Redis) -> None:
    for _ in range(20):
        store.get("beat")


def react(store: redis.Redis, seen: dict[str, int]) -> None:
    """Polls when something seems to go on: five performances are one such moment."""
    if LAST["reacts_to_the_load"] >= seen.get("at", 0) + 5:
        seen["at"] = LAST["reacts_to_the_load"]
        store.get("beat")


def begin_polling() -> None:
    def get(way: str) -> Callable[[], Any]:
        return lambda: STORES[way].get("beat")

    for way in ("reads_beside_a_poller", "writes_beside_a_poller", "is_polled"):
        every(lambda: POLLED_S, get(way))
    every(lambda: random.expovariate(1.0), get("is_polled_at_random"))
    every(lambda: 1.5, get("is_polled_in_the_rhythm"))
    every(lambda: 6.0, lambda: burst(STORES["is_polled_in_bursts"]))
    seen: dict[str, int] = {}
    every(lambda: 0.02, lambda: react(STORES["reacts_to_the_load"], seen))


def begin_feeding() -> None:
    script, cron, beside = channel("is_fed_by_a_script"), pool("is_filled_by_a_cron"), pool("selects_beside_a_cron")
    with LOCK:
        for way in ("publishes", "hands_to_a_worker", "writes_directly", "drops_its_tasks"):
            channel(way)
        for way in ("inserts", "writes_directly", "writes_beside_the_broker"):
            pool(way)
    worker("hands_to_a_worker", works=True)
    worker("drops_its_tasks", works=False)
    every(lambda: 0.5, lambda: script.basic_publish("", "tasks", b"by itself"))
    every(lambda: 0.5, lambda: cron.execute("insert into tasks values ('by itself')"))
    inserter = psycopg.connect(TABLES["selects_beside_a_cron"], autocommit=True)
    every(lambda: 0.5, lambda: inserter.execute("insert into tasks values ('by itself')"))
    assert beside


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way, _, nonce = self.path.strip("/").partition("/")
        try:
            status = globals()[way](nonce) if way in {*STORES, *MESSAGES, *TABLES} else 404
        except (redis.RedisError, psycopg.Error, pika.exceptions.AMQPError):
            status = 502
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def wait_for(store: redis.Redis) -> None:
    """The stores start beside the front."""
    while True:
        try:
            store.ping()
        except redis.RedisError:
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    for each in STORES.values():
        wait_for(each)
    if STORES:
        begin_polling()
    if MESSAGES:
        begin_feeding()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
