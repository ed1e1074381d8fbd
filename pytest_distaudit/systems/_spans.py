"""What stores of traces have in common: windows, waiting, and what a span's attributes tell of its process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import ServerProcess
from pytest_distaudit.ports.telemetry import Span, Traces
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._json_api import JsonApi

#: seconds that count as recent where the ask does not say
WINDOW_S = 300.0
#: traces that are read of each service, services that are asked for
EACH, _MOST_SERVICES = 50, 100
_MOST_SPANS = 5000
_NONCE = re.compile(r"distaudit-[0-9a-f]{32}")
_INSTANCE = ("service.instance.id", "client-uuid")
_HOST = ("host.name", "host.id", "container.id", "k8s.pod.uid", "hostname", "ip")
_PID = ("process.pid", "pid")


class Store(Protocol):
    """How one product is asked for traces."""

    def services(self) -> Sequence[str]:
        """All that are listed."""

    def by_id(self, trace: str) -> Iterable[Span]:
        """The spans of a trace, none where there is none."""

    def of_service(self, service: str, since: float, until: float) -> tuple[int, Iterable[Span]]:
        """(how many traces, their spans) of the window."""


def answer_to(store_of: Callable[[JsonApi], Store], is_own: Callable[[str], bool]) -> Callable[[Any, Ask], Traces]:
    """The answer to ``traces`` of a kind whose sessions ``store_of`` makes a store of."""

    def traces(session: JsonApi, ask: Ask) -> Traces:
        _wait(session, ask)
        store = store_of(session)
        services = tuple(sorted(store.services()))
        own = tuple(name for name in services if is_own(name))
        session.identify()
        if wanted := ask.arg("ids"):
            found = tuple(span for trace in wanted.split(",") for span in store.by_id(trace))
            return Traces(services, _bounded(found), own=own)
        return _window(store, ask, services, own)

    return traces


def taken_in(counts: dict[str, int], recent: Traces) -> Work:
    """The work of a store of traces: what its own metrics count, and the nonces of what it holds."""
    nonces = tuple(sorted({nonce for span in recent.spans for nonce in span.nonces}))
    return Work(counts, nonces, unseen="being asked for traces", way="GET /metrics")


def _window(store: Store, ask: Ask, services: tuple[str, ...], own: tuple[str, ...]) -> Traces:
    until = float(ask.arg("until") or time.time())
    since = float(ask.arg("since") or until - float(ask.arg("window") or WINDOW_S))
    if len(services) > _MOST_SERVICES:
        raise Unobservable(Reason.TOO_LARGE, f"{len(services)} services; {_MOST_SERVICES} are asked for")
    spans: dict[tuple[str, str, str], Span] = {}
    recent, whole = [], True
    for service in services:
        if service in own:
            continue
        many, found = store.of_service(service, since, until)
        kept = [span for span in found if since <= span.start <= until]
        if any(span.service.lower() == service.lower() for span in kept):
            recent.append(service)
        whole = whole and many < EACH
        spans.update({(span.trace, span.span, span.service): span for span in kept})
    return Traces(services, _bounded(tuple(spans.values())), tuple(recent), own, whole)


def _bounded(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    if len(spans) > _MOST_SPANS:
        raise Unobservable(Reason.TOO_LARGE, f"{len(spans)} spans; {_MOST_SPANS} are read")
    return tuple(sorted(spans, key=lambda span: (span.start, span.span)))


def _wait(session: JsonApi, ask: Ask) -> None:
    """Not before the moment that the ask names, as far as a look may last."""
    left = float(ask.arg("after") or 0.0) - time.time()
    if left > 0:
        time.sleep(min(left, max(0.0, session.limits.look_s - session.limits.ask_s)))


def process(session: JsonApi, ask: Ask) -> ServerProcess:
    """Which run of which process answers."""
    how = session.identify()
    if not how:
        raise Unobservable(Reason.NO_OBSERVABLE, "its process cannot be seen from here")
    return _local.server(session.located, session.identity, how)


def told_by(attributes: Mapping[str, Any]) -> dict[str, str]:
    """``instance``, ``host`` and ``pid`` of the process, as far as the attributes tell them."""
    return {
        "instance": _first(attributes, _INSTANCE),
        "host": _first(attributes, _HOST),
        "pid": _first(attributes, _PID),
    }


def _first(attributes: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((str(attributes[name])[:100] for name in names if attributes.get(name) not in (None, "")), "")


def nonces_in(name: str, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The audit's nonces in a span's name and attributes."""
    return tuple(sorted(set(_NONCE.findall(" ".join((name, *map(str, attributes.values())))))))
