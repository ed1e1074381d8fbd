"""A store of traces by the published APIs: takes spans as Zipkin's API v2 does, tells them as Zipkin and as Jaeger do.

Each first part of a path is a store of its own: ``http://127.0.0.1:PORT/NAME``. A stand-in: it shows what a judge
makes of answers, never that a product gives them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standins import served

Spans = list[dict[str, Any]]


class Store:
    """What one store holds."""

    def __init__(self) -> None:
        self.spans: Spans = []

    def services(self) -> list[str]:
        return sorted({span["localEndpoint"]["serviceName"] for span in self.spans})

    def trace(self, trace: str) -> Spans:
        return [span for span in self.spans if span["traceId"] == trace]

    def traces(self, service: str, since: float, until: float, limit: int) -> list[Spans]:
        """Times are microseconds; the latest traces first."""
        began: dict[str, float] = {}
        for span in self.spans:
            if span["localEndpoint"]["serviceName"] == service and since <= span["timestamp"] <= until:
                began[span["traceId"]] = min(span["timestamp"], began.get(span["traceId"], until))
        latest = sorted(began, key=lambda trace: began[trace], reverse=True)[:limit]
        return [self.trace(trace) for trace in latest]


def of_jaeger(spans: Spans) -> dict[str, Any]:
    """A trace as Jaeger's query API tells it."""
    return {
        "traceID": spans[0]["traceId"],
        "processes": {
            f"p{number}": {"serviceName": span["localEndpoint"]["serviceName"], "tags": _tags(span)}
            for number, span in enumerate(spans)
        },
        "spans": [
            {
                "traceID": span["traceId"],
                "spanID": span["id"],
                "operationName": span.get("name", ""),
                "references": [
                    {"refType": "CHILD_OF", "traceID": span["traceId"], "spanID": span["parentId"]}
                    for _ in range(bool(span.get("parentId")))
                ],
                "startTime": span["timestamp"],
                "duration": span["duration"],
                "tags": _tags(span),
                "processID": f"p{number}",
            }
            for number, span in enumerate(spans)
        ],
    }


def _tags(span: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "type": "string", "value": value} for key, value in span.get("tags", {}).items()]


class Handler(BaseHTTPRequestHandler):
    stores: defaultdict[str, Store]

    def do_POST(self) -> None:
        store, _, _ = self._asked()
        store.spans.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._say(202, "")

    def do_GET(self) -> None:
        store, path, query = self._asked()
        if path == "info":
            self._say(200, {"zipkin": {"version": "3.4.4"}})
        elif path == "api/v2/services":
            self._say(200, store.services())
        elif path.startswith("api/v2/trace/"):
            found = store.trace(path.rpartition("/")[2])
            self._say(200 if found else 404, found or f"{path.rpartition('/')[2]} not found")
        elif path == "api/v2/traces":
            until = float(query["endTs"]) * 1000
            since = until - float(query["lookback"]) * 1000
            self._say(200, store.traces(query["serviceName"], since, until, int(query["limit"])))
        elif path == "api/services":
            self._jaeger(store.services())
        elif path == "api/traces":
            found = store.traces(query["service"], float(query["start"]), float(query["end"]), int(query["limit"]))
            self._jaeger([of_jaeger(spans) for spans in found])
        elif path.startswith("api/traces/"):
            found = store.trace(path.rpartition("/")[2])
            error = [{"code": 404, "msg": "trace not found"}]
            self._jaeger([of_jaeger(found)] if found else None, None if found else error)
        else:
            self._say(404, "404 page not found")

    def _jaeger(self, data: list[Any] | None, errors: list[Any] | None = None) -> None:
        told = {"data": data or None, "total": len(data or ()), "limit": 0, "offset": 0, "errors": errors}
        self._say(404 if errors else 200, told)

    def _asked(self) -> tuple[Store, str, dict[str, str]]:
        parts = urlsplit(self.path)
        name, _, path = parts.path.lstrip("/").partition("/")
        return self.stores[name], path, {key: values[0] for key, values in parse_qs(parts.query).items()}

    def _say(self, status: int, told: Any) -> None:
        body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(told, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def stores() -> Iterator[str]:
    """The address below which every name is a store, for as long as the block lasts."""
    with served(type("Stores", (Handler,), {"stores": defaultdict(Store)})) as url:
        yield url


class One(Handler):
    """A single store, at the root."""

    def _asked(self) -> tuple[Store, str, dict[str, str]]:
        self.path = f"/one{self.path}"
        return super()._asked()


@contextmanager
def store() -> Iterator[str]:
    """The address of one store."""
    with served(type("Stores", (One,), {"stores": defaultdict(Store)})) as url:
        yield url
