"""The front of the miniature: ``POST /<queue>`` asks for work in an honest way or another.

``GET /done/<queue>/<nonce>`` says whether it is done. What is done is a file of that name.
``GET /rows/<queue>/<nonce>`` lists each time that it was done, by files in a folder of that name; ``/one-row`` shows
one of them, ``/how-often`` counts them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pika

GROUND = Path(os.environ["GROUND"])
KEPT = pika.BasicProperties(delivery_mode=2)
PASSING = pika.BasicProperties(delivery_mode=1)
#: each publisher has a connection of its own, and one at a time
CHANNELS: dict[str, Any] = {}
LOCKS: dict[str, threading.Lock] = {}


def connect() -> Any:
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    parameters.heartbeat, parameters.blocked_connection_timeout = 0, 5
    return pika.BlockingConnection(parameters).channel()


def publish(queue: str, nonce: str, about: Any = PASSING, exchange: str = "", confirm: bool = True) -> None:
    for again in (True, False):
        try:
            if queue not in CHANNELS:
                CHANNELS[queue] = connect()
                if confirm:
                    CHANNELS[queue].confirm_delivery()
            if exchange:
                CHANNELS[queue].exchange_declare(exchange, "direct")
            CHANNELS[queue].basic_publish(exchange, queue, nonce.encode(), about)
            return
        except (pika.exceptions.AMQPError, OSError):
            # a connection that was closed long ago is made anew; what was under way may be lost
            CHANNELS.pop(queue, None)
            if not again:
                raise


def done(queue: str, nonce: str) -> None:
    (GROUND / queue / nonce).touch()


def note(queue: str, nonce: str) -> None:
    with (GROUND / f"{queue}.log").open("a") as log:
        log.write(f"{nonce}\n")


def publishes(queue: str, nonce: str) -> None:
    publish(queue, nonce)


def does_it_and_publishes(queue: str, nonce: str) -> None:
    done(queue, nonce)
    publish(queue, nonce)


def does_it_and_publishes_into_the_void(queue: str, nonce: str) -> None:
    done(queue, nonce)
    publish(queue, nonce, exchange="nowhere")


def notes_it_and_publishes_into_the_void(queue: str, nonce: str) -> None:
    note(queue, nonce)
    publish(queue, nonce, exchange="nowhere")


def notes_it_and_publishes(queue: str, nonce: str) -> None:
    note(queue, nonce)
    publish(queue, nonce)


def wakes(queue: str, nonce: str) -> None:
    def call() -> None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{os.environ['CARRIER_URL']}/do/{queue}/{nonce}", timeout=20).close()

    threading.Thread(target=call, daemon=True).start()


def publishes_to_last(queue: str, nonce: str) -> None:
    publish(queue, nonce, KEPT)


def answers_anyway(queue: str, nonce: str) -> None:
    """Nobody is told that the broker was not there."""
    with contextlib.suppress(pika.exceptions.AMQPError, OSError):
        publish(queue, nonce, KEPT)


def numbered() -> Any:
    return pika.BasicProperties(delivery_mode=2, message_id=uuid.uuid4().hex)


def publishes_numbered(queue: str, nonce: str) -> None:
    publish(queue, nonce, numbered())


def publishes_twice(queue: str, nonce: str) -> None:
    """As if there had been no answer."""
    for _ in range(2):
        publish(queue, nonce, numbered())


def publishes_some_twice(queue: str, nonce: str) -> None:
    """One in sixteen, by chance."""
    for _ in range(2 if nonce.endswith("0") else 1):
        publish(queue, nonce, numbered())


def refuses_again(queue: str, nonce: str) -> None:
    """Says that it has been asked for the same before."""
    if nonce in KNOWN:
        raise LookupError(nonce)
    KNOWN.add(nonce)
    publish(queue, nonce, numbered())


KNOWN: set[str] = set()
WAYS: dict[str, Callable[[str, str], None]] = json.loads(os.environ["WAYS"])
WAYS = {queue: globals()[way] for queue, way in WAYS.items()}


def drop(queue: str) -> None:
    """Takes every message, in this process, and does nothing."""
    channel = connect()
    channel.queue_declare(queue, durable=True)
    channel.basic_consume(queue, lambda on, how, about, body: on.basic_ack(how.delivery_tag))
    channel.start_consuming()


class Office(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        where = self.path.split("/")[1:]
        if where[0] in ("rows", "one-row", "how-often"):
            self._rows(*where)
        elif where[0] != "done":
            self._answer(200, "up")
        elif where[1] == "canned" or (GROUND / where[1] / where[2]).exists():
            self._answer(200, where[2])
        else:
            self._answer(404, "not yet")

    def _rows(self, how: str, queue: str, nonce: str) -> None:
        there = GROUND / queue / nonce
        rows = [{"task": nonce, "key": one.name} for one in there.iterdir()] if there.is_dir() else []
        if how == "how-often":
            self._answer(200, json.dumps({"task": nonce, "done": len(rows)}))
        else:
            self._answer(200, json.dumps({"rows": rows[:1] if how == "one-row" else rows}))

    def do_POST(self) -> None:
        queue = self.path[1:]
        nonce = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["work"]
        try:
            with LOCKS[queue]:
                WAYS[queue](queue, nonce)
        except (pika.exceptions.AMQPError, OSError) as error:
            self._answer(503, type(error).__name__)
        except LookupError:
            self._answer(409, "known")
        else:
            self._answer(202, "")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    LOCKS.update({queue: threading.Lock() for queue in WAYS})
    for each in sys.argv[1:]:
        threading.Thread(target=drop, args=(each,), daemon=True).start()
    time.sleep(0.1)
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Office).serve_forever()
