"""What a graph database holds: nodes, relationships, and what merely describes them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class GraphDatabase:
    """One database of the server and its state in the product's own words; ``online``: it serves."""

    name: str
    status: str
    online: bool


@dataclass(frozen=True, slots=True)
class Graph(Capability):
    """One database of a graph server. Args: ``database`` (default: the server's), ``label``.

    ``exists`` false: the server has no such database; then nothing else is known of it. ``labelled``: nodes of the
    asked label (None: none was asked). ``own``: the audit's own nodes, counted in ``nodes``, too. Of ``sampled``
    nodes ``bare`` have neither a property nor a relationship, and ``distinct`` differ from one another in labels or
    properties. ``example``: the name of the product's example that this is, whole; "" if it is none. ``indexes`` leaves
    out what the product makes by itself. ``hidden``: whether there may be nodes that the audit's user is not shown.
    """

    capability = "graph"
    database: str
    exists: bool
    nodes: int | None = None
    relationships: int | None = None
    labels: tuple[str, ...] | None = None
    labelled: int | None = None
    own: int = 0
    sampled: int | None = None
    bare: int = 0
    distinct: int = 0
    example: str = ""
    indexes: int | None = None
    constraints: int | None = None
    hidden: bool = False
    databases: tuple[GraphDatabase, ...] = ()
