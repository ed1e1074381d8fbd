"""The second service of the miniature: ``GET /<way>`` does its work, and reports a span of it where that is honest."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from reporting import Span, report

#: ways in which the front reports for it, or nobody does
SILENT = {"traces_nothing", "poses_as_tasks", "replays_a_recording"}


class Tasks(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        way = self.path.strip("/")
        if way not in SILENT and self.headers.get("X-Sampled") != "no":
            span = Span.of("tasks", self.headers.get("traceparent"))
            if way == "tells_no_process":
                span.process = {}
            if way == "reports_orphans":
                span.parent = "ab" * 8
            if way == "begins_many_times":
                span.parent = ""
            if way == "answers_before_it_is_asked":
                span.start -= 60
                span.end = span.start + 0.001
            report(way, span)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Tasks).serve_forever()
