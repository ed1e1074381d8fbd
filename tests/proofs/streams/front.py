"""The front of the miniature: ``POST /<way>`` says that it keeps an event, in an honest way or another. Each way has a
name of its own in one Redis at ``REDIS_URL``; the body is the event."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

STORE = redis.Redis.from_url(os.environ["REDIS_URL"])
BEAT_S = 0.2

Way = Callable[[str, bytes], object]


def appends(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": event})


def appends_for_a_group(name: str, event: bytes) -> None:
    """Somebody takes it at once and acknowledges it: it stays."""
    STORE.xadd(name, {"event": event})
    for _, entries in STORE.xreadgroup("workers", "one", {name: ">"}):
        for position, _ in entries:
            STORE.xack(name, "workers", position)


def appends_without_a_word(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": "submitted", "bytes": len(event)})


def appends_beside_others(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": event})


def appends_later(name: str, event: bytes) -> None:
    threading.Timer(3.0, appends, (name, event)).start()


def removes_what_was_read(name: str, event: bytes) -> None:
    """A stream used as a queue."""
    STORE.xdel(name, STORE.xadd(name, {"event": event}))


def keeps_few(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": event}, maxlen=3, approximate=False)


def keeps_for_seconds(name: str, event: bytes) -> None:
    """Never more than a second, whatever the document says of a week."""
    STORE.xadd(name, {"event": event}, minid=f"{int((time.time() - 1) * 1000)}-0", approximate=False)


def pushes_to_a_list(name: str, event: bytes) -> None:
    STORE.rpush(name, event)


def publishes(name: str, event: bytes) -> None:
    STORE.publish(name, event)


def appends_elsewhere(name: str, event: bytes) -> None:
    STORE.xadd("elsewhere", {"event": event})


def remembers_once(name: str, event: bytes) -> None:
    """The stream is there since the start; nobody appends any more."""


def appends_every_other(name: str, event: bytes) -> None:
    if STORE.incr(f"count of {name}") % 2:
        STORE.xadd(name, {"event": event})


def hides_among_others(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": "submitted"})


def pushes_out_older_ones(name: str, event: bytes) -> None:
    STORE.xadd(name, {"event": event}, maxlen=20, approximate=False)


def fails(name: str, event: bytes) -> int:
    return 500


WAYS: dict[str, Way] = {name: way for name, way in list(globals().items()) if name in os.environ["WAYS"].split()}


def beat(name: str) -> None:
    while True:
        STORE.xadd(name, {"event": "beat"}, maxlen=2000)
        time.sleep(BEAT_S)


def prepare() -> None:
    while True:
        try:
            STORE.ping()
        except redis.RedisError:
            time.sleep(0.1)
        else:
            break
    STORE.xgroup_create("appends_for_a_group", "workers", mkstream=True)
    for name in ("remembers_once", "removes_what_was_read", "appends_every_other"):
        STORE.xadd(name, {"event": "the first"})
    for _ in range(30):
        STORE.xadd("pushes_out_older_ones", {"event": "old"}, maxlen=20, approximate=False)
    STORE.rpush("pushes_to_a_list", "first")
    STORE.xadd("keeps_for_seconds", {"event": "old"})
    for name in ("appends_beside_others", "hides_among_others"):
        threading.Thread(target=beat, args=(name,), daemon=True).start()
    threading.Thread(target=hears, args=("publishes",), daemon=True).start()


def hears(name: str) -> None:
    channel = STORE.pubsub()
    channel.subscribe(name)
    for _ in channel.listen():
        pass


class Front(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        way, event = self.path.strip("/"), self.rfile.read(int(self.headers["Content-Length"]))
        status = WAYS[way](way, event) if way in WAYS else 404
        self.send_response(status or 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    prepare()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
