"""RabbitMQ: presence, health, queues; over AMQP, over the management API, or both."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import (
    Consumer,
    Health,
    HealthPart,
    Presence,
    Queue,
    Queues,
    ServerProcess,
)
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._amqp import AmqpConversation, Closed
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._rabbit_members import membership
from pytest_distaudit.systems._rabbit_session import RabbitSession, identify, refused, started_at
from pytest_distaudit.systems._rabbit_streams import stream, stream_tail
from pytest_distaudit.systems._rabbit_work import work
from pytest_distaudit.systems._wire import without

_PRODUCT = "RabbitMQ"
_CHECKS = ("alarms", "local-alarms", "virtual-hosts", "node-is-quorum-critical")
_NAMED_BY_BROKER = re.compile(r"amq\.gen-")
_OWN_PREFIX = "distaudit-"

_ACCESS_REFUSED, _NOT_FOUND, _RESOURCE_LOCKED, _NOT_ALLOWED = 403, 404, 405, 530


# --- presence


def presence(session: RabbitSession, ask: Ask) -> Presence:
    """AMQP's own greeting where that endpoint is declared, the management API's summary where that is."""
    version, authenticated, started = "", True, None
    if session.amqp is not None:
        version, authenticated = _greeted(session, login=session.management is None)
    if session.management is not None:
        try:
            version = session.overview()["rabbitmq_version"]
            node = session.node()
            started = started_at(node) if node else None
        except Unobservable as error:
            if error.reason is not Reason.FORBIDDEN or not _is_management(session):
                raise
            authenticated = False
    identify(session)
    return Presence(up=True, product=_PRODUCT, version=version, authenticated=authenticated, started_at=started)


def _greeted(session: RabbitSession, login: bool) -> tuple[str, bool]:
    """(version, whether the login worked) by the AMQP handshake."""
    session.ways.append("AMQP Connection.Start")
    with AmqpConversation(session.amqp or "", session.limits) as talk:
        product = str(talk.server.get("product", ""))
        if product != _PRODUCT:
            heard = without(product) or "a broker without a name"
            raise Unobservable(Reason.WRONG_PRODUCT, f"what answered AMQP is not RabbitMQ: it is {heard}")
        if login:
            try:
                talk.login(session.vhost(Ask("presence")))
            except Closed as closed:
                if closed.code != _ACCESS_REFUSED:
                    return str(talk.server.get("version", "")), True
                return str(talk.server.get("version", "")), False
        return str(talk.server.get("version", "")), True


def _is_management(session: RabbitSession) -> bool:
    """Whether the refusal was RabbitMQ's, or AMQP has already shown who this is."""
    if session.amqp is not None:
        return True
    answer = session.get("overview")
    return "RabbitMQ" in answer.headers.get("www-authenticate", "") or b'"not_authori' in answer.body


def process(session: RabbitSession, ask: Ask) -> ServerProcess:
    """Which run of which node answers."""
    how = identify(session)
    if not how:
        raise Unobservable(
            Reason.FORBIDDEN if session.management else Reason.NO_OBSERVABLE,
            "the node's pid and uptime cannot be read; give the audit's user the tag monitoring",
        )
    return _local.server(session.located, session.identity, how)


# --- health


def health(session: RabbitSession, ask: Ask) -> Health:
    """The broker's own checks; those that this version does not know are left out."""
    session.overview()
    identify(session)
    parts = []
    for name in _CHECKS:
        answer = session.get(f"health/checks/{name}")
        if answer.status == 404:
            continue
        if answer.status not in (200, 503):
            raise refused(answer, f"GET /api/health/checks/{name}")
        said = answer.decoded(f"GET /api/health/checks/{name}")
        reason = str(said.get("reason", "")) if isinstance(said, dict) else ""
        parts.append(HealthPart(name, answer.status == 200, without(reason)))
    if not parts:
        raise Unobservable(Reason.UNSUPPORTED_VERSION, "the broker knows none of the health checks (RabbitMQ 3.8+)")
    broken = [part.name for part in parts if not part.healthy]
    return Health(
        healthy=not broken,
        detail=f"{', '.join(broken)} failed" if broken else "",
        parts=tuple(parts),
        way="/api/health/checks",
    )


# --- queues


def queue(session: RabbitSession, ask: Ask) -> Queue:
    """One queue. Counts come from a passive declaration where AMQP is declared: they never lag."""
    name, vhost = ask.arg("name"), session.vhost(ask)
    identify(session)
    known = _known(session, name, vhost)
    if session.amqp is not None:
        counts = _declared(session, name, vhost)
        # a queue that the statistics do not list yet is told by its declaration alone
        known = None if counts is None else {**(known or {}), **counts}
    if known is None:
        return Queue(name=name, exists=False, vhost=vhost)
    return Queue(**{"name": name, "vhost": vhost, "exists": True, **known})


def _known(session: RabbitSession, name: str, vhost: str) -> dict[str, Any] | None:
    """What the management API says, where it may be asked; without AMQP it has to say something."""
    try:
        return _managed(session, name, vhost)
    except Unobservable as error:
        if session.amqp is None or error.reason not in (Reason.NO_OBSERVABLE, Reason.FORBIDDEN):
            raise
        return {}


