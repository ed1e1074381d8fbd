"""What this host knows of a container from outside: its own table of sockets, its published ports dialled."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.systems import _netns
from pytest_distaudit.systems._wire import Wire

_PROC = Path("/proc")
_TABLES = {"tcp": (_netns.TCP, _netns.LISTENING), "udp": (_netns.UDP, _netns.UNCONNECTED)}
#: whoever publishes a port where nobody listens hangs up at once
_PATIENCE_S = 0.3


def is_here(pid: int, container: str) -> bool:
    """Whether process ``pid`` of this host is of that container: the engine may be another machine's."""
    try:
        return pid > 0 and container in (_PROC / str(pid) / "cgroup").read_text("utf-8", "replace")
    except OSError:
        return False


def reachable_sockets(pid: int) -> frozenset[tuple[str, int]] | None:
    """(protocol, port) of sockets in the network of ``pid`` that others can reach; None if that cannot be read."""
    try:
        return frozenset(
            (protocol, one.local[1])
            for protocol, (tables, state) in _TABLES.items()
            for one in _netns.sockets(pid, tables)
            if one.state == state and not one.local[0].is_loopback
        )
    except OSError:
        return None


def dialled(host: str, port: int, connect_s: float) -> str:
    """What came of connecting: "open", "closed" at once, "refused", "" for anything else."""
    try:
        with Wire(host, port, connect_s + _PATIENCE_S, connect_s) as wire:
            with suppress(Unobservable):
                return "open" if wire.read(_PATIENCE_S) != b"" else "closed"
            return "closed"  # reset
    except Refusal:
        return "refused"
    except Unobservable:
        return ""
