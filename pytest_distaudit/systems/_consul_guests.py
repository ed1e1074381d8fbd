"""Who is connected to an agent of this host, and which agents of its cluster are elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.located import address
from pytest_distaudit.systems import _local, _netns, _published
from pytest_distaudit.systems._consul_session import ConsulSession, started_at
from pytest_distaudit.systems._homes import Home, contained, inside, native, port_of
from pytest_distaudit.systems._local import Connection

_ONE_OF = " or "
_ESTABLISHED, _LISTEN = "ESTABLISHED", "LISTEN"
#: longer than most questions take; one that waits for a change is still there after all of these
_QUESTION_S, _TIMES = 0.05, 4
#: how far two readings of when a process began may lie apart
_SAME_START_S = 2.0


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
    agent = _agent(session)
    if agent is None:
        return Guests()
    session.ways.append("connections of this host")
    found = _strangers(agent)
    for _ in range(_TIMES):
        if not found:
            break
        time.sleep(_QUESTION_S)
        now = _strangers(agent)
        found = None if now is None else [one for one in found if one.place in {each.place for each in now}]
    if found is None:
        return Guests()
    names: dict[str, set[str]] = {}
    for one in found:
        names.setdefault(one.source, set()).add(one.name)
    by_source = {source: _ONE_OF.join(sorted(these)) for source, these in names.items()}
    return Guests(tuple(sorted(set().union(*names.values()))), by_source)


# --- the agent


def _agent(session: ConsulSession) -> Home | None:
    """The agent that answers, in a container or not; None if it cannot be seen or is a relay of another one."""
    process = _local.serving_process(session.located)
    found = contained(*address(session.url)) if process is None else native(process.pid)
    started = started_at(session.metrics()) if found else None
    return found if found and (started is None or _began_at(found.pids, started)) else None


def _began_at(pids: Iterable[int], started: float) -> bool:
    """Whether one of them began when the agent says that it did."""
    import psutil

    for pid in pids:
        try:
            if abs(psutil.Process(pid).create_time() - started) < _SAME_START_S:
                return True
        except psutil.Error:
            continue
    return False


# --- who is connected to it


@dataclass(frozen=True, slots=True)
class _Stranger:
    """Whose end of a connection is at ``place``; the agent sees it come from ``source``."""

    name: str
    place: str
    source: str


def _strangers(agent: Home) -> list[_Stranger] | None:
    """Everybody connected to the agent at this moment; None if that cannot be seen."""
    host = _local.connections()
    own = inside(agent.network) if agent.network else host
    if own is None or host is None:
        return None
    moment = _Moment(own, host, frozenset({os.getpid(), *agent.pids}))
    mine = [one for one in own if one.status == _ESTABLISHED and port_of(one.local) in agent.ports]
    return [stranger for one in mine for stranger in moment.strangers(one.remote, one.local, one.remote)]


class _Moment:
    """Sockets of the agent's network and of the host's at one moment. ``ours`` are processes that are no strangers."""

    def __init__(self, own: Sequence[Connection], host: Sequence[Connection], ours: frozenset[int]) -> None:
        self._own, self._host, self._ours = own, host, ours

    @cached_property
    def _elsewhere(self) -> list[Connection]:
        """Sockets of all containers' networks; none where they cannot be seen."""
        seen = map(_netns.connections, (_netns.networks() or {}).values())
        return [one for table in seen for one in table or ()]

    def strangers(self, place: str, to: str, source: str, through: bool = True) -> Iterator[_Stranger]:
        """Who is at the other end of a connection ``to`` a port; ``through`` the engine's proxy, its callers."""
        ends = _ends(self._own, place, to) or _ends(self._host, place, to)
        owners = {one.pid for one in ends}
        if owners and owners <= self._ours:
            return
        proxies = {pid for pid in owners if pid and through and _is_proxy(pid)}
        if proxies and proxies == owners:
            for one in self._calls(proxies):
                yield from self.strangers(one.remote, one.local, source, through=False)
            return
        ends = ends or _ends(self._elsewhere, place, to)
        yield _Stranger(_name(place, {one.pid for one in ends} - self._ours), place, source)

    def _calls(self, proxies: set[int]) -> list[Connection]:
        """Connections that these have accepted."""
        theirs = [one for one in self._host if one.pid in proxies]
        ports = {port_of(one.local) for one in theirs if one.status == _LISTEN}
        return [one for one in theirs if one.status == _ESTABLISHED and port_of(one.local) in ports]


def _ends(table: Sequence[Connection], place: str, to: str) -> list[Connection]:
    """Sockets at ``place`` that are connected to ``to``; where addresses are translated, to anything."""
    at = [one for one in table if one.local == place and one.status != _LISTEN]
    return [one for one in at if one.remote == to] or at


def _is_proxy(pid: int) -> bool:
    import psutil

    try:
        return _published.target(psutil.Process(pid).cmdline()) is not None
    except psutil.Error:
        return False


def _name(place: str, owners: set[int | None]) -> str:
    """The programs that have the connection; its host where that is another one."""
    return _ONE_OF.join(sorted(map(_program, owners))) or place.rpartition(":")[0]


def _program(pid: int | None) -> str:
    import psutil

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
