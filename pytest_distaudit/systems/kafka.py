"""Kafka and what speaks its protocol: presence, health, topics as streams, what was appended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._kafka_session import KafkaSession
from pytest_distaudit.systems._kafka_topics import ends, stream, stream_tail, topics
from pytest_distaudit.systems._listener import listener_of


def presence(session: KafkaSession, ask: Ask) -> Presence:
    """The broker's list of requests that it knows. It tells no version, only what it can do."""
    told = session.greeting
    return Presence(up=True, product="Kafka", authenticated=not told.refused)


def process(session: KafkaSession, ask: Ask) -> ServerProcess:
    """Which run of the broker answers, where its process can be seen."""
    _ = session.greeting  # that it is Kafka which answers
    own = _local.serving_process(session.located)
    if own is None:
        raise Unobservable(Reason.NO_OBSERVABLE, "a broker tells neither its process nor when it started")
    session.identity = _local.boot(own)
    return _local.server(session.located, session.identity, "pid and its start")


def health(session: KafkaSession, ask: Ask) -> Health:
    """Partitions that have a leader, and replicas that keep up with it, as the cluster's metadata tells."""
    session.identify()
    rows = [part for topic in topics(session) for part in topic["partitions"]]
    offline = sum(part["leader_id"] < 0 for part in rows)
    behind = sum(len(part["isr_nodes"]) < len(part["replica_nodes"]) for part in rows)
    parts = (
        HealthPart("leaders", not offline, f"{offline} of {len(rows)} partitions have no leader"),
        HealthPart("replicas", not behind, f"{behind} of {len(rows)} partitions lack a replica that keeps up"),
    )
    broken = [part.detail for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=parts, way="Metadata")


def work(session: KafkaSession, ask: Ask) -> Work:
    """Where each topic's partitions end. What is read moves nothing that a broker tells."""
    session.identify()
    known = [topic for topic in topics(session) if not topic["is_internal"]]
    reached: Mapping[str, int] = ends(session, known)
    return Work(
        counts={f"appended to {name}": end for name, end in sorted(reached.items())},
        unseen="reading, and topics that the audit may not describe",
        way="ListOffsets",
    )


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "kafka"}),
    "process": process,
    "stream": stream,
    "stream-tail": stream_tail,
    "work": work,
}

KIND = Kind(
    name="kafka",
    endpoints={"url": ("kafka", "kafkas")},
    connect=KafkaSession,
    answers=_ANSWERS,
    # offsets do not lag: this gives producers that gather events the time to send them
    statistics_lag_s=1.0,
    only_answers=True,
)
