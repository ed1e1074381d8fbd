"""What a database of Neo4j holds, by statements that its count store answers or that are cut off at a sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.graphs import Graph, GraphDatabase
from pytest_distaudit.systems._neo4j_session import NOT_FOUND, SYSTEM, Failed, Neo4jSession

_SAMPLE = (
    "MATCH (n) WITH n LIMIT 1000 RETURN count(n) AS sampled, "
    "count(CASE WHEN size(keys(n)) = 0 AND NOT (n)--() THEN 1 END) AS bare, "
    "count(DISTINCT [labels(n), properties(n)]) AS distinct"
)
_OWN = "distaudit"
#: (labels, nodes, relationships) of the graph that the product's first guide makes
_EXAMPLES = {(frozenset({"Movie", "Person"}), 171, 253): "movies"}
#: privileges by which nodes are seen, and those who have them
_SEEING = {"match", "traverse", "all_graph_privileges", "graph_actions"}


def databases(session: Neo4jSession) -> tuple[GraphDatabase, ...]:
    """Those that the audit's user is shown. Before 5.0 the state has the same name."""
    rows = session.read("SHOW DATABASES", SYSTEM).rows
    if not rows or not all("name" in row and "currentStatus" in row for row in rows):
        raise Unobservable(Reason.PROTOCOL_ERROR, "SHOW DATABASES: the answer names no database")
    return tuple(
        GraphDatabase(str(row["name"]), str(row["currentStatus"]), row["currentStatus"] == "online") for row in rows
    )


def graph(session: Neo4jSession, ask: Ask) -> Graph:
    """Counts of one database. What is not shown to the audit's user is no zero: ``hidden`` says so."""
    session.identify()
    known = databases(session)
    name = ask.arg("database") or _home(session)
    try:
        nodes = session.read("MATCH (n) RETURN count(n)", name).number()
    except Failed as error:
        if error.code != NOT_FOUND:
            raise
        return Graph(name, exists=False, databases=known)
    relationships = session.read("MATCH ()-[r]->() RETURN count(r)", name).number()
    labels = tuple(sorted(str(row["label"]) for row in session.read("CALL db.labels()", name).rows))
    (sample,) = session.read(_SAMPLE, name).rows
    wanted = str(ask.arg("label") or "")
    return Graph(
        name,
        exists=True,
        nodes=nodes,
        relationships=relationships,
        labels=labels,
        labelled=_labelled(session, name, wanted) if wanted else None,
        own=sum(_labelled(session, name, label) for label in labels if label.startswith(_OWN)),
        sampled=sample["sampled"],
        bare=sample["bare"],
        distinct=sample["distinct"],
        example=_EXAMPLES.get((frozenset(labels), nodes, relationships), ""),
        indexes=_counted(session.read("SHOW INDEXES", name).rows, besides="LOOKUP"),
        constraints=_counted(session.read("SHOW CONSTRAINTS", name).rows),
        hidden=_hidden(session, name),
        databases=known,
    )


def _home(session: Neo4jSession) -> str:
    rows = session.read("SHOW DEFAULT DATABASE", SYSTEM).rows
    if not rows:
        raise Unobservable(
            Reason.FORBIDDEN, "the audit's user is shown no default database; name the one that is meant"
        )
    return str(rows[0]["name"])


def _labelled(session: Neo4jSession, database: str, label: str) -> int:
    quoted = label.replace("`", "``")
    return session.read(f"MATCH (n:`{quoted}`) RETURN count(n)", database).number()


def _counted(rows: Iterable[Mapping[str, Any]], besides: str = "") -> int:
    return sum(row.get("type") != besides for row in rows)


def _hidden(session: Neo4jSession, database: str) -> bool:
    """Whether rights may hide nodes: they are then not counted, without a word. The community edition has no rights."""
    if session.root.get("neo4j_edition") == "community":
        return False
    try:
        rows = session.read("SHOW USER PRIVILEGES", SYSTEM).rows
    except Unobservable:
        return True
    mine = [
        row for row in rows if row.get("action") in _SEEING and row.get("graph") in ("*", database, "DEFAULT", "HOME")
    ]
    granted = {str(row.get("segment")) for row in mine if row.get("access") == "GRANTED"}
    refused = any(row.get("access") == "DENIED" for row in mine)
    whole = bool(granted & {"database", "all"}) or {"NODE(*)", "RELATIONSHIP(*)"} <= granted
    return refused or not whole
