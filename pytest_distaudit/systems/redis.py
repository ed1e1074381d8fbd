"""Redis, single or replicated, and what answers like it: presence, health, what was stored and asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, KeyValue, Presence, ServerProcess, StoreClient
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._agreement import agreement_probe
from pytest_distaudit.systems._listener import REDIS_QUESTIONS, classify, listener_of, stranger
from pytest_distaudit.systems._redis_groups import stream_group
from pytest_distaudit.systems._redis_lease import RedisLease
from pytest_distaudit.systems._redis_members import membership
from pytest_distaudit.systems._redis_probe import RedisWords
from pytest_distaudit.systems._redis_session import CLIENT_NAME, RedisSession
from pytest_distaudit.systems._redis_streams import stream, stream_tail
from pytest_distaudit.systems._redis_work import DATABASE, calls, work
from pytest_distaudit.systems._wire import Wire

_AUTH_NEEDS_A_PASSWORD = b"wrong number of arguments for 'auth' command"
_ANSWER_BYTES = 4096


# --- presence


def presence(session: RedisSession, ask: Ask) -> Presence:
    """Two questions that only a Redis answers as one does, then its own account of itself."""
    _greet(session)
    try:
        told = session.info
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return Presence(up=True, product="Redis", authenticated=False)
    return Presence(
        up=True,
        product="Valkey" if "valkey_version" in told else "Redis",
        version=str(told.get("valkey_version", told.get("redis_version", ""))),
        started_at=time.time() - float(told["uptime_in_seconds"]),
    )


def _greet(session: RedisSession) -> None:
    """Raise Unobservable unless what listens there speaks as Redis does: a loop that says PONG does not."""
    host, port = address(session.url)
    session.ways.append("PING, AUTH")
    limits, tls = session.limits, urlsplit(session.url).scheme == "rediss"
    with Wire(host, port, limits.ask_s, limits.connect_s, tls) as wire:
        wire.send(REDIS_QUESTIONS)
        said = wire.read(limits.ask_s / 2)
        if classify(said) != "redis":
            raise stranger(said, host, port, "Redis", "redis", limits)
        if said and said.startswith(b"-DENIED"):  # and hangs up: no second answer
            return
        while said and _AUTH_NEEDS_A_PASSWORD not in said and len(said) < _ANSWER_BYTES:
            more = wire.read(limits.ask_s / 2)
            if not more:
                break
            said += more
    if said and _AUTH_NEEDS_A_PASSWORD not in said:
        raise Unobservable(
            Reason.WRONG_PRODUCT, f"what answered at {host}:{port} is not Redis: it says PONG and knows no AUTH"
        )


def process(session: RedisSession, ask: Ask) -> ServerProcess:
    """Which run of the server answers."""
    return _local.server(session.located, str(session.info["run_id"]), "run_id")


# --- health


def health(session: RedisSession, ask: Ask) -> Health:
    """The server's own word on loading, persistence and its link to a master."""
    told = session.info
    parts = [
        HealthPart(name, told[name] in good, "" if told[name] in good else f"{name}:{told[name]}")
        for name, good in _SIGNS.items()
        if name in told
    ]
    broken = [part.detail for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=tuple(parts), way="INFO")


_SIGNS: Mapping[str, tuple[object, ...]] = {
    "loading": (0,),
    "rdb_last_bgsave_status": ("ok",),
    "aof_last_write_status": ("ok",),
    "aof_last_bgrewrite_status": ("ok",),
    "master_link_status": ("up",),
}


# --- what is stored


def key_value(session: RedisSession, ask: Ask) -> KeyValue:
    """Keys, look-ups and commands since the server's counters began."""
    told = session.info
    return KeyValue(
        keys=sum(int(row["keys"]) for name, row in told.items() if DATABASE.fullmatch(name)),
        hits=int(told["keyspace_hits"]),
        misses=int(told["keyspace_misses"]),
        calls=calls(told),
        clients=_clients(session),
        replica=told.get("role") == "slave",
    )


def _clients(session: RedisSession) -> tuple[StoreClient, ...] | None:
    """Ordinary clients: not replicas, not the audit's own connections. None: they may not be listed."""
    try:
        rows = session.ask("CLIENT LIST")
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return None
    return tuple(
        StoreClient(str(row["addr"]), str(row.get("name", "")), str(row.get("cmd", "")), row.get("name") == CLIENT_NAME)
        for row in rows
        if not set(str(row.get("flags", ""))) & set("SM")
    )


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "redis"}),
    "process": process,
    "key-value": key_value,
    "stream": stream,
    "stream-tail": stream_tail,
    "stream-group": stream_group,
    "membership": membership,
    "work": work,
}

KIND = Kind(
    name="redis",
    endpoints={"url": ("redis", "rediss")},
    connect=RedisSession,
    answers=_ANSWERS,
    lease=RedisLease,
    probes={"agreement-probe": agreement_probe(RedisWords)},
    only_answers=True,
)
