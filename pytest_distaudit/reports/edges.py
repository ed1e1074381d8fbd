"""Who works through whom: what the documents say, and what the audit has seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pytest_distaudit.domain.audit import Audit, ClaimResult
from pytest_distaudit.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` works through ``to``, say a link of the target (``declared``) or claims, by their keys.

    ``seen_by``: claims that were verified; ``refuted_by``: those that were refuted; ``open``: the rest.
    """

    source: str
    to: str
    declared: bool = False
    seen_by: tuple[str, ...] = ()
    refuted_by: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def edges(audit: Audit) -> tuple[Edge, ...]:
    """Every pair of systems that a link or a claim names, sorted."""
    found = {pair: Edge(*pair, declared=True) for pair in audit.links}
    for claim in audit.claims:
        for pair in claim.connects:
            found[pair] = _with(found.get(pair, Edge(*pair)), claim)
    return tuple(found[pair] for pair in sorted(found))


def _with(edge: Edge, claim: ClaimResult) -> Edge:
    if claim.verdict is Verdict.VERIFIED:
        return replace(edge, seen_by=(*edge.seen_by, claim.key))
    if claim.verdict in (Verdict.REFUTED, Verdict.WAIVED):
        return replace(edge, refuted_by=(*edge.refuted_by, claim.key))
    return replace(edge, open=(*edge.open, claim.key))


def systems_of(drawn: Iterable[Edge]) -> tuple[str, ...]:
    """The systems at the ends of these edges, each once, sorted."""
    return tuple(sorted({name for edge in drawn for name in (edge.source, edge.to)}))
