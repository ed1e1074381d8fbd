"""Consul: presence, health, what is registered, and who looks it up; over one agent's HTTP API.

Only "lookup-times" reads a single service's entry: such reads are what proves discovery, and these are the audit's own.
They bear its mark in the agent's log, and are taken out of the agent's counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import address
from pytest_distaudit.ports.registrations import HealthCheck, Instance, Lookup, Lookups, RegisteredService, Registry
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._agreement import agreement_probe
from pytest_distaudit.systems._consul_guests import deaf_to, guests
from pytest_distaudit.systems._consul_lease import ConsulLease
from pytest_distaudit.systems._consul_members import ConsulWords, membership
from pytest_distaudit.systems._consul_monitor import listen
from pytest_distaudit.systems._consul_own import by_others
from pytest_distaudit.systems._consul_registrar import ConsulRegistrar
from pytest_distaudit.systems._consul_session import INDEX, ConsulSession, identify, started_at
from pytest_distaudit.systems._consul_times import lookup_times
from pytest_distaudit.systems._consul_words import asked_by, seconds
from pytest_distaudit.systems._consul_work import work
from pytest_distaudit.systems._knocking import knocked
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._ran import watch
from pytest_distaudit.systems._wire import without

_PRODUCT = "Consul"
_OWN = "consul"
_STATES = ("passing", "warning", "critical")
_MOST_NODES = 100
_UNHEALTHY = 429


# --- presence


def presence(session: ConsulSession, ask: Ask) -> Presence:
    """The status of the cluster, and a word that only Consul says: on itself, else on how fresh its catalog is."""
    leader = session.get("status/leader")
    if leader.status != 200 or not _is_text(leader.body):
        raise _stranger(session)
    identify(session)
    try:
        version = str(session.agent()["Config"].get("Version", ""))
        started = started_at(session.metrics())
        return Presence(up=True, product=_PRODUCT, version=version, started_at=started)
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
    catalog = session.get("catalog/services")
    known = b"ACL not found" in session.get("agent/self").body
    if INDEX not in catalog.headers and not known:
        raise _stranger(session)
    return Presence(up=True, product=_PRODUCT, authenticated=not known)


def _is_text(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), str)
    except ValueError:
        return False


def _stranger(session: ConsulSession) -> Unobservable:
    answer = session.get("status/leader")
    if answer.status in (401, 403) or 300 <= answer.status < 400 or answer.status >= 500:
        return session.refused(answer, "GET /v1/status/leader")
    heard = without(answer.text[:60], session.token)
    return Unobservable(Reason.WRONG_PRODUCT, f"what answered /v1/status/leader is not Consul: {answer.status} {heard}")


def process(session: ConsulSession, ask: Ask) -> ServerProcess:
    """Which run of which agent answers."""
    how = identify(session)
    if not how:
        because = "neither its process nor its start can be seen; set telemetry.prometheus_retention_time"
        raise Unobservable(Reason.NO_OBSERVABLE, because)
    return _local.server(session.located, session.identity, how)


# --- health


def health(session: ConsulSession, ask: Ask) -> Health:
    """Whether there is a leader, and the servers' own judgement of one another where it may be read."""
    leader = str(session.read("status/leader"))
    identify(session)
    parts = [HealthPart("leader", bool(leader), leader or "no leader"), *_servers(session)]
    broken = [part.name for part in parts if not part.healthy]
    return Health(
        healthy=not broken,
        detail=f"{', '.join(broken)} failed" if broken else "",
        parts=tuple(parts),
        way="/v1/status/leader, /v1/operator/autopilot/health",
    )


def _servers(session: ConsulSession) -> list[HealthPart]:
    answer = session.get("operator/autopilot/health")
    if answer.status not in (200, _UNHEALTHY):
        return []  # no right to it, or no leader: the other part says so
    seen = answer.decoded("GET /v1/operator/autopilot/health")
    servers = seen.get("Servers") or []
    if not servers:
        return []  # a new leader has not judged anybody yet
    return [HealthPart("autopilot", bool(seen.get("Healthy")), f"failure tolerance {seen.get('FailureTolerance')}")] + [
        HealthPart(f"server {one.get('Name')}", bool(one.get("Healthy")), str(one.get("SerfStatus", "")))
        for one in servers
    ]


# --- what is registered


