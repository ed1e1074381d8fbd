"""Two-sided proofs of ``graph.populated`` with one real Neo4j, where ``./run lab-extra neo4j`` made one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["neo4j"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

TARGET = """
[targets.miniature.systems.graph]
kind = "neo4j"
native.start_limit = 180
"""
#: as large, and labelled, as the example of the product's first guide
EXAMPLE = (
    "UNWIND range(1, 38) AS n CREATE (:Movie {title: 'm' + n})",
    "UNWIND range(1, 133) AS n CREATE (:Person {name: 'p' + n})",
    "MATCH (m:Movie), (p:Person) WITH m, p LIMIT 253 CREATE (p)-[:ACTED_IN]->(m)",
)
HONEST: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "a small graph": (("CREATE (:Service {name: 'a'})-[:CALLS]->(:Service {name: 'b'})",), {}),
    "as large as claimed": (
        ("UNWIND range(1, 50) AS n CREATE (:Service {name: n})-[:KNOWS]->(:Fact {text: n})",),
        {"nodes": ">= 100", "relationships": ">= 50"},
    ),
    "of that label": (
        ("UNWIND range(1, 5) AS n CREATE (:Service {name: n})-[:KNOWS]->(:Fact {text: n})",),
        {"label": "Fact", "nodes": "5"},
    ),
    "no properties, but related": (("CREATE (a:A)-[:R]->(:B)-[:R]->(:C)-[:R]->(a)",), {}),
    "the example, by its label": (EXAMPLE, {"label": "Movie", "nodes": "38"}),
}
LIES: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "nothing": ((), {}, "0 nodes"),
    "only a schema": (
        ("CREATE INDEX found FOR (n:Fact) ON (n.text)", "CREATE CONSTRAINT one FOR (n:Fact) REQUIRE n.id IS UNIQUE"),
        {},
        "0 nodes",
    ),
    "only the audit's": (("CREATE (:distaudit_probe {n: 1})-[:R]->(:distaudit_probe {n: 2})",), {}, "0 nodes"),
    "only the example": (EXAMPLE, {}, "only the product's example (movies)"),
    "nodes nobody related": (("UNWIND range(1, 9) AS n CREATE (:Fact {text: n})",), {}, "0 relationships"),
    "fewer than claimed": (("CREATE (:A {n: 1})-[:R]->(:B)",), {"nodes": ">= 10000"}, "2 nodes"),
    "another label": (("CREATE (:A {n: 1})-[:R]->(:B)",), {"label": "Fact"}, "0 nodes labelled Fact"),
    "one node many times": (
        ("UNWIND range(1, 500) AS n CREATE (a:Fact {text: 'fact'}) CREATE (a)-[:KNOWS]->(a)",),
        {"nodes": ">= 500"},
        "500 nodes, 500 relationships, one node many times",
    ),
    "another database": ((), {"database": "knowledge"}, "no database knowledge"),
}

Write = Callable[..., None]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("graphs"), TARGET) as opened:
        yield opened


@pytest.fixture
def write(room: Room) -> Iterator[Write]:
    """Runs statements; what they left is gone afterwards."""
    parts = urlsplit(room.located["graph"].endpoints["url"])
    url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{parts.port}", path="/db/neo4j/tx/commit"))

    def written(*statements: str) -> None:
        for statement in statements:
            body = {"statements": [{"statement": statement}]}
            answer = httpx.post(url, json=body, auth=(parts.username or "", parts.password or ""), timeout=30)
            assert answer.json()["errors"] == []

    yield written
    written("MATCH (n) DETACH DELETE n", "DROP CONSTRAINT one IF EXISTS", "DROP INDEX found IF EXISTS")


def judged(room: Room, params: dict[str, Any]) -> ClaimResult:
    return room.judge("graph.populated", system="graph", **params)


@pytest.mark.parametrize("case", HONEST)
def test_populated_verifies(room: Room, write: Write, case: str) -> None:
    statements, params = HONEST[case]
    write(*statements)
    result = judged(room, params)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize("case", LIES)
def test_populated_refutes(room: Room, write: Write, case: str) -> None:
    statements, params, actual = LIES[case]
    write(*statements)
    result = judged(room, params)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), result.because


def test_populated_cannot_tell_without_a_login(room: Room, tmp_path: Path) -> None:
    parts = urlsplit(room.located["graph"].endpoints["url"])
    target = (
        f'[targets.other.systems.graph]\nkind = "neo4j"\nurl = "http://neo4j:wrong-password@127.0.0.1:{parts.port}"\n'
    )
    with Room(tmp_path, target) as other:
        result = judged(other, {})
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)


def test_the_system_itself(room: Room) -> None:
    assert room.judge("system.running", system="graph").verdict is Verdict.VERIFIED
    assert room.judge("system.healthy", system="graph").verdict is Verdict.VERIFIED
