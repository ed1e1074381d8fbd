"""The members of the miniature's groups: ``member.py STREAM...`` reads each stream in the way of that name, or another.

What is done is a file of the nonce's name. Work takes ``WORK_S``; what nobody has touched for ``STALE_S`` is claimed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import redis

GROUND = Path(os.environ["GROUND"])
NAME = os.environ["NAME"]
WORK_S = float(os.environ["WORK_S"])
STALE_MS = int(float(os.environ["STALE_S"]) * 1000)
STORE = redis.Redis.from_url(os.environ["REDIS_URL"])
GROUP = "workers"
Entry = tuple[bytes, dict[bytes, bytes]]


def found(group: str, stream: str) -> None:
    """Both make it; whoever comes second finds it."""
    try:
        STORE.xgroup_create(stream, group, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def do(stream: str, entry: Entry) -> None:
    told = entry[1].get(b"work") or STORE.get(entry[1][b"job"])
    assert isinstance(told, bytes)
    (GROUND / stream / told.decode()).touch()


def later(after_s: float, deed: Callable[[], object]) -> None:
    """Several are in work at once."""
    timer = threading.Timer(after_s, deed)
    timer.daemon = True
    timer.start()


def new(stream: str, name: str = NAME, group: str = GROUP, noack: bool = False) -> list[Entry]:
    told: Any = STORE.xreadgroup(group, name, {stream: ">"}, count=5, block=400, noack=noack)
    return told[0][1] if told else []


def own(stream: str) -> list[Entry]:
    """All that it has in hand already."""
    told: Any = STORE.xreadgroup(GROUP, NAME, {stream: "0"})
    return told[0][1] if told else []


def stale(stream: str, name: str = NAME, idle_ms: int = STALE_MS) -> list[Entry]:
    told: Any = STORE.xautoclaim(stream, GROUP, name, idle_ms, count=20)
    return [one for one in told[1] if one[1]]


def work(stream: str, entries: list[Entry], group: str = GROUP) -> None:
    def finish(entry: Entry) -> None:
        do(stream, entry)
        STORE.xack(stream, group, entry[0])

    for one in entries:
        later(WORK_S, lambda one=one: finish(one))  # type: ignore[misc]


# --- in honest ways


def shares(stream: str, name: str = NAME) -> None:
    while True:
        work(stream, [*new(stream, name), *stale(stream, name)])


def shares_under_a_new_name(stream: str) -> None:
    """Each start is another consumer; a dead one is removed once nothing of its is left."""
    shares(stream, f"{NAME}-{os.getpid()}")


def shares_and_begins_with_its_own(stream: str) -> None:
    work(stream, own(stream))
    shares(stream)


# --- in others


def leaves_what_the_dead_had(stream: str) -> None:
    while True:
        work(stream, new(stream))


def leaves_it_to_the_dead(stream: str) -> None:
    """Nobody else claims it: whoever starts the member again has the work done."""
    work(stream, own(stream))
    leaves_what_the_dead_had(stream)


def everybody_reads_all(stream: str) -> None:
    """No group; one of that name is there."""
    at: Any = "$"
    while True:
        told: Any = STORE.xread({stream: at}, count=20, block=400)
        for one in told[0][1] if told else []:
            at = one[0]
            later(WORK_S, lambda one=one: do(stream, one))  # type: ignore[misc]


def each_has_its_own_group(stream: str) -> None:
    group = GROUP if NAME == "one" else f"{GROUP}-{NAME}"
    found(group, stream)
    while True:
        work(stream, new(stream, group=group), group)


def one_does_all(stream: str) -> None:
    """The other asks again and again for what it was never given."""
    if NAME == "one":
        shares(stream)
    while True:
        own(stream)
        time.sleep(0.2)


def one_under_both_names(stream: str) -> None:
    if NAME == "one":
        threading.Thread(target=shares, args=(stream, "other"), daemon=True).start()
        shares(stream)


def forgets_what_it_hands_out(stream: str) -> None:
    while True:
        for one in new(stream, noack=True):
            later(WORK_S, lambda one=one: do(stream, one))  # type: ignore[misc]


def acknowledges_first(stream: str) -> None:
    while True:
        for one in new(stream):
            STORE.xack(stream, GROUP, one[0])
            later(WORK_S, lambda one=one: do(stream, one))  # type: ignore[misc]


def takes_from_the_living(stream: str) -> None:
    while True:
        work(stream, [*new(stream), *stale(stream, idle_ms=int(WORK_S * 500))])


def clears_away_what_the_dead_had(stream: str) -> None:
    while True:
        work(stream, new(stream))
        for one in stale(stream):
            STORE.xack(stream, GROUP, one[0])


def only_acknowledges(stream: str) -> None:
    while True:
        for one in [*new(stream), *stale(stream)]:
            later(WORK_S, lambda one=one: STORE.xack(stream, GROUP, one[0]))  # type: ignore[misc]


def is_too_quick(stream: str) -> None:
    while True:
        for one in [*new(stream), *stale(stream)]:
            do(stream, one)
            STORE.xack(stream, GROUP, one[0])


def both_have_one_name(stream: str) -> None:
    shares(stream, "worker")


#: ways of which only the front, what it says, or who starts members again, differs
shares_what_has_no_words = shares_whatever_is_shown = shares
does_it_beside_the_stream = leaves_it_to_the_supervised = leaves_it_to_the_dead


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    for each in sys.argv[1:]:
        (GROUND / each).mkdir(exist_ok=True)
        found(GROUP, each)
        threading.Thread(target=globals()[each], args=(each,), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Door).serve_forever()
