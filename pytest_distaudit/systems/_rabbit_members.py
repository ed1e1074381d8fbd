"""Which nodes form a RabbitMQ cluster, as one of them sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.clusters import Member, Membership
from pytest_distaudit.systems._rabbit_session import RabbitSession, identify

_COLUMNS = "name,running,type,partitions"


def membership(session: RabbitSession, ask: Ask) -> Membership:
    """The nodes, each running or not. None leads; what a queue survives depends on its type. Raises Unobservable.

    Forbidden without the tag monitoring.
    """
    told = session.overview()
    own = told.get("node")
    rows = session.read(f"nodes?columns={_COLUMNS}")
    if own is None:
        raise Unobservable(Reason.FORBIDDEN, "the audit's user may not see nodes; give it the tag monitoring")
    mine = [row for row in rows if row.get("name") == own]
    if not mine:
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /api/nodes: the node does not list itself")
    identify(session)
    cut_off = [str(one) for one in mine[0].get("partitions") or ()]
    return Membership(
        # by default each node gives the cluster a name of its own (3.10): only knowing one another tells
        cluster="",
        own=str(own),
        members=tuple(_member(row) for row in rows),
        works=not cut_off,
        trouble=f"it is cut off from {', '.join(cut_off)}" if cut_off else "",
        way="GET /api/nodes",
    )


def _member(row: Mapping[str, Any]) -> Member:
    name, keeps = str(row["name"]), row.get("type", "disc") == "disc"
    role = "" if keeps else "learner"
    return Member(name, name, "", role, votes=keeps, healthy=row.get("running") is True)
