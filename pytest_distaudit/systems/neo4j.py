"""Neo4j over HTTP: presence, health, what its graphs hold, what was committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._neo4j_graph import databases, graph
from pytest_distaudit.systems._neo4j_session import SYSTEM, Neo4jSession


def presence(session: Neo4jSession, ask: Ask) -> Presence:
    """The root document names product and version; whether the login is taken, a statement shows."""
    version = str(session.root["neo4j_version"])
    try:
        session.read("SHOW DATABASES", SYSTEM)
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return Presence(up=True, product="Neo4j", version=version, authenticated=False)
    session.identify()
    return Presence(up=True, product="Neo4j", version=version, started_at=session.started_at())


def process(session: Neo4jSession, ask: Ask) -> ServerProcess:
    """Which run of the server answers."""
    _ = session.root
    session.read("SHOW DATABASES", SYSTEM)
    how = session.identify()
    if not how:
        because = "neither its process nor its start can be seen (dbms.queryJmx wants an administrator)"
        raise Unobservable(Reason.NO_OBSERVABLE, because)
    return _local.server(session.located, session.identity, how)


def health(session: Neo4jSession, ask: Ask) -> Health:
    """Whether every database that the audit's user is shown serves."""
    session.identify()
    parts = tuple(HealthPart(one.name, one.online, one.status) for one in databases(session))
    broken = [f"{part.name} is {part.detail}" for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=parts, way="SHOW DATABASES")


def work(session: Neo4jSession, ask: Ask) -> Work:
    """The number of the last transaction that each database committed, by the bookmark of a read."""
    session.identify()
    counts = {}
    for one in databases(session):
        if one.name == SYSTEM or not one.online:
            continue
        reached = session.read("RETURN 1", one.name).committed
        if reached is None:
            raise Unobservable(Reason.NO_OBSERVABLE, "the server tells no bookmark that can be read as a number")
        counts[f"committed to {one.name}"] = reached
    return Work(counts=counts, unseen="reading, and databases that the audit may not access", way="bookmarks")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "graph": graph,
    "work": work,
}

KIND = Kind(
    name="neo4j",
    endpoints={"url": ("http", "https")},
    connect=Neo4jSession,
    answers=_ANSWERS,
    only_answers=True,
)
