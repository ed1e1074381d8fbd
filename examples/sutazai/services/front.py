"""The front: takes tasks over HTTP, records them in PostgreSQL and hands them to the workers through RabbitMQ;
counts them, and remembers the count in Redis, where it counts new tasks, too."""

import os
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from fastapi import HTTPException, Response
from fastapi.responses import JSONResponse
from plumbing import (
    PATIENCE,
    UNREACHABLE,
    Cache,
    Database,
    Knowledge,
    Publisher,
    Registry,
    health_report,
    log,
    reason,
    serve,
    web_app,
)
from pybreaker import CircuitBreakerError
from pydantic import BaseModel
from resilience import Breaker, Bulkhead

primary = Database(os.environ["DATABASE_URL"])
standby = Database(os.environ["STANDBY_URL"])
publisher = Publisher()
cache = Cache(os.environ["REDIS_URL"])
registry = Registry(os.environ["CONSUL_URL"])
knowledge = Knowledge(os.environ["KNOWLEDGE_URL"])
workers = dict(entry.split("=", 1) for entry in os.environ["WORKER_URLS"].split())  # "worker-1=http://... ..."
askers = ThreadPoolExecutor(8)
bulkhead, breaker = Bulkhead(5), Breaker(failures=5, seconds=1)  # between it and the knowledge service

SCHEMA = """CREATE TABLE IF NOT EXISTS tasks (
    id text PRIMARY KEY, prompt text NOT NULL, status text NOT NULL, result text, worker text)"""
MOST_A_MINUTE = 6000
FORGET = "DELETE FROM tasks WHERE id = %s"


class Task(BaseModel):
    """What a client submits."""

    prompt: str


def keep_connected() -> None:
    """Create the table and the queues as soon as their servers are there, and keep both connections alive."""
    schema_wanted = True
    while True:
        try:
            if schema_wanted:
                primary.run(SCHEMA)
                schema_wanted = False
                log.info("the primary is reachable and has the table")
            publisher.ping()
        except UNREACHABLE as error:
            log.info("waiting: %s", reason(error))
        time.sleep(0.5)


app = web_app("SutazAI front")


@app.post("/tasks", status_code=202)
def submit(task: Task) -> dict[str, str]:
    """Record the task, then queue it; a task that could not be queued is not kept."""
    if cache.count("submitted", 60) > MOST_A_MINUTE:
        raise HTTPException(429, f"more than {MOST_A_MINUTE} tasks in one minute")
    identifier = uuid.uuid4().hex
    primary.run("INSERT INTO tasks (id, prompt, status) VALUES (%s, %s, 'queued')", identifier, task.prompt)
    try:
        publisher.publish({"id": identifier, "prompt": task.prompt})
    except Exception:
        primary.run(FORGET, identifier)
        raise
    return {"id": identifier}


@app.get("/tasks/{identifier}")
def show(identifier: str) -> dict[str, str | None]:
    """Read the task from the standby."""
    rows = standby.run("SELECT id, prompt, status, result, worker FROM tasks WHERE id = %s", identifier)
    if not rows:
        raise HTTPException(404, f"no task {identifier}")
    return rows[0]


@app.get("/tasks")
def alike(like: str, response: Response) -> dict[str, str | None]:
    """The task that is most like a text; none, and the header says so, while the knowledge service does not answer."""
    nearest = None
    try:
        with bulkhead.room():
            nearest = breaker.call(lambda: knowledge.nearest(like, patience=1))
    except (*UNREACHABLE, CircuitBreakerError):
        response.headers["X-Reduced"] = "knowledge"
    return {"like": like, "id": nearest}


@app.get("/statistics")
def statistics() -> dict[str, int]:
    """How many tasks there are by status: counted once a minute, told from the cache in between."""
    return cache.remembered("statistics", 60, count_tasks)


def count_tasks() -> dict[str, int]:
    """Count on the standby."""
    rows = standby.run("SELECT status, count(*)::int AS number FROM tasks GROUP BY status")
    return {str(row["status"]): int(row["number"]) for row in rows}


@app.get("/workers")
def alive() -> dict[str, str]:
    """Every worker that the registry calls well, asked for a sign of life."""
    found = registry.passing("worker")
    for address in found.values():
        ask_alive(address)
    return dict.fromkeys(sorted(found), "alive")


@app.delete("/tasks/{identifier}", status_code=204)
def remove(identifier: str) -> None:
    """Forget the task; one that is not there is forgotten already."""
    primary.run(FORGET, identifier)
    knowledge.forget(identifier)


@app.get("/health")
def health() -> JSONResponse:
    """Ask every dependency now, all at once; name those that did not answer and say why."""
    questions: dict[str, Callable[[], object]] = {
        "postgres": lambda: primary.run("SELECT 1"),
        "postgres-standby": lambda: standby.run("SELECT 1"),
        "rabbitmq": publisher.ping,
        "redis": cache.ping,
        "knowledge": knowledge.ping,
        **{name: partial(ask_alive, url) for name, url in workers.items()},
    }
    asked = {name: askers.submit(question) for name, question in questions.items()}
    found = {}
    for name, answer in asked.items():
        try:
            answer.result(timeout=2 * PATIENCE)
            found[name] = "ok"
        except UNREACHABLE as error:
            found[name] = reason(error)
    return health_report(found)


def ask_alive(url: str) -> None:
    """Fetch another service's sign of life; it raises when there is none."""
    with urllib.request.urlopen(f"{url}/live", timeout=PATIENCE) as answer:
        answer.read()


if __name__ == "__main__":
    serve(app, keep_connected)
