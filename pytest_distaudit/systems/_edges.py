"""The connections of a system of any kind, by its processes on this host."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.edges import Connection, Edges
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local, _netns
from pytest_distaudit.systems._ended import ear
from pytest_distaudit.systems._homes import Home, contained, port_of, trees
from pytest_distaudit.systems._sockets import Row, rows

_ESTABLISHED, _LISTEN, _DATAGRAMS = "ESTAB", "LISTEN", "UNCONN"
#: connections of one system that are followed
_MOST = 2000
_FAR = "its processes cannot be seen from here: it runs elsewhere, or in a container whose port nobody publishes"


class _Session(Protocol):
    """What every kind's session has."""

    located: Located
    ways: list[str]


def edges_of(only_answers: bool) -> Callable[[_Session, Ask], Edges]:
    """The answer to ``edges`` for a kind that ``only_answers`` those who call it, or may call others itself."""

    def answer(session: _Session, ask: Ask) -> Edges:
        located = session.located
        session.ways.append("sockets of this host")
        called = tuple(sorted(_called(located)))
        main, home = _home(located)
        if home is None or main is None:
            return Edges(None, called, only_answers=only_answers, unseen=_FAR)
        if hidden := [pid for pid in home.pids if not _readable(pid)]:
            unseen = f"which sockets process {hidden[0]} has is told to root alone"
            return Edges(None, called, only_answers=only_answers, unseen=unseen)
        within = main if home.network else None
        table = rows(home.network, within)
        own = [row for row in table if row.owners.keys() & home.pids]
        ports = {port_of(row.local) for row in own if row.state == _LISTEN and row.sort == "tcp"}
        ends = {(row.remote, row.local): row for row in table}
        joined = [row for row in own if _joined(row, ends.get((row.local, row.remote)))]
        if len(joined) > _MOST:
            raise Unobservable(Reason.TOO_LARGE, f"{located.system} has {len(joined)} connections, more than {_MOST}")
        ended, deaf = _ended(located, home, ports, within)
        return Edges(
            connections=tuple(_connection(row, ports, ends.get((row.local, row.remote))) for row in joined),
            at=called,
            process=_run(main),
            within=_ancestors(main),
            network=home.network,
            hosts=_hosts(main) if home.network else (),
            ended=ended,
            besides=_besides(own),
            only_answers=only_answers,
            deaf=deaf,
        )

    return answer


def _home(located: Located) -> tuple[int | None, Home | None]:
    """The system's first process, and where it lives; None where it cannot be seen."""
    process = _local.serving_process(located)
    if process is not None:
        return process.pid, _of_process(process.pid)
    for url in located.endpoints.values():
        host, port = address(url)
        home = contained(host, port) if port else None
        if home is not None:
            return min(home.pids), home
    return None, None


def _of_process(pid: int) -> Home:
    """Whoever is known by its number may still be in a network of its own. On which ports it listens is not read."""
    try:
        network, own = (os.readlink(f"/proc/{who}/ns/net") for who in (pid, "self"))
    except OSError:
        network = own = ""
    return Home(trees([pid]), frozenset(), "" if network == own else network)


def _called(located: Located) -> Iterable[str]:
    """Its addresses as its callers' sockets show them."""
    for url in located.endpoints.values():
        host, port = address(url)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if port else []
        except OSError:
            continue
        ends = ((str(where[0]), int(where[1])) for *_, where in found)
        yield from (f"{ip}:{number}" for ip, number in ends)


def _readable(pid: int) -> bool:
    try:
        os.listdir(f"/proc/{pid}/fd")
    except PermissionError:
        return False
    except OSError:
        return True  # it has ended
    return True


def _joined(row: Row, other: Row | None) -> bool:
    """Whether it is a connection with somebody else than the audit. ``other``: the socket at its far end."""
    ours = other is not None and other.owners.keys() == {os.getpid()}
    return row.state == _ESTABLISHED and bool(row.remote) and row.sort in ("tcp", "unix") and not ours


def _connection(row: Row, ports: set[str], other: Row | None) -> Connection:
    """``other``: the socket at its far end, where that can be seen."""
    opened = not row.path if row.sort == "unix" else port_of(row.local) not in ports
    peer = " or ".join(f"{name} (pid {pid})" for pid, name in sorted(other.owners.items())) if other else ""
    return Connection(row.local, row.remote, opened, row.sent, row.received, peer)


def _ended(located: Located, home: Home, ports: set[str], within: int | None) -> tuple[dict[str, int] | None, str]:
    """Callers whose connections have ended, and why they cannot be heard."""
    try:
        return ear(home.network, within).ended(f"{located.system} {sorted(home.pids)[:1]}", ports), ""
    except Unobservable as error:
        return None, error.detail


def _besides(own: Sequence[Row]) -> tuple[str, ...]:
    """Ways to reach it that are no TCP."""
    files = any(row.sort == "unix" and row.state == _LISTEN for row in own)
    bound = [row.local for row in own if row.sort == "udp" and row.state == _DATAGRAMS and row.local]
    datagrams = sorted({port_of(local) for local in bound})
    return (*(["a socket in the file system"] if files else []), *(f"UDP port {port}" for port in datagrams))


def _run(pid: int) -> str:
    import psutil

    try:
        return _local.boot(psutil.Process(pid))
    except psutil.Error:
        return ""


def _ancestors(pid: int) -> tuple[str, ...]:
    import psutil

    try:
        return tuple(_local.boot(process) for process in psutil.Process(pid).parents())
    except psutil.Error:
        return ()


def _hosts(pid: int) -> tuple[str, ...]:
    try:
        return tuple(sorted(str(one) for one in _netns.addresses(pid) if not one.is_loopback))
    except OSError:
        return ()
