"""Spans, handed to a store as Zipkin or OTLP wants them: ``STORE`` is its address, ``SPEAKS`` says which of them."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import time
import urllib.request
from dataclasses import dataclass, field

PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")
PROCESS = {"host.name": socket.gethostname(), "process.pid": str(os.getpid())}


@dataclass
class Span:
    service: str
    trace: str = field(default_factory=lambda: secrets.token_hex(16))
    parent: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    start: float = field(default_factory=time.time)
    end: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    process: dict[str, str] = field(default_factory=lambda: dict(PROCESS))

    @classmethod
    def of(cls, service: str, header: str | None, **more: object) -> Span:
        """A span of the caller's trace, as the header tells it, else of a new one."""
        found = PARENT.fullmatch(header or "")
        return cls(service, found[1], found[2], **more) if found else cls(service, **more)

    @property
    def header(self) -> str:
        return f"00-{self.trace}-{self.id}-01"


def report(way: str, *spans: Span) -> None:
    """Hand them over at once: no span is late in a proof."""
    store = os.environ["STORE"].replace("WAY", way)
    for span in spans:
        span.end = span.end or max(time.time(), span.start)
    if os.environ["SPEAKS"] == "otlp":
        post(f"{store}/v1/traces", {"resourceSpans": [otlp(span) for span in spans]})
    else:
        post(f"{store}/api/v2/spans", [zipkin(span) for span in spans])


def zipkin(span: Span) -> dict[str, object]:
    return {
        "traceId": span.trace,
        "id": span.id,
        **({"parentId": span.parent} if span.parent else {}),
        "name": "work",
        "timestamp": int(span.start * 1e6),
        "duration": max(1, int((span.end - span.start) * 1e6)),
        "localEndpoint": {"serviceName": span.service},
        "tags": {**span.process, **span.tags},
    }


def otlp(span: Span) -> dict[str, object]:
    return {
        "resource": {"attributes": attributes({"service.name": span.service, **span.process})},
        "scopeSpans": [
            {
                "spans": [
                    {
                        "traceId": span.trace,
                        "spanId": span.id,
                        "parentSpanId": span.parent,
                        "name": "work",
                        "kind": 2,
                        "startTimeUnixNano": str(int(span.start * 1e9)),
                        "endTimeUnixNano": str(int(span.end * 1e9)),
                        "attributes": attributes(span.tags),
                    }
                ]
            }
        ],
    }


def attributes(told: dict[str, str]) -> list[dict[str, object]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]


def post(url: str, value: object) -> None:
    request = urllib.request.Request(url, json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()
