"""What the services share: their settings, their HTTP shell, and connections that heal.

Nothing here connects while a service starts. A service is up at once and finds its servers when they come up.
"""

import json
import logging
import os
import secrets
import threading
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, LiteralString

import pika
import psycopg
import redis
import tracing
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from psycopg.rows import DictRow, dict_row

NAME = os.environ.get("NAME", "sutazai")
BOOT = secrets.token_hex(8)
PATIENCE = 2  # seconds that any one question to a server may take

TASKS = "tasks"
FAILED = "tasks.failed"
UNREACHABLE = (psycopg.Error, pika.exceptions.AMQPError, redis.RedisError, HTTPException, OSError)

logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {NAME}: %(message)s")
logging.getLogger("pika").setLevel(logging.CRITICAL)
log = logging.getLogger(NAME)


def reason(error: BaseException) -> str:
    """The first line of what went wrong, or the kind of error when it says nothing."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]


async def unavailable(_request: Request, error: Exception) -> Response:
    """Tell the client which server is missing instead of failing without a word."""
    return JSONResponse({"detail": reason(error)}, 503)


def ask(method: str, url: str, body: object = None, *, patience: float = PATIENCE, **headers: str) -> Any:
    """The JSON that another service answers with; None if it answers with nothing. Raises for every failure."""
    data = None if body is None else json.dumps(body).encode()
    told = {"Content-Type": "application/json", **tracing.handed_on(), **headers}
    request = urllib.request.Request(url, data, told, method=method)
    with urllib.request.urlopen(request, timeout=patience) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def health_report(found: dict[str, str]) -> JSONResponse:
    """200 when every dependency said "ok", otherwise 503 with what the others said."""
    healthy = set(found.values()) == {"ok"}
    body = {"status": "healthy" if healthy else "unhealthy", "dependencies": found}
    return JSONResponse(body, 200 if healthy else 503)


def web_app(title: str) -> FastAPI:
    """An application that signs every answer with its boot identity, counts what it is asked, and owns up to a server
    it cannot reach."""
    app = FastAPI(title=title, exception_handlers=dict.fromkeys(UNREACHABLE, unavailable))
    asked: Counter[str] = Counter()
    tracing.start(NAME, BOOT)

    @app.middleware("http")
    async def trace(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path in tracing.QUIET:
            return await call_next(request)
        with tracing.span(f"{request.method} /{request.url.path.split('/')[1]}", request.headers):
            return await call_next(request)

    @app.middleware("http")
    async def sign(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        asked["/" + request.url.path.split("/")[1]] += 1
        response = await call_next(request)
        response.headers["X-Boot"] = BOOT
        return response

    @app.get("/metrics")
    def metrics() -> PlainTextResponse:
        lines = [f'http_requests_total{{handler="{handler}"}} {times}' for handler, times in asked.items()]
        return PlainTextResponse("\n".join(["# TYPE http_requests_total counter", *lines, ""]))

    @app.get("/live")
    def live() -> dict[str, str]:
        return {"status": "alive"}

    return app


def serve(app: FastAPI, *background: Callable[[], None]) -> None:
    """Answer HTTP on PORT, with `background` running beside it until the process ends."""
    for each in background:
        threading.Thread(target=each, name=each.__name__, daemon=True).start()
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    uvicorn.run(app, host=host, port=port, loop="asyncio", http="h11", ws="none", access_log=False)


def open_broker() -> pika.BlockingConnection:
    """A named connection to the broker, so that the broker can say who is connected."""
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    parameters.client_properties = {"connection_name": NAME}
    parameters.heartbeat = 10
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = PATIENCE
    return pika.BlockingConnection(parameters)


def declare_queues(channel: Any) -> None:
    """The two durable queues. What a worker rejects from the first, the broker moves to the second."""
    dead_letter = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": FAILED}
    channel.queue_declare(FAILED, durable=True)
    channel.queue_declare(TASKS, durable=True, arguments=dead_letter)


@contextmanager
def held(lock: threading.Lock, what: str) -> Iterator[None]:
    """Hold the lock, but wait for it no longer than for any other answer."""
    if not lock.acquire(timeout=PATIENCE):
        raise TimeoutError(f"an earlier question to {what} is still unanswered after {PATIENCE} s")
    try:
        yield
    finally:
        lock.release()


class Database:
    """One connection to one PostgreSQL server; a broken one is dropped and the next call opens another."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[DictRow] | None = None

    def run(self, statement: LiteralString, *values: object) -> list[DictRow]:
        """Run one statement in a transaction of its own and return its rows."""
        with held(self._lock, "PostgreSQL"):
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    self._url, autocommit=True, connect_timeout=PATIENCE, application_name=NAME, row_factory=dict_row
                )
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def rest(self) -> None:
        """Give the connection back; the next call opens another."""
        with held(self._lock, "PostgreSQL"):
            if self._connection is not None:
                self._connection.close()