def _managed(session: RabbitSession, name: str, vhost: str) -> dict[str, Any] | None:
    """The management API's facts as fields of Queue; None if there is no such queue."""
    path = f"queues/{quote(vhost, safe='')}/{quote(name, safe='')}"
    answer = session.get(path)
    if answer.status == 404:
        # only a virtual host that can be read knows what it does not hold
        if session.get(f"queues/{quote(vhost, safe='')}?columns=name").status == 404:
            raise _no_vhost(vhost)
        session.read(f"queues/{quote(vhost, safe='')}?columns=name")
        return None
    seen = session.read(path)
    stats = _statistics(session, seen)
    return {
        "state": str(seen.get("state") or ""),
        "durable": seen.get("durable"),
        "exclusive": seen.get("exclusive"),
        "ready": seen.get("messages_ready"),
        "unacked": seen.get("messages_unacknowledged"),
        "consumer_count": seen.get("consumers"),
        "consumers": _consumers(session, seen.get("consumer_details"), vhost),
        "published": stats("publish"),
        "delivered": stats("deliver", "get"),
        "delivered_auto": stats("deliver_no_ack", "get_no_ack"),
        "acked": stats("ack"),
        "redelivered": stats("redeliver"),
    }


def _statistics(session: RabbitSession, seen: Mapping[str, Any]) -> Callable[..., int | None]:
    """Sums of counters: an absent one counts nothing since statistics began, unless none are kept."""
    overview = session.overview()
    kept = not overview.get("disable_stats") and overview.get("rates_mode") != "none"
    stats = seen.get("message_stats") or {}
    return lambda *names: sum(stats.get(name, 0) for name in names) if kept else None


def _consumers(session: RabbitSession, details: Any, vhost: str) -> tuple[Consumer, ...] | None:
    if not isinstance(details, list):
        return None
    names = _given_names(session, vhost) if details else {}
    found = []
    for row in details:
        connection = str((row.get("channel_details") or {}).get("connection_name", ""))
        given = names.get(connection, "")
        found.append(
            Consumer(
                tag=str(row.get("consumer_tag", "")),
                connection=f"{given} ({connection})" if given else connection,
                acknowledges=bool(row.get("ack_required")),
                active=row.get("active"),
                ours=given.startswith("distaudit"),
            )
        )
    return tuple(found)


def _given_names(session: RabbitSession, vhost: str) -> dict[str, str]:
    """Connection -> the name that its client gave it; only a monitoring user sees other people's."""
    answer = session.get(f"vhosts/{quote(vhost, safe='')}/connections?columns=name,user_provided_name")
    if answer.status != 200:
        return {}
    rows = answer.decoded("GET /api/vhosts/connections")
    return {str(row.get("name")): str(row.get("user_provided_name") or "") for row in rows}


def _declared(session: RabbitSession, name: str, vhost: str) -> dict[str, int] | None:
    """Ready messages and consumers by passive declaration; None if there is no such queue."""
    session.ways.append(f"AMQP passive declare of {name}")
    with AmqpConversation(session.amqp or "", session.limits) as talk:
        try:
            talk.login(vhost)
            ready, consumers = talk.queue(name)
        except Closed as closed:
            if closed.code == _NOT_FOUND:
                return None
            if closed.code == _RESOURCE_LOCKED:
                return {}  # exclusive to another connection: it exists, and counts are not ours to read
            raise _closed(closed, vhost) from closed
    return {"ready": ready, "consumer_count": consumers}


def _closed(closed: Closed, vhost: str) -> Unobservable:
    if closed.code == _NOT_ALLOWED and "not found" in closed.text:
        return _no_vhost(vhost)
    if closed.code in (_ACCESS_REFUSED, _NOT_ALLOWED):
        return Unobservable(Reason.FORBIDDEN, f"AMQP: {closed}")
    return Unobservable(Reason.PROTOCOL_ERROR, f"AMQP: {closed}")


def _no_vhost(vhost: str) -> Unobservable:
    return Unobservable(Reason.NO_OBSERVABLE, f"the broker has no virtual host {vhost!r}; name the one that is meant")


def queues(session: RabbitSession, ask: Ask) -> Queues:
    """All queues of a virtual host. The broker itself refuses a user who may not see all of them."""
    vhost = session.vhost(ask)
    identify(session)
    path = f"queues/{quote(vhost, safe='')}?columns=name,exclusive,auto_delete"
    if session.get(path).status == 404:
        raise _no_vhost(vhost)
    rows = [row for row in session.read(path) if not row["name"].startswith(_OWN_PREFIX)]
    return Queues(
        names=tuple(sorted(row["name"] for row in rows)),
        vhost=vhost,
        transient=tuple(sorted(row["name"] for row in rows if _is_transient(row))),
    )


def _is_transient(row: Mapping[str, Any]) -> bool:
    """Whether the queue goes with the connection or the consumer that has it."""
    return bool(row.get("exclusive") or row.get("auto_delete") or _NAMED_BY_BROKER.match(row["name"]))


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"amqp": "amqp", "management": "http"}),
    "process": process,
    "queue": queue,
    "queues": queues,
    "stream": stream,
    "stream-tail": stream_tail,
    "membership": membership,
    "work": work,
}

KIND = Kind(
    name="rabbitmq",
    endpoints={"amqp": ("amqp", "amqps"), "management": ("http", "https")},
    connect=RabbitSession,
    answers=_ANSWERS,
    statistics_lag_s=5.0,
    only_answers=True,
)
