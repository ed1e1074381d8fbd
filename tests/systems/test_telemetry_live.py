"""What a tracer of others hands to Jaeger is read the same over both versions of its API."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.tracing import trace_headers, trace_of
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems._jaeger_v3 import StoreV3
from pytest_distaudit.systems._json_api import JsonApi
from pytest_distaudit.systems.jaeger import KIND
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["jaeger"].missing()
pytestmark = [pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

NONCE = "distaudit-" + "7" * 32
ABOUT = {"service.name": "front", "host.name": "here", "process.pid": 77, "service.instance.id": "one"}


def report(otlp: str) -> None:
    """A request as the OpenTelemetry SDK traces it: a span of the audit's trace, and one below it."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    provider = TracerProvider(resource=Resource(ABOUT))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{otlp}/v1/traces")))
    tracer = provider.get_tracer("it")
    context = TraceContextTextMapPropagator().extract(trace_headers(NONCE))
    asked = {"url.query": f"n={NONCE}"}
    with tracer.start_as_current_span("GET /", context, attributes=asked), tracer.start_as_current_span("below"):
        pass
    provider.shutdown()


def test_spans_of_the_sdk(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with Room(tmp_path, '[targets.it.systems.store]\nkind = "jaeger"\nnative = {}\n') as room:
        located = room.located["store"]
        report(located.endpoints["otlp"])
        session = KIND.connect(located, Limits())
        told = KIND.answers["traces"](session, Ask.of("traces", ids=trace_of(NONCE)))
        newer = sorted(StoreV3(JsonApi(located, Limits())).by_id(trace_of(NONCE)), key=lambda span: span.start)
        assert list(StoreV3(JsonApi(located, Limits())).by_id("0" * 31 + "1")) == []
        window = KIND.answers["traces"](session, Ask.of("traces"))
        counts = KIND.answers["work"](session, Ask.of("work"))
    above, below = told.spans
    assert (above.service, above.host, above.pid, above.instance) == ("front", "here", "77", "one")
    assert (above.nonces, below.parent) == ((NONCE,), above.span)
    assert [(one.span, one.parent, one.nonces, one.pid) for one in newer] == [
        (one.span, one.parent, one.nonces, one.pid) for one in told.spans
    ]
    assert (window.services, window.recent, len(window.spans)) == (("front",), ("front",), 2)
    assert (sum(counts.counts.values()), counts.nonces) == (2, (NONCE,))