class Cache:
    """What was worked out before, kept in Redis for a while."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)

    def remembered(self, name: str, seconds: int, work_out: Callable[[], Any]) -> Any:
        """The value kept under the name; worked out, and kept for so many seconds, if there is none."""
        known = self._redis.get(name)
        if known is not None:
            return json.loads(known)
        value = work_out()
        self._redis.set(name, json.dumps(value), ex=seconds)
        return value

    def count(self, name: str, seconds: int) -> int:
        """How often this was called within so many seconds, this time included."""
        times = int(self._redis.incr(name))
        if times == 1:
            self._redis.expire(name, seconds)
        return times

    def ping(self) -> None:
        """Raise unless the server answers."""
        self._redis.ping()


class Registry:
    """The Consul agent: who is where, and who is well."""

    def __init__(self, url: str) -> None:
        self._url = url

    def register(self, service: str) -> None:
        """Say where this process answers, and have it asked for its health; to say it again changes nothing."""
        address, port = os.environ.get("ADDRESS", "127.0.0.1"), int(os.environ["PORT"])
        check = {"HTTP": f"http://{address}:{port}/live", "Interval": "1s", "Timeout": "1s"}
        body = {"Name": service, "ID": NAME, "Address": address, "Port": port, "Check": check}
        ask("PUT", f"{self._url}/v1/agent/service/register", body)

    def passing(self, service: str) -> dict[str, str]:
        """Instance -> its address, of all that are well now."""
        rows = ask("GET", f"{self._url}/v1/health/service/{service}?passing=true")
        found = [row["Service"] for row in rows]
        return {one["ID"]: f"http://{one['Address']}:{one['Port']}" for one in found}


class Knowledge:
    """The knowledge service: what tasks have said."""

    def __init__(self, url: str) -> None:
        self._url = url

    def keep(self, identifier: str, text: str) -> None:
        """Keep the text under the identifier; one that is there already is replaced."""
        ask("PUT", f"{self._url}/texts/{identifier}", {"text": text})

    def nearest(self, text: str, patience: float = PATIENCE) -> str | None:
        """The identifier of the text that is most like this one; None if there is none yet."""
        found: str | None = ask("POST", f"{self._url}/nearest", {"text": text}, patience=patience)["id"]
        return found

    def forget(self, identifier: str) -> None:
        """Keep it no longer; one that is not there is forgotten already."""
        ask("DELETE", f"{self._url}/texts/{identifier}")

    def ping(self) -> None:
        """Raise unless the service answers."""
        ask("GET", f"{self._url}/live")


class Toolbox:
    """The tools of all tool servers, by way of their manager."""

    def __init__(self, url: str) -> None:
        self._url = url

    def use(self, tool: str, **arguments: object) -> str:
        """What the tool says."""
        return str(ask("POST", f"{self._url}/tools/{tool}", arguments)["said"])


class Publisher:
    """One confirmed channel to the broker; a broken one is dropped and the next call opens another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self._channel: Any = None

    def publish(self, message: dict[str, str]) -> None:
        """Return only when the broker has stored the message in the task queue; raise otherwise."""
        trace = tracing.handed_on() or None
        persistent = pika.BasicProperties(delivery_mode=2, content_type="application/json", headers=trace)
        with self._open() as channel:
            channel.basic_publish("", TASKS, json.dumps(message).encode(), persistent, mandatory=True)

    def ping(self) -> None:
        """Ask the broker for the task queue; also answers the broker's heartbeats."""
        with self._open() as channel:
            channel.queue_declare(TASKS, passive=True)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with held(self._lock, "RabbitMQ"):
            try:
                if self._channel is None:
                    self._connection = open_broker()
                    self._channel = self._connection.channel()
                    declare_queues(self._channel)
                    self._channel.confirm_delivery()
                yield self._channel
            except Exception:
                self._close()
                raise

    def _close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            connection.close()
