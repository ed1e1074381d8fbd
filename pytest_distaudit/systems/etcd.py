"""etcd: presence, health, membership, work; one member each, over its JSON gateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.clusters import Member, Membership
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._agreement import agreement_probe
from pytest_distaudit.systems._etcd_lease import EtcdLease
from pytest_distaudit.systems._etcd_probe import EtcdWords
from pytest_distaudit.systems._etcd_session import CALLED, EtcdSession, identify, key, plain, refused, started_at
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._nonces import nonces_in

_PRODUCT = "etcd"
_CALLS = re.compile(r"^grpc_server_msg_received_total\{([^}]*)\} (\S+)$", re.MULTILINE)
_METHOD, _SERVICE = re.compile(r'grpc_method="(\w+)"'), re.compile(r'grpc_service="([\w.]+)"')
_HAS_LEADER = re.compile(r"^etcd_server_has_leader (\S+)$", re.MULTILINE)
#: what clients ask for; heartbeats of leases come by themselves
_SERVICES = {"etcdserverpb.KV", "etcdserverpb.Watch", "etcdserverpb.Lease", "v3lockpb.Lock", "v3electionpb.Election"}
_HEARTBEATS = {"LeaseKeepAlive"}
_MOST_KEYS = 1000


# --- presence


def presence(session: EtcdSession, ask: Ask) -> Presence:
    """Its version, which only etcd tells so; then its word on itself, where it gives one."""
    version, metrics = session.version(), session.metrics()
    authenticated = True
    try:
        identify(session, _own(session.status()), metrics)
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        authenticated = False
    return Presence(
        up=True, product=_PRODUCT, version=version, authenticated=authenticated, started_at=started_at(metrics)
    )


def _own(told: Mapping[str, Any]) -> str:
    """The id of the member that answered."""
    return str(told["header"].get("member_id", ""))


def process(session: EtcdSession, ask: Ask) -> ServerProcess:
    """Which run of which member answers."""
    how = identify(session, _own(session.status()), session.metrics())
    if not how:
        raise Unobservable(Reason.NO_OBSERVABLE, "the member does not show its start: serve /metrics to the audit")
    return _local.server(session.located, session.identity, how)


# --- health


def health(session: EtcdSession, ask: Ask) -> Health:
    """The member's own read with a quorum, and what it reports as wrong."""
    answer = session.get("/health")
    if answer.status not in (200, 503):
        raise refused(answer, "GET /health")
    said = answer.decoded("GET /health")
    if not isinstance(said, dict) or said.get("health") not in ("true", "false"):
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /health: neither true nor false")
    parts = [HealthPart("quorum", said["health"] == "true", str(said.get("reason", "")))]
    parts += [HealthPart("errors", False, str(one)) for one in session.status().get("errors", ())]
    broken = [f"{part.name} {part.detail}".strip() for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=tuple(parts), way="GET /health")


# --- the cluster


def membership(session: EtcdSession, ask: Ask) -> Membership:
    """The list of members, and where this one stands."""
    told = session.status()
    members = session.call("cluster/member/list", {}).get("members")
    if not isinstance(members, list) or not members:
        raise Unobservable(Reason.PROTOCOL_ERROR, "the list of members is empty, and this one is not in it")
    identify(session, _own(told), session.metrics())
    leader = str(told.get("leader", "0"))
    rows = tuple(_member(row, leader) for row in members)
    votes = sum(member.votes for member in rows)
    health = session.get("/health")
    works = health.status == 200
    return Membership(
        cluster=str(told["header"].get("cluster_id", "")),
        own=_own(told),
        members=rows,
        leaders=() if leader == "0" else (leader,),
        term=int(told.get("raftTerm", 0)),
        quorum=votes // 2 + 1,
        works=works,
        trouble="" if works else f"GET /health: {health.status}",
        position=int(told.get("raftAppliedIndex", told.get("raftIndex", 0))),
        way="member list, status",
    )


def _member(row: Mapping[str, Any], leader: str) -> Member:
    own, learner = str(row["ID"]), bool(row.get("isLearner"))
    urls = row.get("clientURLs") or row.get("peerURLs") or [""]
    role = "learner" if learner else "leader" if own == leader else "follower"
    return Member(own, str(row.get("name", "")), urlsplit(str(urls[0])).netloc, role, votes=not learner)


# --- work


def work(session: EtcdSession, ask: Ask) -> Work:
    """The revision, which grows by writes alone, and calls by clients where the member counts them."""
    told = session.status()
    identify(session, _own(told), session.metrics())
    nonces, metrics = _nonces(session), session.metrics()
    counts = {"revision": int(told["header"].get("revision", 0))}
    if metrics is None:
        return Work(counts, nonces, unseen="reads and watches: the member shows no /metrics", way="revision")
    for labels, value in _CALLS.findall(metrics):
        service, method = _SERVICE.search(labels), _METHOD.search(labels)
        if service and method and service[1] in _SERVICES and method[1] not in _HEARTBEATS:
            own = CALLED[session.identity, method[1]]
            if counted := round(float(value)) - own:
                counts[method[1]] = counted
    return Work(counts, nonces, way="revision, /metrics")


def _nonces(session: EtcdSession) -> tuple[str, ...] | None:
    """Nonces in keys; None where keys may not be read, are too many, or hold none: values are not read."""
    everything = {"key": key("\0"), "range_end": key("\0"), "keys_only": True, "serializable": True}
    try:
        CALLED[session.identity, "Range"] += 1
        told = session.call("kv/range", {**everything, "limit": _MOST_KEYS})
    except Unobservable:
        return None
    found = nonces_in(plain(row.get("key", "")) for row in told.get("kvs", ()))
    return found or None


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http", "peer": "http"}),
    "process": process,
    "membership": membership,
    "work": work,
}

KIND = Kind(
    name="etcd",
    endpoints={"url": ("http", "https"), "peer": ("http", "https")},
    connect=EtcdSession,
    answers=_ANSWERS,
    lease=EtcdLease,
    probes={"agreement-probe": agreement_probe(EtcdWords)},
    only_answers=True,
)
