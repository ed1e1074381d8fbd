"""Who belongs to a Redis Cluster, or to a master and its replicas, as one server sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.clusters import Member, Membership
from pytest_distaudit.systems._redis_session import RedisSession

#: id, address, flags, master, ping, pong, epoch, link; the slots of a master follow
_COLUMNS = 8
#: entries of nodes that never were members, or whose address is lost
_STRANGERS = {"handshake", "noaddr"}
_FAILING = {"fail", "fail?"}


def membership(session: RedisSession, ask: Ask) -> Membership:
    """Of a Cluster, its nodes; otherwise the master with its replicas."""
    told = session.info
    return _clustered(session) if told.get("cluster_enabled") == 1 else _replicated(told)


# --- Redis Cluster


def rows(session: RedisSession) -> list[list[str]]:
    """The lines of ``CLUSTER NODES``, split. Raises Unobservable."""
    found = [line.split() for line in str(session.ask("CLUSTER", "NODES")).splitlines()]
    if not found or any(len(row) < _COLUMNS for row in found):
        raise Unobservable(Reason.PROTOCOL_ERROR, "CLUSTER NODES: an answer that is no list of nodes")
    return [row for row in found if not _STRANGERS & _flags(row)]


def own_row(found: list[list[str]]) -> list[str]:
    """The line of the node that answers. Raises Unobservable."""
    for row in found:
        if "myself" in _flags(row):
            return row
    raise Unobservable(Reason.PROTOCOL_ERROR, "CLUSTER NODES: the node does not list itself")


def place_of(row: list[str]) -> str:
    """``host:port`` for clients: the port of the bus and a host name follow it."""
    return row[1].partition("@")[0]


def slots_of(row: list[str]) -> list[tuple[int, int]]:
    """The ranges of slots that a master serves; those that move at the moment stand in brackets."""
    ranges = [word.partition("-") for word in row[_COLUMNS:] if not word.startswith("[")]
    return [(int(first), int(last or first)) for first, _, last in ranges]


def _flags(row: list[str]) -> set[str]:
    return set(row[2].split(","))


def _clustered(session: RedisSession) -> Membership:
    found = rows(session)
    told = dict(line.split(":", 1) for line in str(session.ask("CLUSTER", "INFO")).split() if ":" in line)
    members = tuple(_member(row) for row in found)
    votes = sum(member.votes for member in members)
    works = told.get("cluster_state") == "ok"
    trouble = f"cluster_state:{told.get('cluster_state')}, {told.get('cluster_slots_ok', 0)} of 16384 slots served"
    return Membership(
        cluster="",
        own=own_row(found)[0],
        members=members,
        leaders=tuple(sorted(member.id for member in members if member.role == "leader")),
        term=int(told.get("cluster_current_epoch", 0)),
        quorum=votes // 2 + 1,
        works=works,
        trouble="" if works else trouble,
        way="CLUSTER NODES, CLUSTER INFO",
    )


def _member(row: list[str]) -> Member:
    flags, serves = _flags(row), bool(slots_of(row))
    replica = "slave" in flags
    role = "replica" if replica else "leader" if serves else ""
    healthy = not flags & _FAILING and (row[7] == "connected" or "myself" in flags)
    follows = row[3] if replica else ""
    return Member(row[0], "", place_of(row), role, votes=serves and not replica, follows=follows, healthy=healthy)


# --- a master and its replicas


def _replicated(told: Mapping[str, Any]) -> Membership:
    """They share the id of their replication. Nobody votes here: Sentinels would."""
    own, replica = str(told["run_id"]), told.get("role") == "slave"
    linked = told.get("master_link_status") == "up"
    others = [_master(told)] if replica else [row for row in map(_replica, told.items()) if row is not None]
    position = told.get("slave_repl_offset" if replica else "master_repl_offset")
    return Membership(
        cluster=str(told.get("master_replid", "")),
        own=own,
        members=(Member(own, role="replica" if replica else "leader", votes=False, healthy=True), *others),
        works=linked or not replica,
        trouble="" if linked or not replica else "the link to its master is down",
        position=int(position) if position is not None else None,
        whole=False,
        way="INFO replication",
    )


def _master(told: Mapping[str, Any]) -> Member:
    place = f"{told.get('master_host')}:{told.get('master_port')}"
    return Member(place, address=place, role="leader", votes=False, healthy=told.get("master_link_status") == "up")


def _replica(entry: tuple[str, Any]) -> Member | None:
    name, row = entry
    if not (name.startswith("slave") and isinstance(row, dict) and "state" in row):
        return None
    place = f"{row.get('ip')}:{row.get('port')}"
    return Member(place, address=place, role="replica", votes=False, healthy=row["state"] == "online")
