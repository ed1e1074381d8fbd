"""The consumers of the miniature: ``carrier.py QUEUE=WAY...`` takes each queue's messages and works, or not."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pika

GROUND = Path(os.environ["GROUND"])
#: how long work takes: long enough to be killed in it
WORK_S = float(os.environ.get("WORK_S", "0"))
#: how long after an effect its message is acknowledged
ACK_S = 0.8
READY = threading.Semaphore(0)


def done(queue: str, nonce: str) -> None:
    (GROUND / queue / nonce).touch()


def row(queue: str, nonce: str, key: str) -> bool:
    """One more effect of what was asked with that nonce, unless there is one with that key."""
    with contextlib.suppress(FileExistsError):
        (GROUND / queue / nonce).mkdir(exist_ok=True)
        (GROUND / queue / nonce / key).touch(exist_ok=False)
        return True
    return False


def works(queue: str, on: Any, how: Any, body: bytes) -> None:
    done(queue, body.decode())
    on.basic_ack(how.delivery_tag)


def works_slowly(queue: str, on: Any, how: Any, body: bytes) -> None:
    """Several at once: some are always in work."""

    def finish() -> None:
        done(queue, body.decode())
        on.basic_ack(how.delivery_tag)

    on.connection.call_later(WORK_S, finish)


def acknowledges_first(queue: str, on: Any, how: Any, body: bytes) -> None:
    on.basic_ack(how.delivery_tag)
    on.connection.call_later(WORK_S, lambda: done(queue, body.decode()))


def works_unasked(queue: str, on: Any, how: Any, body: bytes) -> None:
    """For deliveries that want no acknowledgement."""
    on.connection.call_later(WORK_S, lambda: done(queue, body.decode()))


def drops_what_comes_again(queue: str, on: Any, how: Any, body: bytes) -> None:
    if how.redelivered:
        on.basic_ack(how.delivery_tag)
    else:
        works_slowly(queue, on, how, body)


def loses_every_other(queue: str, on: Any, how: Any, body: bytes) -> None:
    if how.delivery_tag % 2:
        done(queue, body.decode())
    on.basic_ack(how.delivery_tag)


def drops(queue: str, on: Any, how: Any, body: bytes) -> None:
    on.basic_ack(how.delivery_tag)


# --- those that have an effect for each row


def takes_its_time(queue: str, on: Any, how: Any, nonce: str, effect: Callable[[], Any]) -> None:
    """Several at once, some always between their effect and its acknowledgement."""

    def finish() -> None:
        effect()
        on.connection.call_later(ACK_S, lambda: on.basic_ack(how.delivery_tag))

    on.connection.call_later(WORK_S, finish)


def by_its_key(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    """Idempotent: the message's own number is the key of the effect, in one step."""
    nonce = body.decode()
    takes_its_time(queue, on, how, nonce, lambda: row(queue, nonce, about.message_id))


def by_its_key_at_once(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    """The same, acknowledged with the effect: no crash comes in between."""

    def finish() -> None:
        row(queue, body.decode(), about.message_id)
        on.basic_ack(how.delivery_tag)

    on.connection.call_later(WORK_S, finish)


def every_time(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    nonce = body.decode()
    takes_its_time(queue, on, how, nonce, lambda: row(queue, nonce, uuid.uuid4().hex))


def by_delivery_tag(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    """The key is new when the message comes again."""
    nonce = body.decode()
    takes_its_time(queue, on, how, nonce, lambda: row(queue, nonce, f"tag-{how.delivery_tag}"))


#: message numbers of which this process knows
REMEMBERED: set[str] = set()


def remembers(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    """What it knows is gone with it."""
    if about.message_id in REMEMBERED:
        on.basic_ack(how.delivery_tag)
        return
    REMEMBERED.add(about.message_id)
    every_time(queue, on, how, body, about)


def looks_first(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    """Looks for a mark, has the effect, and leaves the mark later, as it acknowledges."""
    nonce, mark = body.decode(), GROUND / f"{queue}.marks" / about.message_id
    mark.parent.mkdir(exist_ok=True)

    def finish() -> None:
        mark.touch()
        on.basic_ack(how.delivery_tag)

    def effect() -> None:
        if not mark.exists():
            row(queue, nonce, uuid.uuid4().hex)
        on.connection.call_later(ACK_S, finish)

    on.connection.call_later(WORK_S, effect)


def has_it_twice(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    for part in ("one", "two"):
        row(queue, body.decode(), f"{about.message_id}-{part}")
    on.basic_ack(how.delivery_tag)


def has_it_by_what_was_asked(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    """Idempotent, but two requests for the same are one."""
    row(queue, body.decode(), "the-one")
    on.basic_ack(how.delivery_tag)


def has_it(queue: str, on: Any, how: Any, body: bytes, about: Any) -> None:
    row(queue, body.decode(), about.message_id)
    on.basic_ack(how.delivery_tag)


#: those that are told the message's number
NUMBERED = (
    by_its_key, by_its_key_at_once, every_time, by_delivery_tag, remembers, looks_first,
    has_it_twice, has_it_by_what_was_asked, has_it,
)  # fmt: skip


#: never looks at a message: reads what the front has written down
NOTED = "does_what_was_noted"


def does_what_was_noted(queue: str) -> None:
    log = GROUND / f"{queue}.log"
    while True:
        for nonce in log.read_text().split() if log.exists() else []:
            done(queue, nonce)
        time.sleep(0.2)


def connect(queue: str) -> Any:
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    parameters.heartbeat = 0
    channel = pika.BlockingConnection(parameters).channel()
    channel.queue_declare(queue, durable=not queue.startswith("passing"))
    return channel


def consume(queue: str, way: str) -> None:
    """Again whenever the broker has gone."""
    if way == NOTED:
        connect(queue).connection.close()
        READY.release()
        does_what_was_noted(queue)
    handle: Callable[..., None] = globals()[way]

    def take(on: Any, how: Any, about: Any, body: bytes) -> None:
        handle(queue, on, how, body, *([about] if handle in NUMBERED else []))

    unasked = handle is works_unasked
    while True:
        with contextlib.suppress(pika.exceptions.AMQPError, OSError):
            channel = connect(queue)
            channel.basic_qos(prefetch_count=0 if unasked else 20)
            channel.basic_consume(queue, take, auto_ack=unasked)
            READY.release()
            channel.start_consuming()
        time.sleep(0.2)


class Carrier(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/do/"):
            done(*self.path.split("/")[2:])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    for each in sys.argv[1:]:
        (GROUND / each.partition("=")[0]).mkdir(exist_ok=True)
        threading.Thread(target=consume, args=each.split("="), daemon=True).start()
    for _ in sys.argv[1:]:
        READY.acquire()
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Carrier).serve_forever()
