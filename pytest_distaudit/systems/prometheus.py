"""Prometheus: presence, health, what it scrapes and how that went; over its HTTP API.

Samples are read by federation, and targets by their list, so that no query of the audit moves the counters of queries.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import address
from pytest_distaudit.ports.telemetry import Scrape, Scrapes
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._json_api import JsonApi, of_shape
from pytest_distaudit.systems._listener import listener_of

_PRODUCT = "Prometheus"
_BUILD = "/api/v1/status/buildinfo"
_TARGETS = "/api/v1/targets?state=active"
_SAMPLES = "/federate?match[]=" + quote("scrape_samples_scraped")
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_QUERIES = re.compile(r"/api/v1/(query|series|label|read)")
_TIME = re.compile(r"(\d+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
#: before the first scrape it says the year 1
_NEVER = "0001-"
_MOST = 5000


def presence(session: JsonApi, ask: Ask) -> Presence:
    """Its build, which only it tells in this form; turned away, its own word on its health."""
    answer = session.get(_BUILD)
    if answer.status in (401, 403):
        raise session.refused(answer, f"GET {_BUILD}")
    if answer.status != 200:
        raise session.stranger(answer, _BUILD, _PRODUCT)
    told = answer.decoded(f"GET {_BUILD}")
    build = told.get("data") if isinstance(told, dict) else None
    if not isinstance(build, dict) or "version" not in build or "goVersion" not in build:
        raise session.stranger(answer, _BUILD, _PRODUCT)
    session.identify()
    return Presence(up=True, product=_PRODUCT, version=str(build["version"]))


def health(session: JsonApi, ask: Ask) -> Health:
    """Ready once its log has been replayed; a configuration that could not be loaded is said beside it."""
    presence(session, ask)
    ready = session.get("/-/ready")
    running = session.get("/api/v1/status/runtimeinfo")
    parts = [HealthPart("ready", ready.status == 200, f"{ready.status} {ready.text.strip()[:80]}")]
    if running.status == 200:
        told = _data(session, "/api/v1/status/runtimeinfo")
        loaded = bool(told.get("reloadConfigSuccess", True))
        parts.append(HealthPart("configuration", loaded, "" if loaded else "the last reload failed"))
    broken = [part.name for part in parts if not part.healthy]
    told_broken = f"{', '.join(broken)} failed" if broken else ""
    return Health(not broken, told_broken, tuple(parts), way="/-/ready, /api/v1/status/runtimeinfo")


def process(session: JsonApi, ask: Ask) -> ServerProcess:
    """Which run of which process answers."""
    how = session.identify()
    if not how:
        raise Unobservable(Reason.NO_OBSERVABLE, "its process cannot be seen from here")
    return _local.server(session.located, session.identity, how)


def _data(session: JsonApi, path: str) -> Mapping[str, Any]:
    what = f"GET {path.partition('?')[0]}"
    told = of_shape(session.read(path), dict, what)
    if told.get("status") != "success":
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {told.get('status')} {str(told.get('error'))[:100]}")
    found: Mapping[str, Any] = of_shape(told.get("data"), dict, what)
    return found


def scrapes(session: JsonApi, ask: Ask) -> Scrapes:
    """Every active target with its last scrape."""
    what = "GET /api/v1/targets"
    targets = of_shape(_data(session, _TARGETS).get("activeTargets"), list, what)
    if len(targets) > _MOST:
        raise Unobservable(Reason.TOO_LARGE, f"{len(targets)} targets; {_MOST} are read")
    now = _server_time(session)
    samples = _samples(session)
    session.identify()
    found = tuple(_scrape(of_shape(one, dict, what), now, samples) for one in targets)
    return Scrapes(found, own=("{}:{}".format(*address(session.located.endpoints["url"])),))


def _scrape(told: Mapping[str, Any], now: float, samples: Mapping[tuple[str, str], int] | None) -> Scrape:
    try:
        labels = of_shape(told["labels"], dict, "labels")
        parts = urlsplit(str(told["scrapeUrl"]))
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        last, health_ = str(told["lastScrape"]), str(told["health"])
    except (KeyError, ValueError) as error:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"GET /api/v1/targets: a target without {error}") from None
    job = str(labels.get("job", ""))
    return Scrape(
        job=job,
        host=host,
        port=port,
        path=parts.path,
        health=health_,
        age=None if last.startswith(_NEVER) else max(0.0, now - _moment(last)),
        every=_seconds(str(told.get("scrapeInterval", ""))),
        error=str(told.get("lastError") or "")[:200],
        samples=None if samples is None else samples.get((job, str(labels.get("instance", ""))), 0),
    )


def _server_time(session: JsonApi) -> float:
    """What its own clock said when it told the targets; its times are by that clock."""
    try:
        return parsedate_to_datetime(session.get(_TARGETS).headers["date"]).timestamp() + 1.0
    except (KeyError, ValueError):
        return time.time()


def _samples(session: JsonApi) -> Mapping[tuple[str, str], int] | None:
    """(job, instance) -> samples of the last scrape; None where federation is not allowed."""
    answer = session.get(_SAMPLES)
    if answer.status != 200:
        return None
    found = {}
    for _, labels, value in _lines(answer.text):
        found[labels.get("job", ""), labels.get("instance", "")] = int(float(value))
    return found


def _lines(text: str) -> Iterator[tuple[str, Mapping[str, str], str]]:
    for name, labels, value in _SAMPLE.findall(text):
        yield name, dict(_LABEL.findall(labels)), value


def _moment(text: str) -> float:
    """Epoch seconds of RFC 3339 with nanoseconds."""
    head, _, rest = text.partition(".")
    zone = re.search(r"(Z|[+-]\d\d:\d\d)$", text)
    try:
        base = datetime.fromisoformat(head if rest else text.replace("Z", "+00:00"))
        if rest and zone:
            digits = rest[: -len(zone[1])]
            base = datetime.fromisoformat(f"{head}.{digits[:6]:0<6}{zone[1].replace('Z', '+00:00')}")
        return base.replace(tzinfo=base.tzinfo or UTC).timestamp()
    except ValueError:
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /api/v1/targets: lastScrape is no time") from None


def _seconds(text: str) -> float | None:
    parts = _TIME.findall(text)
    return sum(int(number) * _SECONDS[unit] for number, unit in parts) if parts else None


def work(session: JsonApi, ask: Ask) -> Work:
    """Queries of others by handler. Scraping goes on whether or not anybody reads, so that samples tell nothing."""
    presence(session, ask)
    answer = session.get("/metrics")
    if answer.status != 200:
        raise session.refused(answer, "GET /metrics")
    counts: dict[str, int] = {}
    for name, labels, value in _lines(answer.text):
        handler = labels.get("handler", "")
        if name == "prometheus_http_requests_total" and _QUERIES.match(handler):
            counts[handler] = counts.get(handler, 0) + int(float(value))
    if "prometheus_http_requests_total" not in answer.text:
        raise Unobservable(Reason.NO_OBSERVABLE, "GET /metrics does not hold its own counters of requests")
    return Work(counts, unseen="rules that it evaluates and what it writes elsewhere", way="GET /metrics")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "scrapes": scrapes,
    "work": work,
}

KIND = Kind(name="prometheus", endpoints={"url": ("http", "https")}, connect=JsonApi, answers=_ANSWERS)
