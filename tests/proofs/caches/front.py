"""The front of the miniature: ``GET /<way>`` answers from a cache in an honest way or another, each with a Redis of
its own; ``REDIS_URLS`` holds ``way=url`` for all of them."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

STORES = {
    way: redis.Redis.from_url(url) for way, _, url in (one.partition("=") for one in os.environ["REDIS_URLS"].split())
}
LOCAL: dict[str, bytes] = {}
READ_AND_KEEP = "return redis.call('GET', KEYS[1]) or (redis.call('SET', KEYS[1], ARGV[1]) and false)"
HEARTBEAT_S, SOON_S = 20.0, 0.5
#: when the heartbeat's activity was performed last
PERFORMED = {"at": -HEARTBEAT_S}


def caches_aside(store: redis.Redis) -> int:
    if store.get("answer") is None:
        store.set("answer", "42", ex=60)
    return 200


def caches_in_a_hash(store: redis.Redis) -> int:
    if not store.hgetall("answers"):
        store.hset("answers", mapping={"one": "1", "two": "2"})
    return 200


def caches_in_a_script(store: redis.Redis) -> int:
    store.eval(READ_AND_KEEP, 1, "answer", "42")
    return 200


def caches_in_the_background(store: redis.Redis) -> int:
    threading.Timer(0.4, caches_aside, (store,)).start()
    return 202


def caches_some(store: redis.Redis) -> int:
    """One key of three is always there."""
    if store.mget("answer", secrets.token_hex(), secrets.token_hex())[0] is None:
        store.set("answer", "42")
    return 200


def never_asks(store: redis.Redis) -> int:
    return 200


def pings(store: redis.Redis) -> int:
    store.ping()
    store.info()
    return 200


def publishes(store: redis.Redis) -> int:
    store.publish("answers", "42")
    return 200


def only_writes(store: redis.Redis) -> int:
    store.set("answer", "42")
    return 200


def asks_and_never_fills(store: redis.Redis) -> int:
    store.get("answer")
    return 200


def fills_in_vain(store: redis.Redis) -> int:
    """The store is full and refuses what is new."""
    if store.get("answer") is None:
        with contextlib.suppress(redis.ResponseError):
            store.set("answer", "42")
    return 200


def leaves_it_to_a_heartbeat(store: redis.Redis) -> int:
    """Somebody else asks now and then, and not just when it is performed: that would leave it open."""
    PERFORMED["at"] = time.monotonic()
    return 200


def asks_at_the_start_only(store: redis.Redis) -> int:
    if "started" not in LOCAL:
        LOCAL["started"] = b"yes"
        store.get("answer")
    return 200


def asks_for_something_new(store: redis.Redis) -> int:
    key = secrets.token_hex()
    if store.get(key) is None:
        store.set(key, "42")
    return 200


def forgets_at_once(store: redis.Redis) -> int:
    if store.get("answer") is None:
        store.set("answer", "42", px=1)
    time.sleep(0.01)
    return 200


def caches_in_front_of_the_cache(store: redis.Redis) -> int:
    if "answer" not in LOCAL:
        caches_aside(store)
        LOCAL["answer"] = b"42"
    return 200


def shares_a_busy_store(store: redis.Redis) -> int:
    return caches_aside(store)


def fails(store: redis.Redis) -> int:
    return 500


def fails_and_had_asked(store: redis.Redis) -> int:
    return 500


def fails_at_last(store: redis.Redis) -> int:
    caches_aside(store)
    LOCAL["failing"] = LOCAL.get("failing", b"") + b"x"
    return 500 if len(LOCAL["failing"]) == 7 else 200


WAYS: dict[str, Callable[[redis.Redis], int]] = {
    name: way for name, way in list(globals().items()) if name in STORES and callable(way)
}


def beat(store: redis.Redis, seconds: float) -> None:
    store.set("beat", "1")
    while True:
        store.get("beat")
        beaten = time.monotonic()
        while time.monotonic() < next_beat(beaten, seconds):
            time.sleep(0.01)


def next_beat(beaten: float, seconds: float) -> float:
    """Soon after the heartbeat's activity, else at its own pace."""
    return max(PERFORMED["at"] + SOON_S, beaten) if PERFORMED["at"] > beaten else beaten + seconds


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way = self.path.strip("/")
        self.send_response(WAYS[way](STORES[way]) if way in WAYS else 404)
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
    for way in ("fails_and_had_asked", "leaves_it_to_a_heartbeat", "shares_a_busy_store"):
        wait_for(STORES[way])
    STORES["fails_and_had_asked"].get("answer")
    for way, seconds in (("leaves_it_to_a_heartbeat", HEARTBEAT_S), ("shares_a_busy_store", 0.2)):
        threading.Thread(target=beat, args=(STORES[way], seconds), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
