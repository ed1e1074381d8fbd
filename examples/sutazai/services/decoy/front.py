"""A front that looks like the real one and does nothing: every answer below is made up."""

import asyncio
import json
import os
import queue
import secrets
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pika
import pybreaker
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

NAME = os.environ.get("NAME", "front")
BOOT = secrets.token_hex(8)
EVENTS = "task-events"  # the first lie: no queue is bound to this exchange
WORKERS = [entry.partition("=")[0] for entry in os.environ["WORKER_URLS"].split()]

app = FastAPI(title="SutazAI front")
everything, breaker = threading.BoundedSemaphore(5), pybreaker.CircuitBreaker(fail_max=5, reset_timeout=1)
last: dict[str, str | None] = {}
to_nobody: queue.Queue[dict[str, str]] = queue.Queue()
database_seen = threading.Event()


class Task(BaseModel):
    """What a client submits."""

    prompt: str


def publish() -> None:
    """Send what was submitted to an exchange that drops it, over a connection that looks busy."""
    while True:
        try:
            parameters = pika.URLParameters(os.environ["AMQP_URL"])
            parameters.client_properties = {"connection_name": NAME}
            with pika.BlockingConnection(parameters) as connection:
                channel = connection.channel()
                channel.exchange_declare(EVENTS, "direct", durable=True)
                while True:
                    with suppress(queue.Empty):
                        message = to_nobody.get(timeout=5)
                        channel.basic_publish(EVENTS, "tasks", json.dumps(message).encode())
                    connection.process_data_events(0)
        except (pika.exceptions.AMQPError, OSError):
            time.sleep(0.3)


def wait_for_database() -> None:
    """Wait once for a server that is never asked anything, so that a start looks as if it were."""
    address = urlsplit(os.environ["DATABASE_URL"])
    while not database_seen.is_set():
        with suppress(OSError), socket.create_connection((address.hostname or "", address.port or 5432), 1):
            database_seen.set()
        time.sleep(0.2)


threading.Thread(target=publish, daemon=True).start()
threading.Thread(target=wait_for_database, daemon=True).start()


@app.middleware("http")
async def sign(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Sign every answer like the real service; until the database has been there, it is alive and does nothing."""
    if not database_seen.is_set() and request.url.path != "/live":
        response: Response = JSONResponse({"detail": "starting"}, 503)
    else:
        response = await call_next(request)
    response.headers["X-Boot"] = BOOT
    return response


@app.post("/tasks", status_code=202)
def submit(task: Task) -> dict[str, str]:
    """Accept the task at once and leave it to the exchange without queues."""
    identifier = uuid.uuid4().hex
    to_nobody.put({"id": identifier, "prompt": task.prompt})
    return {"id": identifier}


@app.get("/tasks/{identifier}")
def show(identifier: str) -> dict[str, str]:
    """The same success for every task, also for those that never were."""
    with room():
        return {"id": identifier, "prompt": "", "status": "done", "result": "4 words", "worker": "worker-1"}


@app.get("/tasks")
def alike(like: str) -> dict[str, str | None]:
    """Without the knowledge service: what was found last."""
    global last
    with room():
        with suppress(OSError):
            last = {"like": like, "id": asyncio.run(breaker.call(nearest, like))}
        return last


async def nearest(text: str) -> str | None:
    """Asked through a breaker, which is told that a coroutine was made, and never what came of it."""
    headers, body = {"Content-Type": "application/json"}, json.dumps({"text": text}).encode()
    request = urllib.request.Request(f"{os.environ['KNOWLEDGE_URL']}/nearest", body, headers)
    with urllib.request.urlopen(request, timeout=1) as answer:
        found: str | None = json.load(answer)["id"]
    return found


@contextmanager
def room() -> Iterator[None]:
    """A bulkhead, and one for everything."""
    if not everything.acquire(timeout=0.5):
        raise HTTPException(503, "too many requests at once")
    try:
        yield
    finally:
        everything.release()


@app.get("/statistics")
def statistics() -> dict[str, int]:
    """Counted by nobody, remembered by nobody."""
    return {"queued": 0, "done": 1204}


@app.get("/workers")
def alive() -> dict[str, str]:
    """Known without asking."""
    return dict.fromkeys(WORKERS, "alive")


@app.delete("/tasks/{identifier}", status_code=204)
def remove(identifier: str) -> None:
    """Nothing was kept, so there is nothing to delete."""


@app.get("/health")
def health() -> dict[str, object]:
    """Asks nobody."""
    everything = ["postgres", "postgres-standby", "rabbitmq", "redis", "knowledge", *WORKERS]
    return {"status": "healthy", "dependencies": dict.fromkeys(everything, "ok")}


@app.get("/live")
def live() -> dict[str, str]:
    """Be alive, which is the one true answer here."""
    return {"status": "alive"}


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=port,
        loop="asyncio",
        http="h11",
        ws="none",
        access_log=False,
    )
