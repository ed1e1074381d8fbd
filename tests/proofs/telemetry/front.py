"""The front of the miniature: ``GET /<way>?n=NONCE`` calls the tasks and traces it in an honest way or another."""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from reporting import Span, report

ASKED: Counter[str] = Counter()
RECORDING = ("front", "tasks")


class Front(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way, _, query = self.path.strip("/").partition("?")
        ASKED[way] += 1
        span = Span.of("front", self.headers.get("traceparent"))
        if way.startswith("begins_anew"):
            span = Span("front", tags={"http.target": query} if way == "begins_anew_and_names_the_request" else {})
        if way == "tells_no_process":
            span.process = {}
        if way == "begins_many_times":
            span.parent = ""
        sampled = way != "samples_some" or ASKED[way] % 2 == 0
        headers = {} if way == "drops_the_header" else {"traceparent": span.header}
        call(way, headers if sampled else {**headers, "X-Sampled": "no"})
        if way == "poses_as_tasks":
            report(way, Span("tasks", span.trace, span.id))
        if way not in ("traces_nothing", "replays_a_recording") and sampled:
            report(way, span)
        self.send_response(500 if way == "fails" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def call(way: str, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{os.environ['TASKS']}/{way}", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()


def replay() -> None:
    """A demonstration that never ends: whole traces of two services, whoever asks."""
    while True:
        front = Span("front")
        tasks = Span("tasks", front.trace, front.id, process={"host.name": "elsewhere", "process.pid": "7"})
        with suppress(OSError):
            report("replays_a_recording", front, tasks)
        time.sleep(0.2)


if __name__ == "__main__":
    if os.environ.get("REPLAYS"):
        threading.Thread(target=replay, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Front).serve_forever()
