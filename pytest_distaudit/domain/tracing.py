"""The trace that each performance of an activity begins: ids that nobody can know before the nonce is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

#: what callers write the current trace into: W3C Trace Context, Zipkin's B3 in both spellings, Jaeger's own
_HEADERS = ("traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "uber-trace-id")


def trace_of(nonce: str) -> str:
    """The trace's id: 32 hex digits."""
    return _digits(nonce)[:32]


def span_of(nonce: str) -> str:
    """The id of the audit's own span, which is not in any store: 16 hex digits."""
    return _digits(nonce)[32:48]


def trace_headers(nonce: str) -> dict[str, str]:
    """The trace, sampled, in every spelling that tracers read."""
    trace, span = trace_of(nonce), span_of(nonce)
    said = (f"00-{trace}-{span}-01", f"{trace}-{span}-1", trace, span, "1", f"{trace}:{span}:0:1")
    return dict(zip(_HEADERS, said, strict=True))


def carries_trace(headers: Iterable[str]) -> bool:
    """Whether one of these header names sets a trace."""
    return any(name.lower() in _HEADERS for name in headers)


def _digits(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
