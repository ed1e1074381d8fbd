"""What work passes on its way: brokers and stores, by the scheme of their address. All may be used by many threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pika
import psycopg
import redis


class Redis:
    """Both a broker (a list) and a store (a key)."""

    def __init__(self, url: str, queue: str) -> None:
        self._server, self._queue = redis.Redis.from_url(url, socket_timeout=None), queue

    def hand_over(self, nonce: str) -> None:
        self._server.rpush(self._queue, nonce)

    def tasks(self) -> Iterator[str]:
        while True:
            try:
                yield self._server.blpop(self._queue)[1].decode()
            except redis.RedisError:
                time.sleep(0.1)

    def store(self, nonce: str) -> None:
        self._server.set("task", nonce)

    def look(self) -> None:
        self._server.get("limits")


class Rabbit:
    """A broker. Unless it is to be ``sure``, nobody waits for it: what it does not take waits on the line."""

    def __init__(self, url: str, queue: str, sure: bool = False) -> None:
        self._parameters, self._queue, self._sure = pika.URLParameters(url), queue, sure
        self._parameters.heartbeat = 0
        self._lock, self._channel = threading.Lock(), None

    def hand_over(self, nonce: str) -> None:
        with self._lock:
            self._channel = self._channel or self._opened()
            self._channel.basic_publish("", self._queue, nonce.encode())

    def tasks(self) -> Iterator[str]:
        """Each is acknowledged when the next one is asked for."""
        channel = self._opened()
        channel.basic_qos(prefetch_count=1)
        for how, _, body in channel.consume(self._queue):
            yield body.decode()
            channel.basic_ack(how.delivery_tag)

    def _opened(self) -> Any:
        channel = pika.BlockingConnection(self._parameters).channel()
        channel.queue_declare(self._queue)
        if self._sure:
            channel.confirm_delivery()
        return channel


class Postgres:
    """A store: a table of what is done, and one of what is still to do."""

    def __init__(self, url: str) -> None:
        self._session = psycopg.connect(url, autocommit=True)

    def store(self, *nonces: str) -> None:
        self._session.execute("insert into tasks select unnest(%s::text[])", (list(nonces),))

    def look(self) -> None:
        self._session.execute("select * from limits").fetchall()

    def change(self) -> None:
        self._session.execute("update limits set most = most + 1")

    def note(self, nonce: str) -> None:
        self._session.execute("insert into jobs values (%s)", (nonce,))

    def noted(self) -> Iterator[str]:
        """Looks again and again, as pollers do."""
        while True:
            for (nonce,) in self._session.execute("delete from jobs returning name").fetchall():
                yield nonce
            time.sleep(0.1)


def broker(url: str, queue: str, sure: bool = False) -> Any:
    return Rabbit(url, queue, sure) if url.startswith("amqp:") else Redis(url, queue)


def store(url: str) -> Any:
    return Postgres(url) if url.startswith("postgresql:") else Redis(url, "")
