"""Jaeger's query API v3: OTLP as JSON, ids in hex or in base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.telemetry import Span
from pytest_distaudit.systems._json_api import JsonApi, of_shape
from pytest_distaudit.systems._spans import EACH, nonces_in, told_by

_HEX = re.compile(r"[0-9a-fA-F]+")
_NANO = 1_000_000_000
_SERVICES = "/api/v3/services"
_TRACES = "/api/v3/traces"


class StoreV3:
    """What version 3 tells of services and traces."""

    def __init__(self, session: JsonApi) -> None:
        self._session = session

    def services(self) -> Sequence[str]:
        """All that are listed; an empty list is left out."""
        told = of_shape(self._session.read(_SERVICES), dict, f"GET {_SERVICES}")
        return [str(name) for name in of_shape(told.get("services") or [], list, f"GET {_SERVICES}")]

    def by_id(self, trace: str) -> Iterator[Span]:
        """The spans of one trace."""
        return self._read(f"{_TRACES}/{trace}")

    def of_service(self, service: str, since: float, until: float) -> tuple[int, Sequence[Span]]:
        """(how many traces, their spans) of the window."""
        asked = {
            "query.service_name": service,
            "query.start_time_min": _written(since),
            "query.start_time_max": _written(until + 0.001),
            "query.num_traces": EACH,
        }
        found = list(self._read(f"{_TRACES}?{urlencode(asked)}"))
        return len({span.trace for span in found}), found

    def _read(self, path: str) -> Iterator[Span]:
        answer, what = self._session.get(path), f"GET {_TRACES}"
        if answer.status == 404 and ("No traces found" in answer.text or "trace not found" in answer.text):
            return
        if answer.status != 200:
            raise self._session.refused(answer, what)
        told = of_shape(answer.decoded(what), dict, what)
        try:
            for resource in told["result"]["resourceSpans"]:
                yield from _spans(resource)
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: no OTLP ({type(error).__name__})") from None


def _spans(resource: Mapping[str, Any]) -> Iterator[Span]:
    about = _attributes(resource.get("resource", {}).get("attributes"))
    for scope in resource.get("scopeSpans", ()):
        for told in scope.get("spans", ()):
            attributes, start = _attributes(told.get("attributes")), int(told.get("startTimeUnixNano", 0))
            name = str(told.get("name", ""))
            yield Span(
                trace=_id(told["traceId"], 32),
                span=_id(told["spanId"], 16),
                parent=_id(told.get("parentSpanId") or "", 16),
                service=str(about.get("service.name", "")),
                name=name,
                start=start / _NANO,
                duration=max(0, int(told.get("endTimeUnixNano", start)) - start) / _NANO,
                nonces=nonces_in(name, attributes),
                **told_by(about),
            )


def _attributes(listed: Any) -> Mapping[str, Any]:
    return {str(one["key"]): next(iter((one.get("value") or {}).values()), "") for one in listed or ()}


def _id(text: str, digits: int) -> str:
    if not text:
        return ""
    found = (
        text.lower() if len(text) == digits and _HEX.fullmatch(text) else base64.b64decode(text, validate=True).hex()
    )
    return "" if not found.strip("0") else found


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
