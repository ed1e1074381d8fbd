"""Claims about graph databases: that there is a graph in one."""

from __future__ import annotations

from typing import NoReturn

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.graphs import Graph

_REMEDY = "load the graph, or correct the document"


def _graph(claim: Claim) -> Ask:
    return Graph.ask(**{name: claim[name] for name in ("database", "label") if claim[name]})


@check(
    "graph.populated",
    claims="the graph database holds a graph: nodes, and relationships between them",
    says="{nodes} nodes and {relationships} relationships",
    rung=Rung.CONFIGURED,
    roles={"system": Role("the graph database")},
    params={
        "nodes": Parameter(ParameterType.NUMBER, "how many nodes (of the label, where one is given)", ">= 1"),
        "relationships": Parameter(ParameterType.NUMBER, "how many relationships in all", ">= 1"),
        "label": Parameter(ParameterType.TEXT, "the label that the nodes must have", None),
        "database": Parameter(ParameterType.TEXT, "the database; default: the server's own default", None),
    },
    needs=lambda claim: (Look("system", _graph(claim)),),
    shows_not="that anybody asks it, or that what it holds is true",
)
def populated(claim: Claim, evidence: Evidence) -> Judgement:
    """Nodes of somebody's, not the audit's, not the product's example, not one node many times."""
    graph = evidence.one(Graph, ask=_graph(claim))
    if not graph.exists:
        there = listed([one.name for one in graph.databases])
        refute(f"no database {graph.database}", f"the server has: {there}")
    if graph.nodes is None or graph.relationships is None:
        unverifiable(Reason.NO_OBSERVABLE, "nodes unknown", "the server does not tell how many it holds")
    found = graph.labelled if claim["label"] and graph.labelled is not None else graph.nodes - graph.own
    kind = f"node labelled {claim['label']}" if claim["label"] else "node"
    told = f"{counted(found, 'node')}, {counted(graph.relationships, 'relationship')}"
    for wanted, seen, noun in ((claim["nodes"], found, kind), (claim["relationships"], graph.relationships, "")):
        if not wanted.holds(seen):
            _too_few(graph, wanted, seen, noun)
    _of_nobody(graph, claim["label"], told)
    labels = f"labels: {listed(graph.labels)}" if graph.labels is not None else ""
    return verified(told, f"in database {graph.database}; {labels}".rstrip("; "))


def _too_few(graph: Graph, wanted: Comparison, seen: int, kind: str) -> NoReturn:
    """Other numbers than claimed: refuted unless rights may hide the rest."""
    actual = counted(seen, "node") + kind.removeprefix("node") if kind else counted(seen, "relationship")
    if graph.hidden:
        because = f"claimed {wanted}, but rights may hide what there is from the audit's user"
        unverifiable(
            Reason.FORBIDDEN, f"{actual} to be seen", because, remedy="let it match all nodes and relationships"
        )
    kinds = (graph.constraints, "constraint", "constraints"), (graph.indexes, "index", "indexes")
    described = [f"{number} {one if number == 1 else more}" for number, one, more in kinds if number]
    only = f"; it has {' and '.join(described)}, which hold nothing" if described else ""
    own = f"; {graph.own} more are the audit's own" if graph.own else ""
    refute(actual, f"in database {graph.database}, claimed {wanted}{only}{own}", remedy=_REMEDY)


def _of_nobody(graph: Graph, label: str | None, told: str) -> None:
    """Refute what has the numbers and is no graph of anybody's."""
    if graph.example and not label:
        refute(f"only the product's example ({graph.example})", f"{told}, all of them the example's", remedy=_REMEDY)
    sampled = graph.sampled or 0
    if sampled and graph.bare == sampled:
        refute(f"{told}, all of them bare", f"none of {sampled} looked at has a property or a relationship")
    if sampled > 1 and graph.distinct == 1:
        refute(f"{told}, one node many times", f"{sampled} looked at have the same labels and properties")
