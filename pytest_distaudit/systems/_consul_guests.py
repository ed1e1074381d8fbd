"""Who is connected to an agent of this host, and which agents of its cluster are elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._consul_session import ConsulSession

_MAPPED = "::ffff:"
#: longer than most questions take, and shorter than one that waits for a change
_QUESTION_S = 0.05


@dataclass(frozen=True, slots=True)
class Guests:
    """Peers of established connections, those of the audit and of the agent itself left out.

    ``names`` None: the agent's connections cannot be seen from here. ``by_source``: address -> name.
    """

    names: tuple[str, ...] | None = None
    by_source: Mapping[str, str] = field(default_factory=dict)

    def get(self, source: str, default: str) -> str:
        """The name of who is connected from ``source`` (host:port)."""
        return self.by_source.get(source, default)


def guests(session: ConsulSession) -> Guests:
    """Everybody who is connected to any port of the agent, and for longer than a plain question takes."""
    agent = _local.serving_process(session.located)
    if agent is None:
        return Guests()
    session.ways.append("connections of this host")
    ports = {place.rpartition(":")[2] for place in _local.listens_on([agent])}
    ours = {os.getpid(), *(member.pid for member in _local.tree(agent))}
    strangers = _strangers(ports, ours)
    if strangers:
        time.sleep(_QUESTION_S)
        still = _strangers(ports, ours)
        strangers = None if still is None else {peer: strangers[peer] for peer in strangers if peer in still}
    return Guests() if strangers is None else Guests(tuple(sorted(set(strangers.values()))), strangers)


def _strangers(ports: Collection[str], ours: Collection[int]) -> dict[str, str] | None:
    """Address -> name of who has an established connection to one of the ports; None if none can be seen."""
    import psutil

    try:
        table = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED]
    except psutil.Error:
        return None
    owners = {_written(one.laddr): one.pid for one in table}
    peers = {_written(one.raddr) for one in table if _written(one.laddr).rpartition(":")[2] in ports}
    return {peer: _name(peer, owners) for peer in sorted(peers) if owners.get(peer) not in ours}


def _written(place: Any) -> str:
    return f"{place.ip.removeprefix(_MAPPED)}:{place.port}" if place else ""


def _name(peer: str, owners: Mapping[str, int | None]) -> str:
    """The program that has the connection; its host where that is another one."""
    import psutil

    if peer not in owners:
        return peer.rpartition(":")[0]
    pid = owners[peer]
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})" if pid else "a process of another account"
    except psutil.Error:
        return f"pid {pid}, which has ended"


def deaf_to(session: ConsulSession) -> int | None:
    """How many further agents the cluster has: each answers its own callers. None where it may not be known."""
    try:
        members = session.agent().get("Stats", {}).get("serf_lan", {}).get("members")
    except Unobservable:
        return None
    return int(members) - 1 if members is not None else None
