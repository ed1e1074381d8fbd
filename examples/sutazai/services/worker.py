"""A worker: takes one task at a time from the queue, writes its result to PostgreSQL, then acknowledges it.
A tool counts the words for it, and the knowledge service remembers what tasks said. It is registered in Consul for as
long as it runs."""

import json
import os
import threading
import time
from typing import Any

import tracing
from fastapi.responses import JSONResponse
from plumbing import (
    NAME,
    TASKS,
    UNREACHABLE,
    Database,
    Knowledge,
    Registry,
    Toolbox,
    declare_queues,
    health_report,
    log,
    open_broker,
    reason,
    serve,
    web_app,
)

database = Database(os.environ["DATABASE_URL"])
registry = Registry(os.environ["CONSUL_URL"])
knowledge = Knowledge(os.environ["KNOWLEDGE_URL"])
toolbox = Toolbox(os.environ["MANAGER_URL"])
consuming = threading.Event()


def work(identifier: str, prompt: str) -> str:
    """The business of this example: count the words of the prompt, and find the earlier task most like it."""
    words = toolbox.use("count_words", text=prompt)
    nearest = knowledge.nearest(prompt)
    knowledge.keep(identifier, prompt)
    return f"{words} words" + (f", most like task {nearest}" if nearest else "")


def handle(channel: Any, delivery: Any, properties: Any, body: bytes) -> None:
    """Finish one task. A message that is no task goes to the failed ones; a dead server puts the task back."""
    try:
        message = json.loads(body)
        identifier, prompt = str(message["id"]), str(message["prompt"])
    except (ValueError, KeyError, TypeError) as error:
        log.warning("rejected a message that is no task: %r", error)
        channel.basic_reject(delivery.delivery_tag, requeue=False)
        return
    with tracing.span("task", properties.headers):
        finish(identifier, prompt)
    channel.basic_ack(delivery.delivery_tag)


def finish(identifier: str, prompt: str) -> None:
    """Do the work and write its result."""
    result = work(identifier, prompt)
    finished = "UPDATE tasks SET status = 'done', result = %s, worker = %s WHERE id = %s"
    database.run(finished, result, NAME, identifier)
    database.rest()  # workers are many, and a server's connections few


def consume() -> None:
    """Consume for ever. An unacknowledged task returns to the queue when the connection closes."""
    pause = 0.1
    while True:
        try:
            with open_broker() as connection:
                channel = connection.channel()
                declare_queues(channel)
                channel.basic_qos(prefetch_count=1)
                channel.basic_consume(TASKS, handle, consumer_tag=NAME)
                log.info("consuming")
                consuming.set()
                pause = 0.1
                channel.start_consuming()
        except UNREACHABLE as error:
            log.info("not consuming, again in %.1f s: %s", pause, reason(error))
        finally:
            consuming.clear()
        time.sleep(pause)
        pause = min(2 * pause, 1.0)


def stay_registered() -> None:
    """Register, and again whenever the agent may have forgotten."""
    while True:
        try:
            registry.register("worker")
            pause = 10.0
        except UNREACHABLE as error:
            log.info("not registered, again in 0.3 s: %s", reason(error))
            pause = 0.3
        time.sleep(pause)


app = web_app("SutazAI worker")


@app.get("/health")
def health() -> JSONResponse:
    """Healthy means: takes tasks from the broker and can write their results."""
    found = {"rabbitmq": "ok" if consuming.is_set() else "not consuming", "postgres": "ok"}
    try:
        database.run("SELECT 1")
    except UNREACHABLE as error:
        found["postgres"] = reason(error)
    return health_report(found)


if __name__ == "__main__":
    serve(app, consume, stay_registered)
