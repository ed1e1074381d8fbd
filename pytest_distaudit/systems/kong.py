"""Kong: presence, health, its services, routes and upstreams, and what it passes on where its metrics tell it.

Made from the published Admin API; there is no package to try it on.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.fetch import Response
from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayRefusal, GatewayRoute, GatewayServer
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._gateway_doors import KNOCK, knocked_at
from pytest_distaudit.systems._kong_session import KongSession
from pytest_distaudit.systems._listener import listener_of

_COUNTED = re.compile(r"^kong_http_requests_total\{(?P<labels>[^}]*)\} (?P<times>\d+(?:\.\d+)?(?:e[+-]?\d+)?)$", re.M)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_UNCOUNTED = "answers are counted only by the plugin prometheus with status_code_metrics, at /metrics"
#: Kong's words for a target; HEALTHCHECKS_OFF is no word on health
_HEALTH = {"HEALTHY": True, "UNHEALTHY": False, "DNS_ERROR": False}
_CONDITIONS = ("headers", "snis", "sources", "destinations")
_BODY = 200


# --- presence and health


def presence(session: KongSession, ask: Ask) -> Presence:
    """The Admin API's root, which only Kong words so."""
    return Presence(up=True, product="Kong", version=str(session.node.get("version", "")))


def process(session: KongSession, ask: Ask) -> ServerProcess:
    """Which node answers, and by which processes."""
    _ = session.node
    return _local.server(session.located, session.identity, "node id and pids")


def health(session: KongSession, ask: Ask) -> Health:
    """Whether its database can be reached; without one, whether it has any configuration."""
    _ = session.node
    told = session.read("/status")
    database, loaded = told.get("database"), str(told.get("configuration_hash", ""))
    parts = []
    if isinstance(database, dict):
        parts.append(
            HealthPart("database", bool(database.get("reachable")), "" if database.get("reachable") else "gone")
        )
    if loaded:
        parts.append(HealthPart("configuration", bool(loaded.strip("0")), "" if loaded.strip("0") else "empty"))
    broken = [f"{part.name} {part.detail}" for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=tuple(parts), way="GET /status")


# --- routes and where they lead


def gateway(session: KongSession, ask: Ask) -> Gateway:
    """Services are backends; a service whose host is an upstream has that one's targets as its servers."""
    _ = session.node
    services = [one for one in session.all("/services") if one.get("enabled", True)]
    upstreams = {str(one.get("name")): _targets(session, one) for one in session.all("/upstreams")}
    counts = _counts(session)
    names = {one["id"]: _name(one) for one in services}
    seen = Gateway(
        routes=tuple(_route(one, names) for one in session.all("/routes")),
        backends=tuple(_backend(one, upstreams, counts) for one in services),
        taken_in=session.requests() if counts is None else sum(counts.values()),
        own_answers=None
        if counts is None
        else sum(times for (_, source), times in counts.items() if source != "service"),
        unseen="" if counts is not None else _UNCOUNTED,
    )
    return knocked_at(session.located, session.limits, seen) if ask.arg(KNOCK) else seen


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or entry["id"])


def _route(entry: Mapping[str, Any], services: Mapping[str, str]) -> GatewayRoute:
    leads = (entry.get("service") or {}).get("id", "")
    return GatewayRoute(
        name=_name(entry),
        # a service that is switched off is none
        to=services.get(leads, str(leads)),
        hosts=tuple(entry.get("hosts") or ()),
        paths=tuple(entry.get("paths") or ((entry["expression"],) if entry.get("expression") else ())),
        methods=tuple(entry.get("methods") or ()),
        conditions=tuple(
            f"{name}={json.dumps(entry[name], sort_keys=True)}" for name in _CONDITIONS if entry.get(name)
        ),
    )


def _backend(
    service: Mapping[str, Any],
    upstreams: Mapping[str, tuple[GatewayServer, ...]],
    counts: Mapping[tuple[str, str], int] | None,
) -> GatewayBackend:
    name, host = _name(service), str(service.get("host", ""))
    alone = (GatewayServer(name=host, address=f"{host}:{service.get('port')}"),)
    answered = None if counts is None else counts.get((name, "service"), 0)
    return GatewayBackend(name, upstreams.get(host, alone), answered)


def _targets(session: KongSession, upstream: Mapping[str, Any]) -> tuple[GatewayServer, ...]:
    """The upstream's targets with their health; without the health where this node does not know it."""
    base = f"/upstreams/{quote(str(upstream['id']), safe='')}"
    try:
        rows = session.all(f"{base}/health")
    except Unobservable as error:
        if error.reason not in (Reason.WRONG_PRODUCT, Reason.PROTOCOL_ERROR):
            raise
        rows = session.all(f"{base}/targets")  # a control plane does not balance, so it knows of no health
    return tuple(
        GatewayServer(
            name=str(one.get("target")),
            address=str(one.get("target")),
            healthy=_HEALTH.get(str(one.get("health"))),
            state=str(one.get("health") or ""),
        )
        for one in rows
        if one.get("weight", 1)
    )


def _counts(session: KongSession) -> dict[tuple[str, str], int] | None:
    """(service, who answered) -> requests; None where the node does not count them."""
    answer = session.get("/metrics")
    if answer.status != 200:
        if answer.status in (401, 403):
            raise session.refused(answer, "GET /metrics")
        return None
    if "kong_" not in answer.text:
        return None
    counts: dict[tuple[str, str], int] = {}
    for row in _COUNTED.finditer(answer.text):
        labels = dict(_LABEL.findall(row["labels"]))
        key = labels.get("service", ""), labels.get("source", "")
        counts[key] = counts.get(key, 0) + int(float(row["times"]))
    switched_on = bool(counts) or _counts_codes(session)
    return counts if switched_on else None


def _counts_codes(session: KongSession) -> bool:
    """Whether it would count answers if there were any."""
    plugins = session.all("/plugins")
    return any(
        one.get("name") == "prometheus"
        and one.get("enabled", True)
        and not one.get("service")
        and not one.get("route")
        and (one.get("config") or {}).get("status_code_metrics")
        for one in plugins
    )


# --- what it passes on


def refusal(session: KongSession, ask: Ask) -> GatewayRefusal:
    """A path that cannot exist; Kong says in headers whether it asked a server."""
    answer = session.through(f"/distaudit-{secrets.token_hex(16)}")
    return GatewayRefusal(answer.status, own=_own(answer), body=answer.text[:_BODY])


def _own(answer: Response) -> bool | None:
    """Whether Kong answered without a server. Its headers can be switched off, its words where no route is cannot."""
    if "x-kong-upstream-latency" in answer.headers:
        return False
    worded = answer.status == 404 and "no Route matched with those values" in answer.text
    return True if worded or "x-kong-response-latency" in answer.headers else None


def work(session: KongSession, ask: Ask) -> Work:
    """Requests by service where they are counted; else those of all listeners, without the audit's own."""
    _ = session.node
    counts = _counts(session)
    if counts is None:
        return Work(counts={"requests": session.requests()}, way="GET /status")
    told = {f"{service or 'no service'} answered by {by}": times for (service, by), times in counts.items()}
    return Work(counts=dict(sorted(told.items())), way="GET /metrics")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http", "admin": "http"}),
    "process": process,
    "gateway": gateway,
    "gateway-refusal": refusal,
    "work": work,
}

KIND = Kind(
    name="kong",
    endpoints={"url": ("http", "https"), "admin": ("http", "https")},
    connect=KongSession,
    answers=_ANSWERS,
    # workers share their metrics once a second
    statistics_lag_s=1.0,
)
