"""One program that can play every service: ``SERVICE_NAME``, or its first word, says which paths it answers.

``ASKS`` holds addresses without whose health it does nothing.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PARTS = {"orders": ["/order", "/orders"], "users": ["/greet", "/people"], "stock": ["/stock"]}
NAME = os.environ.get("SERVICE_NAME") or (sys.argv[1] if len(sys.argv) > 1 else "")
PATHS = PARTS.get(NAME) or [path for paths in PARTS.values() for path in paths]
RECENT: list[str] = []


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def order(nonce: str) -> dict[str, object]:
    RECENT.append(nonce)
    return {"buyer": nonce, "item": "book", "greeting": f"welcome, {nonce}"}


def orders(nonce: str) -> dict[str, object]:
    return {"asked": nonce, "sold": {"book": len(RECENT)}, "turnover": 12 * len(RECENT)}


def greet(nonce: str) -> dict[str, object]:
    return {"greeting": f"welcome, {nonce}", "visits": RECENT.count(nonce) + 1}


def people(nonce: str) -> dict[str, object]:
    return {"asked": nonce, "people": sorted(set(RECENT))[:10]}


def stock(nonce: str) -> dict[str, object]:
    return {"asked": nonce, "left": 100 - len(RECENT)}


VIEWS = {"/order": order, "/orders": orders, "/greet": greet, "/people": people, "/stock": stock}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        nonce = parse_qs(parts.query).get("nonce", [""])[0]
        if parts.path == "/health":
            self.answer(200, {"status": "up", "service": NAME})
        elif parts.path == "/openapi.json":
            self.answer(200, {"openapi": "3.0.3", "paths": {path: {"get": {}} for path in PATHS}})
        elif parts.path not in PATHS:
            self.answer(404, {"detail": "Not Found"})
        elif not all(map(healthy, os.environ.get("ASKS", "").split())):
            self.answer(503, {"detail": "another service is ill"})
        else:
            self.answer(200, VIEWS[parts.path](nonce))

    def answer(self, status: int, found: object) -> None:
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def serve() -> None:
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    serve()
