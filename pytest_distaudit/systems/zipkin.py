"""Zipkin: presence, health, and the traces it holds; over its API v2."""

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
from pytest_distaudit.systems._json_api import JsonApi, of_shape
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._spans import EACH, answer_to, nonces_in, process, taken_in, told_by

_PRODUCT = "Zipkin"
_OWN = "zipkin-server"
_SERVICES = "/api/v2/services"
_SPANS = re.compile(r"counter\.zipkin_collector\.spans\.(\w+)")
_MICRO = 1_000_000


def presence(session: JsonApi, ask: Ask) -> Presence:
    """Its version; where that page is not served, its own word on its health."""
    told = session.get("/info")
    if told.status == 200 and isinstance(found := told.decoded("GET /info"), dict):
        about = found.get("zipkin")
        if isinstance(about, dict) and "version" in about:
            session.identify()
            return Presence(up=True, product=_PRODUCT, version=str(about["version"]))
    if told.status in (401, 403):
        raise session.refused(told, "GET /info")
    if told.status in (200, 404) and _health(session) is not None:
        session.identify()
        return Presence(up=True, product=_PRODUCT)
    raise session.stranger(told, "/info", _PRODUCT)


def _health(session: JsonApi) -> Mapping[str, Any] | None:
    """Its own word on itself; None if something else answers there."""
    answer = session.get("/health")
    if answer.status not in (200, 503):
        return None
    try:
        told = answer.decoded("GET /health")
    except Unobservable:
        return None
    return told if isinstance(told, dict) and isinstance(told.get("zipkin"), dict) else None


def health(session: JsonApi, ask: Ask) -> Health:
    """Up, and its storage answers."""
    presence(session, ask)
    told = _health(session)
    if told is None:
        raise session.refused(session.get("/health"), "GET /health")
    details = told["zipkin"].get("details") or {}
    parts = tuple(
        HealthPart(str(name), isinstance(part, dict) and part.get("status") == "UP", "")
        for name, part in (details.items() if isinstance(details, dict) else ())
    )
    broken = [part.name for part in parts if not part.healthy]
    healthy = told.get("status") == "UP" and not broken
    failed = f"{', '.join(broken)} failed" if broken else f"it is {told.get('status')}"
    return Health(healthy, "" if healthy else failed, parts, way="GET /health")


class _Store:
    def __init__(self, session: JsonApi) -> None:
        self._session = session

    def services(self) -> Sequence[str]:
        found = of_shape(self._session.read(_SERVICES), list, f"GET {_SERVICES}")
        return [str(name) for name in found]

    def by_id(self, trace: str) -> Iterator[Span]:
        path = f"/api/v2/trace/{trace}"
        answer = self._session.get(path)
        if answer.status == 404 and trace in answer.text:
            return
        if answer.status != 200:
            raise self._session.refused(answer, "GET /api/v2/trace")
        yield from (_span(one) for one in of_shape(answer.decoded("GET /api/v2/trace"), list, "GET /api/v2/trace"))

    def of_service(self, service: str, since: float, until: float) -> tuple[int, Sequence[Span]]:
        asked = {
            "serviceName": service,
            "endTs": int(until * 1000) + 1,
            "lookback": max(1, int((until - since) * 1000) + 1),
            "limit": EACH,
        }
        found = of_shape(self._session.read(f"/api/v2/traces?{urlencode(asked)}"), list, "GET /api/v2/traces")
        return len(found), [_span(one) for trace in found for one in of_shape(trace, list, "GET /api/v2/traces")]


def _span(told: Any) -> Span:
    try:
        endpoint, tags = told.get("localEndpoint") or {}, told.get("tags") or {}
        known = told_by(tags)
        place = str(endpoint.get("ipv4") or endpoint.get("ipv6") or "")
        name = str(told.get("name", ""))
        return Span(
            trace=str(told["traceId"]).lower(),
            span=str(told["id"]).lower(),
            parent=str(told.get("parentId") or "").lower(),
            service=str(endpoint.get("serviceName", "")),
            name=name,
            start=int(told.get("timestamp") or 0) / _MICRO,
            duration=int(told.get("duration") or 0) / _MICRO,
            instance=known["instance"] or (f"{place}:{endpoint['port']}" if place and endpoint.get("port") else ""),
            host=known["host"] or place,
            pid=known["pid"],
            nonces=nonces_in(name, tags),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"a span that is none: {type(error).__name__}") from None


_traces = answer_to(_Store, lambda name: name.lower() == _OWN)


def work(session: JsonApi, ask: Ask) -> Work:
    """Spans that were handed to it, by transport."""
    presence(session, ask)
    answer = session.get("/metrics")
    if answer.status != 200:
        raise session.refused(answer, "GET /metrics")
    told = of_shape(answer.decoded("GET /metrics"), dict, "GET /metrics")
    counts = {f"spans by {found[1]}": int(told[name]) for name in told if (found := _SPANS.fullmatch(str(name)))}
    if not counts:
        raise Unobservable(Reason.NO_OBSERVABLE, "GET /metrics holds no counter of its collector")
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
    name="zipkin",
    endpoints={"url": ("http", "https")},
    connect=JsonApi,
    answers=_ANSWERS,
    # tracers hand on what they saw after some seconds
    statistics_lag_s=3.5,
)
