"""Traces by OpenTelemetry: one request is one trace, through the queue and through every service that it comes by.

Where OTEL_EXPORTER_OTLP_ENDPOINT names no store of traces, nothing is traced and OpenTelemetry need not be installed.
Spans wait in memory and a thread beside hands them over: a store that is slow or away costs spans, never an answer.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

STORE = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
QUIET = {"/live", "/health", "/metrics"}  # asked by whoever watches, all the time
MOST = 2048  # spans that wait; more are dropped
PATIENCE = 2  # seconds for the store to take what it is handed, also when the process ends

_tracer: Any = None


def start(service: str, instance: str) -> None:
    """Trace from now on, as this service, if there is a store. Nobody connects to it yet."""
    global _tracer
    if not STORE or _tracer is not None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {"service.name": service, "service.instance.id": instance}
    process = {"host.name": socket.gethostname(), "process.pid": os.getpid()}
    provider = TracerProvider(resource=Resource.create({**about, **process}))
    exporter = OTLPSpanExporter(timeout=PATIENCE)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=MOST, schedule_delay_millis=500))
    _tracer = provider.get_tracer(service)


@contextmanager
def span(name: str, headers: Mapping[str, Any] | None) -> Iterator[None]:
    """What is done within is one span: of the trace that the headers tell, else of a new one."""
    if _tracer is None:
        yield
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    with _tracer.start_as_current_span(name, TraceContextTextMapPropagator().extract(headers or {})):
        yield


def handed_on() -> dict[str, str]:
    """The headers by which whoever is asked next belongs to the same trace."""
    told: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(told)
    return told
