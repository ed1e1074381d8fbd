"""The workers of the miniature: one thread a queue, honest or not; the port opens when all are at work."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pika
from api import Api

AT_WORK = threading.Semaphore(0)


def connect(vhost: str = "") -> Any:
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    parameters.virtual_host = vhost or parameters.virtual_host
    parameters.heartbeat = 0
    return pika.BlockingConnection(parameters).channel()


def consume(channel: Any, queue: str, handle: Callable[..., None], auto_ack: bool = False) -> None:
    channel.basic_consume(queue, handle, auto_ack=auto_ack)
    AT_WORK.release()
    channel.start_consuming()


def acknowledges(channel: Any, queue: str) -> None:
    consume(channel, queue, lambda on, how, about, body: on.basic_ack(how.delivery_tag))


def needs_no_acknowledgement(channel: Any, queue: str) -> None:
    consume(channel, queue, lambda *delivery: None, auto_ack=True)


def never_acknowledges(channel: Any, queue: str) -> None:
    consume(channel, queue, lambda *delivery: None)


def acknowledges_every_other(channel: Any, queue: str) -> None:
    def handle(on: Any, how: Any, about: Any, body: bytes) -> None:
        if how.delivery_tag % 2:
            on.basic_ack(how.delivery_tag)

    consume(channel, queue, handle)


def is_frozen(channel: Any, queue: str) -> None:
    """Subscribed, connected, and never again reads what the broker sends."""
    channel.basic_consume(queue, lambda *delivery: None)
    AT_WORK.release()
    threading.Event().wait()


def hands_back(channel: Any, queue: str) -> None:
    def handle(on: Any, how: Any, about: Any, body: bytes) -> None:
        time.sleep(0.02)
        on.basic_nack(how.delivery_tag, requeue=True)

    channel.basic_qos(prefetch_count=1)
    consume(channel, queue, handle)


def rejects(channel: Any, queue: str) -> None:
    consume(channel, queue, lambda on, how, about, body: on.basic_reject(how.delivery_tag, requeue=False))


def crashes(channel: Any, queue: str) -> None:
    """Dies of every message, is started again, and is given it again."""

    def handle(on: Any, how: Any, about: Any, body: bytes) -> None:
        on.connection.close()

    channel.basic_qos(prefetch_count=1)
    while True:
        with contextlib.suppress(pika.exceptions.AMQPError):
            consume(channel, queue, handle)
        time.sleep(0.1)
        channel = connect()
        channel.basic_qos(prefetch_count=1)


def puts_a_copy_back(channel: Any, queue: str) -> None:
    """Acknowledges everything and does nothing but publish it again."""

    def handle(on: Any, how: Any, about: Any, body: bytes) -> None:
        time.sleep(0.02)
        on.basic_publish("", queue, body)
        on.basic_ack(how.delivery_tag)

    consume(channel, queue, handle)


def purges(channel: Any, queue: str) -> None:
    AT_WORK.release()
    while True:
        channel.queue_purge(queue)
        channel.connection.sleep(0.05)


def nobody(channel: Any, queue: str) -> None:
    AT_WORK.release()


def only_the_neighbour(channel: Any, queue: str) -> None:
    """Takes from another queue."""
    acknowledges(channel, f"{queue}.other")


def only_elsewhere(channel: Any, queue: str) -> None:
    """Takes from the queue of that name in another virtual host."""
    there = connect("elsewhere")
    there.queue_declare(queue)
    acknowledges(there, queue)


def demonstrates(channel: Any, queue: str, size: int = 1, pause: float = 0.05, first: float = 0.0) -> None:
    """Keeps the queue busy by itself: publishes and takes its own messages."""

    def publish() -> None:
        own = connect()
        own.connection.sleep(first)
        while True:
            for _ in range(size):
                own.basic_publish("", queue, b"demo")
            own.connection.sleep(pause)

    threading.Thread(target=publish, daemon=True).start()
    acknowledges(channel, queue)


def demonstrates_in_bursts(channel: Any, queue: str) -> None:
    """Quiet for longer than the audit looks, then busy."""
    demonstrates(channel, queue, size=13, pause=4.0)


def demonstrates_ever_more(channel: Any, queue: str) -> None:
    """Busier from second to second."""

    def publish() -> None:
        own, size = connect(), 1.0
        while True:
            for _ in range(int(size)):
                own.basic_publish("", queue, b"demo")
            size = min(size * 1.2, 200)
            own.connection.sleep(0.5)

    threading.Thread(target=publish, daemon=True).start()
    acknowledges(channel, queue)


#: queue: who works on it, and the arguments that it was declared with
QUEUES: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "acknowledged": (acknowledges, {}),
    "acknowledged-by-transport": (needs_no_acknowledgement, {}),
    "acknowledged-three": (acknowledges, {}),
    "acknowledged-uncounted": (acknowledges, {}),
    "never-acknowledged": (never_acknowledges, {}),
    "half-acknowledged": (acknowledges_every_other, {}),
    "frozen": (is_frozen, {}),
    "handed-back": (hands_back, {}),
    "rejected": (rejects, {}),
    "dead-lettered": (rejects, {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "nobody"}),
    "crashing": (crashes, {}),
    "copied-back": (puts_a_copy_back, {}),
    "unrouted": (acknowledges, {}),
    "misrouted": (acknowledges, {}),
    "beside": (acknowledges, {}),
    "neighbour": (only_the_neighbour, {}),
    "homonym": (only_elsewhere, {}),
    "homonym-consumed": (only_elsewhere, {}),
    "nobody": (nobody, {}),
    "expiring": (nobody, {"x-message-ttl": 100}),
    "expiring-frozen": (is_frozen, {"x-message-ttl": 100}),
    "dropping": (nobody, {"x-max-length": 1}),
    "refusing": (nobody, {"x-max-length": 1, "x-overflow": "reject-publish"}),
    "purged": (purges, {}),
    "waiting": (acknowledges, {}),
    "first-only": (acknowledges, {}),
    "fetched-back": (nobody, {}),
    "busy": (demonstrates, {}),
    "busy-in-bursts": (demonstrates_in_bursts, {}),
    "ever-busier": (demonstrates_ever_more, {}),
    "failing": (acknowledges, {}),
    "failing-at-last": (acknowledges, {}),
}


def work(queue: str) -> None:
    worker, arguments = QUEUES[queue]
    channel = connect()
    channel.queue_declare(queue, arguments=arguments)
    channel.queue_declare(f"{queue}.other")
    worker(channel, queue)


if __name__ == "__main__":
    Api(os.environ["MANAGEMENT_URL"]).vhost("elsewhere")
    for name in QUEUES:
        threading.Thread(target=work, args=(name,), daemon=True).start()
    for _ in QUEUES:
        AT_WORK.acquire()
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as listener:
        while True:
            listener.accept()[0].close()
