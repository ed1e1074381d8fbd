"""Jaeger: presence, health, and the traces it holds; over its query API, in the form of both products.

``/api`` is what both serve and what tells most; where only ``/api/v3`` is served (OTLP as JSON), that is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.telemetry import Span
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems._jaeger_v3 import StoreV3
from pytest_distaudit.systems._json_api import JsonApi, of_shape
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._spans import EACH, answer_to, nonces_in, process, taken_in, told_by

_PRODUCT = "Jaeger"
_SERVICES = "/api/services"
#: it traces itself under these names
_OWN = {"jaeger", "jaeger-all-in-one", "jaeger-query", "jaeger-collector"}
_VERSION = re.compile(r'"gitVersion":\s*"v?([^"]+)"', re.IGNORECASE)
_INGESTED = re.compile(
    r"^(?:otelcol_receiver_accepted_spans(?:_total)?|jaeger_collector_spans_received_total)(?:\{(.*)\})? (\S+)",
    re.MULTILINE,
)
_OF = re.compile(r'(?:receiver|transport)="([^"]*)"')
_MICRO = 1_000_000
_METRICS = 'declare endpoints.metrics (8888 of version 2, 14269 of version 1, with "http://host:port")'


def presence(session: JsonApi, ask: Ask) -> Presence:
    """The list of services, in a form that no other product has; else its metrics."""
    if "url" not in session.located.endpoints:
        return _by_metrics(session)
    if not _speaks_v1(session) and not _speaks_v3(session):
        raise session.stranger(session.get(_SERVICES), _SERVICES, _PRODUCT)
    page = session.get("/")
    found = _VERSION.search(page.text) if page.status == 200 else None
    session.identify()
    return Presence(up=True, product=_PRODUCT, version=found[1] if found else "")


def _by_metrics(session: JsonApi) -> Presence:
    """What can be told without the query API."""
    other = next(iter(session.located.endpoints))
    answer = session.get("/metrics", other)
    if other == "metrics" and answer.status == 200:
        if "jaeger" in answer.text or "otelcol_" in answer.text:
            return Presence(up=True, product=_PRODUCT)
        raise Unobservable(Reason.WRONG_PRODUCT, "what answered /metrics is not Jaeger")
    raise Unobservable(Reason.NO_OBSERVABLE, f'{session.located.system} declares no "url" endpoint, its query API')


def _speaks_v1(session: JsonApi) -> bool:
    answer = session.get(_SERVICES)
    if answer.status in (401, 403) or 300 <= answer.status < 400 or answer.status >= 500:
        raise session.refused(answer, f"GET {_SERVICES}")
    told = _json(session, _SERVICES)
    return isinstance(told, dict) and {"data", "total", "errors"} <= set(told)


def _speaks_v3(session: JsonApi) -> bool:
    told = _json(session, "/api/v3/services")
    return isinstance(told, dict) and (not told or isinstance(told.get("services"), list))


def _json(session: JsonApi, path: str) -> Any:
    answer = session.get(path)
    if answer.status != 200:
        return None
    try:
        return answer.decoded(f"GET {path}")
    except Unobservable:
        return None


def health(session: JsonApi, ask: Ask) -> Health:
    """Its storage answers: the list of services comes from there."""
    seen = presence(session, ask)
    parts = [HealthPart("query", seen.up, "its storage answers")]
    return Health(seen.up, "", tuple(parts), way=f"GET {_SERVICES}")


class _StoreV1:
    def __init__(self, session: JsonApi) -> None:
        self._session = session

    def services(self) -> Sequence[str]:
        return [str(name) for name in self._data(_SERVICES)]

    def by_id(self, trace: str) -> Iterator[Span]:
        answer = self._session.get(f"/api/traces/{trace}")
        if answer.status == 404 and "trace not found" in answer.text:
            return
        for one in self._data(f"/api/traces/{trace}"):
            yield from _spans(one)

    def of_service(self, service: str, since: float, until: float) -> tuple[int, Sequence[Span]]:
        asked = {"service": service, "start": int(since * _MICRO), "end": int(until * _MICRO) + 1, "limit": EACH}
        found = self._data(f"/api/traces?{urlencode(asked)}")
        return len(found), [span for one in found for span in _spans(one)]

    def _data(self, path: str) -> list[Any]:
        what = f"GET {path.partition('?')[0]}"
        told = of_shape(self._session.read(path), dict, what)
        if told.get("errors"):
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {str(told['errors'])[:200]}")
        found: list[Any] = of_shape(told.get("data") or [], list, what)
        return found


def _spans(trace: Any) -> Iterator[Span]:
    try:
        processes = trace["processes"]
        for told in trace["spans"]:
            by = processes[told["processID"]]
            tags = _tags(told.get("tags"))
            known = told_by(_tags(by.get("tags")))
            yield Span(
                trace=str(told["traceID"]).rjust(32, "0").lower(),
                span=str(told["spanID"]).rjust(16, "0").lower(),
                parent=_parent(told.get("references") or (), str(told["traceID"])),
                service=str(by["serviceName"]),
                name=str(told.get("operationName", "")),
                start=int(told["startTime"]) / _MICRO,
                duration=int(told.get("duration", 0)) / _MICRO,
                nonces=nonces_in(str(told.get("operationName", "")), tags),
                **known,
            )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"a trace that is none: {type(error).__name__}") from None


def _tags(listed: Any) -> Mapping[str, Any]:
    return {str(one.get("key")): one.get("value") for one in listed or ()}


def _parent(references: Sequence[Mapping[str, Any]], trace: str) -> str:
    """The span that this one is of, else the one that it follows, in the same trace."""
    of = [one for one in references if one.get("traceID") == trace]
    first = sorted(of, key=lambda one: one.get("refType") != "CHILD_OF")[:1]
    return str(first[0]["spanID"]).rjust(16, "0").lower() if first else ""


def _store(session: JsonApi) -> Any:
    return _StoreV1(session) if _speaks_v1(session) else StoreV3(session)


_traces = answer_to(_store, lambda name: name.lower() in _OWN)


def work(session: JsonApi, ask: Ask) -> Work:
    """Spans that were handed to it, by its own metrics."""
    presence(session, ask)
    if "metrics" not in session.located.endpoints:
        raise Unobservable(Reason.NO_OBSERVABLE, f"what it took in stands in its own metrics: {_METRICS}")
    answer = session.get("/metrics", "metrics")
    if answer.status != 200:
        raise session.refused(answer, "GET /metrics")
    counts: dict[str, int] = {}
    for labels, value in _INGESTED.findall(answer.text):
        by = _OF.search(labels)
        name = f"spans by {by[1]}" if by else "spans"
        counts[name] = counts.get(name, 0) + int(float(value))
    return taken_in(counts, _traces(session, Ask.of("traces")))


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "traces": _traces,
    "work": work,
}

KIND = Kind(
    name="jaeger",
    endpoints={"url": ("http", "https"), "metrics": ("http", "https"), "otlp": ("http", "https")},
    connect=JsonApi,
    answers=_ANSWERS,
    # tracers hand on what they saw after some seconds
    statistics_lag_s=3.5,
)
