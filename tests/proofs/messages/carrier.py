"""The consumers of the miniature: ``carrier.py QUEUE=WAY...`` takes each queue's messages and works, or not."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pika

GROUND = Path(os.environ["GROUND"])
#: how long work takes: long enough to be killed in it
WORK_S = float(os.environ.get("WORK_S", "0"))
READY = threading.Semaphore(0)


def done(queue: str, nonce: str) -> None:
    (GROUND / queue / nonce).touch()


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
    unasked = handle is works_unasked
    while True:
        with contextlib.suppress(pika.exceptions.AMQPError, OSError):
            channel = connect(queue)
            channel.basic_qos(prefetch_count=0 if unasked else 20)
            channel.basic_consume(queue, lambda on, how, _, body: handle(queue, on, how, body), auto_ack=unasked)
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
