"""One program of a path from a front to a store. ``ROLE`` front: ``GET /<way>/<nonce>`` hands work over in that way;
``ROLE`` worker: takes it from the broker and stores it, or, as ``WAY`` says, does something else; ``ROLE`` script:
takes it and drops it, or hands over what nobody has asked for. ``BROKERS`` and ``STORES`` hold ``way=url``.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any

import hops

#: workers that take every task and do nothing with it
DROP = ("writes_first", "writes_after", "is_fed_directly", "writes_at_times", "is_polled_for")
#: workers that look for work in a table
POLL = ("is_polled_for", "is_taken_by_a_script")
#: at times is written what has gathered: at first after six seconds of what the audit asks, and then after fourteen
GATHERED = (120, 280)
#: how often a script asks for work, in seconds
FEEDS_S = 0.05
#: way: what its own thread is still to do
LATER: dict[str, queue.Queue[str]] = {
    way: queue.Queue() for way in ("hands_over", "is_fed_directly", "writes_at_times")
}
LOCK = threading.Lock()


@cache
def opened(variable: str, way: str) -> Any:
    urls = dict(one.split("=", 1) for one in os.environ[variable].split())
    if variable == "STORES":
        return hops.store(urls[way])
    return hops.broker(urls[way], way, sure=way == "waits_for_the_broker")


def server(variable: str, way: str) -> Any:
    """One for all threads."""
    with LOCK:
        return opened(variable, way)


def hand_over(way: str, nonce: str) -> None:
    server("BROKERS", way).hand_over(nonce)


def store(way: str, nonce: str) -> None:
    server("STORES", way).store(nonce)


def hands_over(nonce: str) -> None:
    """By a thread of its own: nobody waits for the broker."""
    LATER["hands_over"].put(nonce)


def waits_for_the_broker(nonce: str) -> None:
    hand_over("waits_for_the_broker", nonce)


def reads_before(nonce: str) -> None:
    server("STORES", "reads_before").look()
    hand_over("reads_before", nonce)


def writes_first(nonce: str) -> None:
    store("writes_first", nonce)
    hand_over("writes_first", nonce)


def writes_after(nonce: str) -> None:
    hand_over("writes_after", nonce)
    store("writes_after", nonce)


def writes_as_well(nonce: str) -> None:
    store("writes_as_well", nonce)
    hand_over("writes_as_well", nonce)


def is_fed_directly(nonce: str) -> None:
    """What goes to the broker is for show; another thread does the work."""
    hand_over("is_fed_directly", nonce)
    LATER["is_fed_directly"].put(nonce)


def writes_at_times(nonce: str) -> None:
    """The same, many at once: before the worker is halted, and after that."""
    hand_over("writes_at_times", nonce)
    LATER["writes_at_times"].put(nonce)


def is_polled_for(nonce: str) -> None:
    """The worker reads the table; what it takes from the broker is for show."""
    server("STORES", "is_polled_for").note(nonce)
    hand_over("is_polled_for", nonce)


def is_taken_by_a_script(nonce: str) -> None:
    """The worker knows no broker at all."""
    server("STORES", "is_taken_by_a_script").note(nonce)
    hand_over("is_taken_by_a_script", nonce)


def is_fed_by_a_script(nonce: str) -> None:
    """What the worker takes from the broker comes from somebody else."""
    server("STORES", "is_fed_by_a_script").change()


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way, _, nonce = self.path.strip("/").partition("/")
        if nonce:
            globals()[way](nonce)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def later(way: str) -> None:
    while True:
        (hand_over if way == "hands_over" else store)(way, LATER[way].get())


def at_times(way: str) -> None:
    first, then = GATHERED
    for many in chain([first], repeat(then)):
        server("STORES", way).store(*(LATER[way].get() for _ in range(many)))


def take(way: str, drops: bool) -> None:
    for task in server("BROKERS", way).tasks():
        if not drops:
            store(way, task)


def poll(way: str) -> None:
    for task in server("STORES", way).noted():
        store(way, task)


def work(way: str) -> None:
    if way in POLL:
        threading.Thread(target=poll, args=(way,)).start()
    if way != "is_taken_by_a_script":
        take(way, drops=way in DROP)


def script(way: str) -> None:
    if way == "is_taken_by_a_script":
        take(way, drops=True)
    while True:
        hand_over(way, "by itself")
        time.sleep(FEEDS_S)


if __name__ == "__main__":
    if os.environ["ROLE"] == "worker":
        work(os.environ["WAY"])
    elif os.environ["ROLE"] == "script":
        script(os.environ["WAY"])
    else:
        for each in LATER:
            threading.Thread(target=at_times if each == "writes_at_times" else later, args=(each,), daemon=True).start()
        ThreadingHTTPServer.request_queue_size = 256
        ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
