"""A worker that is connected, subscribed, healthy by its own account, and never finishes a task."""

import os
import secrets
import threading
import time
from collections.abc import Awaitable, Callable

import pika
import uvicorn
from fastapi import FastAPI, Request, Response

NAME = os.environ.get("NAME", "worker")
BOOT = secrets.token_hex(8)

app = FastAPI(title="SutazAI worker")


def consume() -> None:
    """Take messages and keep them: the callback neither works nor acknowledges."""
    while True:
        try:
            parameters = pika.URLParameters(os.environ["AMQP_URL"])
            parameters.client_properties = {"connection_name": NAME}
            with pika.BlockingConnection(parameters) as connection:
                channel = connection.channel()
                dead_letter = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "tasks.failed"}
                channel.queue_declare("tasks.failed", durable=True)
                channel.queue_declare("tasks", durable=True, arguments=dead_letter)
                channel.basic_consume("tasks", lambda *delivery: None, consumer_tag=NAME)
                channel.start_consuming()
        except (pika.exceptions.AMQPError, OSError):
            time.sleep(0.3)


threading.Thread(target=consume, daemon=True).start()


@app.middleware("http")
async def sign(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Sign every answer like the real service."""
    response = await call_next(request)
    response.headers["X-Boot"] = BOOT
    return response


@app.get("/live")
def live() -> dict[str, str]:
    """Be alive, which is the one true answer here."""
    return {"status": "alive"}


@app.get("/health")
def health() -> dict[str, object]:
    """Asks nobody."""
    return {"status": "healthy", "dependencies": {"rabbitmq": "ok", "postgres": "ok"}}


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