def registry(session: ConsulSession, ask: Ask) -> Registry:
    """Every node's services with their checks. An empty catalog is one that the audit's token may not see."""
    names = session.read("catalog/services")
    nodes = session.read("catalog/nodes")
    if _OWN not in names or not nodes:
        because = (
            "the catalog does not even hold the registry itself: the audit's token lacks service:read or node:read"
        )
        raise Unobservable(Reason.FORBIDDEN, because)
    if len(nodes) > _MOST_NODES:
        raise Unobservable(Reason.TOO_LARGE, f"{len(nodes)} nodes are registered; {_MOST_NODES} are read")
    _whole(session)
    identify(session)
    checks = session.read("health/state/any")
    found: dict[str, list[Instance]] = {name: [] for name in names if name != _OWN}
    for node in nodes:
        entry = session.read(f"catalog/node/{quote(node['Node'], safe='')}") or {}
        for service in (entry.get("Services") or {}).values():
            if service["Service"] != _OWN:
                found.setdefault(service["Service"], []).append(_instance(node, service, checks))
    answers = knocked(session.located, session.limits, {at for each in found.values() for at in map(_place, each)})
    return Registry(
        services=tuple(
            RegisteredService(name, tuple(_answering(one, answers.get(_place(one))) for one in each))
            for name, each in sorted(found.items())
            if each
        ),
        own="{}:{}".format(*address(session.url)),
    )


def _whole(session: ConsulSession) -> None:
    """Raise forbidden if the agent itself holds more services than it shows; older ones leave out silently."""
    try:
        held = int(session.agent()["Stats"]["agent"]["services"])
    except (Unobservable, KeyError, ValueError):
        return
    shown = session.read("agent/services")
    if len(shown) < held:
        raise Unobservable(
            Reason.FORBIDDEN, f"the agent shows {len(shown)} of its {held} services to the audit's token"
        )


def _instance(node: Mapping[str, Any], service: Mapping[str, Any], checks: list[Mapping[str, Any]]) -> Instance:
    on_node = [one for one in checks if one["Node"] == node["Node"]]
    own = [one for one in on_node if one["ServiceID"] == service["ID"]]
    states = [one["Status"] for one in on_node if one["ServiceID"] in ("", service["ID"])]
    return Instance(
        id=service["ID"],
        node=node["Node"],
        address=service.get("Address") or node.get("Address", ""),
        port=service.get("Port") or 0,
        status=max(states, key=_gravity, default="passing"),
        checks=tuple(
            HealthCheck(
                name=str(one.get("Name", "")),
                manner=str(one.get("Type") or ""),
                status=one["Status"],
                asks=asked_by(one.get("Output") or ""),
                output=without(one.get("Output") or "")[:200],
            )
            for one in own
        ),
        node_address=str(node.get("Address", "")),
    )


def _gravity(state: str) -> int:
    return _STATES.index(state) if state in _STATES else len(_STATES)


def _place(instance: Instance) -> tuple[str, int]:
    return instance.address, instance.port


def _answering(instance: Instance, answers: bool | None) -> Instance:
    return replace(instance, answers=answers)


# --- who looks it up


def lookups(session: ConsulSession, ask: Ask) -> Lookups:
    """Requests by the agent's log, which tells of each when it is finished, and the agent's own count."""
    service = ask.arg("service")
    runs = watch(session.located)
    runs.wait_for(0.0)
    present, heard = guests(session), listen(session)
    identify(session)
    count = _count(session, service)
    by_name = [one for one in heard.lookups if (one.service or "").lower() in ("", service.lower())]
    if by_name:
        runs.wait_for(by_name[-1].at)
    return Lookups(
        service=service,
        listened_from=heard.since,
        seen=tuple(
            Lookup(
                service=one.service or "",
                at=one.at,
                took=one.took,
                way=one.way,
                asker=present.get(one.source, one.source),
                slept=runs.slept(one.at - one.took - heard.late, one.at),
            )
            for one in by_name
        ),
        others=len(heard.lookups) - len(by_name),
        gaps=heard.gaps,
        connected=present.names,
        deaf_to=deaf_to(session),
        counted=count and count[0],
        counted_from=count and count[1],
        way="the agent's log, as a stream",
    )


def _count(session: ConsulSession, service: str) -> tuple[int, float] | None:
    """(look-ups by others, since when) by the agent's own count; None where it keeps none.

    Only servers count, each for itself. A count is forgotten when nothing was added to it for as long
    as the agent retains counts.
    """
    metrics = session.metrics()
    started = started_at(metrics)
    if metrics is None or started is None:
        return None
    agent = session.agent()
    telemetry = agent.get("DebugConfig", {}).get("Telemetry", {})
    retained = telemetry.get("PrometheusRetentionTime") or telemetry.get("PrometheusOpts", {}).get("Expiration")
    if not agent["Config"].get("Server") or not retained:
        return None
    return by_others(session.identity, metrics, service), max(started, float(int(time.time() - seconds(str(retained)))))


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "registry": registry,
    "lookups": lookups,
    "lookup-times": lookup_times,
    "membership": membership,
    "work": work,
}

KIND = Kind(
    name="consul",
    endpoints={"url": ("http", "https"), "dns": ("dns",)},
    connect=ConsulSession,
    answers=_ANSWERS,
    lease=ConsulLease,
    probes={"agreement-probe": agreement_probe(ConsulWords)},
    registrar=ConsulRegistrar,
    # the log does not lag: this makes the idle window long enough to know what is usual
    statistics_lag_s=5.0,
)
