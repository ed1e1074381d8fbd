"""The judge of graphs, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.graphs import Graph, GraphDatabase

from .evidence import ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("graph",)}
CLAIM = claim("graph.populated")
LABELLED = claim("graph.populated", label="Fact", nodes=">= 5")
FULL = Graph(
    "neo4j",
    exists=True,
    nodes=20,
    relationships=30,
    labels=("Fact", "Service"),
    sampled=20,
    bare=3,
    distinct=17,
    indexes=0,
    constraints=0,
    databases=(GraphDatabase("neo4j", "online", online=True), GraphDatabase("system", "online", online=True)),
)


def judgement(seen, of=CLAIM):
    return judged(of, evidence(ROLES, fact("graph", seen, **dict(ask_of(of).args))))


def told(seen, of=CLAIM):
    answer = judgement(seen, of)
    return answer.verdict, answer.reason or answer.actual


def graph(**changed):
    return replace(FULL, **changed)


def test_a_graph_is_there():
    answer = judgement(FULL)
    assert (answer.verdict, answer.actual) == (Verdict.VERIFIED, "20 nodes, 30 relationships")
    assert answer.because == "in database neo4j; labels: Fact, Service"
    assert judgement(graph(labels=None)).because == "in database neo4j"
    assert told(graph(labelled=7), LABELLED) == (Verdict.VERIFIED, "7 nodes, 30 relationships")


def test_what_is_asked_for():
    named = claim("graph.populated", label="Fact", database="knowledge")
    assert dict(ask_of(named).args) == {"label": "Fact", "database": "knowledge"}
    assert dict(ask_of(CLAIM).args) == {}


@pytest.mark.parametrize(
    ("changed", "actual"),
    [
        ({"exists": False}, "no database neo4j"),
        ({"nodes": 0, "sampled": 0}, "0 nodes"),
        ({"nodes": 3, "own": 3}, "0 nodes"),
        ({"relationships": 0}, "0 relationships"),
        ({"example": "movies"}, "only the product's example (movies)"),
        ({"bare": 20}, "20 nodes, 30 relationships, all of them bare"),
        ({"distinct": 1}, "20 nodes, 30 relationships, one node many times"),
    ],
)
def test_what_is_no_graph_of_anybodys(changed, actual):
    assert told(graph(**changed)) == (Verdict.REFUTED, actual)


def test_numbers_are_held_against_the_claim():
    of = claim("graph.populated", nodes=">= 1000", relationships="30")
    assert told(FULL, of) == (Verdict.REFUTED, "20 nodes")
    assert told(graph(nodes=1000), of) == (Verdict.VERIFIED, "1000 nodes, 30 relationships")
    assert told(graph(nodes=1000, relationships=31), of) == (Verdict.REFUTED, "31 relationships")
    assert told(graph(labelled=4), LABELLED) == (Verdict.REFUTED, "4 nodes labelled Fact")


def test_a_schema_holds_nothing():
    answer = judgement(graph(nodes=0, sampled=0, constraints=1, indexes=2, own=0))
    assert answer.because == "in database neo4j, claimed >= 1; it has 1 constraint and 2 indexes, which hold nothing"
    answer = judgement(graph(nodes=2, own=2))
    assert answer.because.endswith("; 2 more are the audit's own")


def test_what_rights_may_hide_is_not_absent():
    assert told(graph(nodes=0, hidden=True)) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)
    assert told(graph(hidden=True)) == (Verdict.VERIFIED, "20 nodes, 30 relationships")
    assert told(graph(nodes=None)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_the_example_may_be_meant():
    assert told(graph(example="movies", labelled=20), LABELLED)[0] is Verdict.VERIFIED


def test_a_single_node_is_one():
    assert told(graph(nodes=1, sampled=1, bare=0, distinct=1))[0] is Verdict.VERIFIED


def test_what_could_not_be_read_keeps_its_reason():
    seen = evidence(ROLES, failure("graph", Graph, Reason.FORBIDDEN, "401"))
    assert judged(CLAIM, seen).reason is Reason.FORBIDDEN
