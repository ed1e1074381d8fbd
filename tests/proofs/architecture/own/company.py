"""What the company's services are made with: routes, answers, questions to others. No service by itself."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Query = dict[str, str]
View = Callable[[Query], tuple[int, Any]]


class Service:
    """Views by path."""

    def __init__(self, publishes: bool = True) -> None:
        self.views: dict[str, View] = {"/health": lambda query: (200, {"status": "up"})}
        if publishes:
            self.views["/openapi.json"] = lambda query: (200, self.document())

    def get(self, path: str) -> Callable[[View], View]:
        def registered(view: View) -> View:
            self.views[path] = view
            return view

        return registered

    def document(self) -> Any:
        shown = {path: {"get": {}} for path in self.views if path != "/openapi.json"}
        return {"openapi": "3.0.3", "paths": shown}

    def run(self) -> None:
        views = self.views

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                view = views.get(parts.path, missing)
                try:
                    status, answer = view(dict(parse_qsl(parts.query)))
                except OSError as error:
                    status, answer = 502, {"detail": str(error)}
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        ThreadingHTTPServer.request_queue_size = 128
        ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


def missing(query: Query) -> tuple[int, Any]:
    return 404, {"detail": "Not Found"}


def ask(service: str, path: str) -> tuple[int, Any]:
    """What another service, whose address the environment holds, answers; asked again for ``WAITS`` seconds."""
    until = time.monotonic() + float(os.environ.get("WAITS", "0"))
    while True:
        try:
            with urllib.request.urlopen(f"{os.environ[service]}{path}", timeout=2) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
