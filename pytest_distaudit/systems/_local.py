"""What this host knows of a process that serves one of its ports. Best effort: None is "not known"."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_distaudit.ports.capabilities import ServerProcess
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems._listening import listening

if TYPE_CHECKING:
    import psutil

#: they publish a container's port on the host: the server is behind them, out of this host's sight
_PUBLISHERS = {"docker-proxy", "dockerd", "rootlesskit", "rootlessport", "slirp4netns", "pasta", "conmon"}


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP socket: its ends as ``address:port``, "" where there is none. ``pid`` None: its owner is not known."""

    local: str
    remote: str
    status: str
    pid: int | None


def is_local(host: str) -> bool:
    """Whether ``host`` names this machine."""
    import psutil

    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    mine = {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}
    return all(ip in mine or ipaddress.ip_address(str(ip).partition("%")[0]).is_loopback for ip in found)


def listening_process(host: str, port: int) -> psutil.Process | None:
    """The process that listens on ``port`` here, the eldest if several share it."""
    import psutil

    try:
        processes = listeners(host, port)
        served = [process for process in processes if process.name() not in _PUBLISHERS]
    except psutil.Error:
        return None
    return served[0] if served and len(served) == len(processes) else None


def listeners(host: str, port: int) -> list[psutil.Process]:
    """All that listen on ``port`` here and can be seen, the eldest first. Raises psutil.Error."""
    import psutil

    if not is_local(host):
        return []
    return sorted(map(psutil.Process, listening({port})), key=lambda process: process.create_time())


def boots(located: Located, *, descendants: bool = True) -> str:
    """Every run of a process that serves the system here, by inventory, else by who listens; "" if none can be seen.

    A reload that brings new processes in changes the text.
    """
    import psutil

    inventory = located.inventory() if located.inventory else None
    try:
        if inventory is not None and inventory.pid is not None:
            own = psutil.Process(inventory.pid)
            found = tree(own) if descendants else (own,)
        else:
            found = _listening_at({address(url) for url in located.endpoints.values()})
        if any(process.name() in _PUBLISHERS for process in found):
            return ""
        return "+".join(sorted({boot(process) for process in found} - {""}))
    except psutil.Error:
        return ""


def _listening_at(places: Collection[tuple[str, int]]) -> tuple[psutil.Process, ...]:
    """All that listen on these ports of this host. Raises psutil.Error."""
    import psutil

    ports = {port for host, port in places if port and is_local(host)}
    return tuple(map(psutil.Process, listening(ports))) if ports else ()


def serving_process(located: Located, besides: int = 0) -> psutil.Process | None:
    """The system's process: by inventory, else by who listens on an endpoint other than port ``besides``."""
    import psutil

    inventory = located.inventory() if located.inventory else None
    if inventory is not None and inventory.pid is not None:
        try:
            return psutil.Process(inventory.pid)
        except psutil.Error:
            return None
    for url in located.endpoints.values():
        host, port = address(url)
        process = listening_process(host, port) if port != besides else None
        if process is not None:
            return process
    return None


def server(located: Located, identity: str, how: str) -> ServerProcess:
    """The system's process by an ``identity`` of its own, with what this host knows of it."""
    own = serving_process(located)
    return ServerProcess(identity, how, own.pid if own else None, listens_on=listens_on([own]) if own else ())


def tree(process: psutil.Process) -> tuple[psutil.Process, ...]:
    """The process and all its descendants."""
    import psutil

    try:
        return (process, *process.children(recursive=True))
    except psutil.Error:
        return (process,)


def owns(process: psutil.Process, port: int) -> bool | None:
    """Whether ``process`` or a descendant listens on ``port``; None if that cannot be seen."""
    import psutil

    try:
        found = listening({port})
    except psutil.Error:
        return None
    return bool(found & {member.pid for member in tree(process)}) if found else None


def listens_on(processes: Iterable[psutil.Process]) -> tuple[str, ...]:
    """Addresses (``host:port``) on which the processes listen, sorted."""
    import psutil

    return tuple(sorted({local for local, _, status in _connections(processes) if status == psutil.CONN_LISTEN}))


_MAPPED = "::ffff:"


def connections() -> list[Connection] | None:
    """All TCP sockets of this host's own network; None if they cannot be seen."""
    import psutil

    try:
        table = psutil.net_connections("tcp")
    except psutil.Error:
        return None
    return [Connection(_written(one.laddr), _written(one.raddr), one.status, one.pid) for one in table]


def _written(place: Any) -> str:
    return f"{place.ip.removeprefix(_MAPPED)}:{place.port}" if place else ""


def _connections(processes: Iterable[psutil.Process]) -> Iterable[tuple[str, str, str]]:
    import psutil

    for process in processes:
        try:
            for entry in process.net_connections("tcp"):
                peer = f"{entry.raddr.ip}:{entry.raddr.port}" if entry.raddr else ""
                yield f"{entry.laddr.ip}:{entry.laddr.port}", peer, entry.status
        except psutil.Error:
            continue


def boot(process: psutil.Process) -> str:
    """What tells this run of the process from any other one on this host; "" if it is gone."""
    import psutil

    try:
        return f"{process.pid}:{process.create_time():.2f}"
    except psutil.Error:
        return ""
