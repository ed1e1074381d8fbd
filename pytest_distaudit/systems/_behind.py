"""Whether a local HTTP server answers by itself, or has another process of this host answer for it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_distaudit.systems._woken import woken_by

if TYPE_CHECKING:
    import psutil

#: they run with every answer of a server whose log they keep, and answer nobody
_COLLECTORS = {
    "auditd",
    "conmon",
    "containerd",
    "containerd-shim",
    "containerd-shim-runc-v2",
    "dbus-broker",
    "dbus-daemon",
    "dockerd",
    "filebeat",
    "fluent-bit",
    "promtail",
    "rsyslogd",
    "syslog-ng",
    "systemd",
    "systemd-journal",
    "systemd-journald",
    "vector",
}
#: asked while it is watched whom the process is connected to, and how often that is looked up
_QUESTIONS, _BETWEEN_LOOKS_S = 40, 0.0005


@dataclass(frozen=True, slots=True)
class Behind:
    """Who answers in its place, by address: ``servers`` to whom it is seen to be connected, ``perhaps``
    others that answer alike and run when it is asked. ``doubt``: why it cannot be told; "" if it can."""

    servers: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    doubt: str = ""


def behind(own: psutil.Process, port: int, ask: Callable[[], bool], alike: Callable[[str], bool | None]) -> Behind:
    """Who answers when ``own`` is asked on ``port``.

    ``ask`` asks it once and says whether an answer came. ``alike`` asks another address for what cannot
    exist and says whether it answers as ``own`` does: a service that only works with others answers for
    itself what cannot exist. None: it cannot be asked.
    """
    host = _Host(own, port, alike)
    woken = woken_by(ask, host.could_answer, host.answers)
    if woken is None:
        return Behind(doubt="this host does not tell who runs when it is asked")
    sure = [pid for pid in sorted(woken.surely) if host.alike(pid)]
    places = tuple(sorted({place for pid in sure for place in host.listens[pid]}))
    if sure and host.dials(sure, ask):
        return Behind(servers=places)
    if woken.surely:
        return Behind(perhaps=places, doubt=f"{host.named(min(woken.surely))} runs with each of its answers")
    if woken.unclear:
        return Behind(doubt=f"{host.named(min(woken.unclear))} is too busy to see whether it answers in its place")
    return Behind()


class _Host:
    """The other processes of this host, each asked at most once."""

    def __init__(self, own: psutil.Process, port: int, alike: Callable[[str], bool | None]) -> None:
        self.listens, local = _listening()
        self._local = local
        self._own = {pid for pid, places in self.listens.items() if port in map(_port_of, places)} | {own.pid}
        self._aside = self._own | _above_this()
        self._alike = alike
        self._heard: dict[int, bool | None] = {}

    def could_answer(self, pid: int) -> bool:
        """Whether it offers anything that others can connect to, or hides that from the audit."""
        if pid in self._aside or self._heard.get(pid, True) is False:
            return False
        return pid in self.listens or (_name(pid) not in _COLLECTORS and (pid in self._local or _hides(pid)))

    def answers(self, pid: int) -> bool:
        """Whether it may be the one that answers: nothing that could be asked of it says otherwise."""
        return self.could_answer(pid) and self.alike(pid) is not False

    def alike(self, pid: int) -> bool | None:
        """Whether it answers as the process in question does; None where that cannot be asked."""
        if pid not in self._heard:
            heard = {self._alike(place) for place in map(reachable, self.listens.get(pid, ()))}
            self._heard[pid] = True if True in heard else None if None in heard or not heard else False
        return self._heard[pid]

    def dials(self, pids: list[int], ask: Callable[[], bool]) -> bool:
        """Whether the process in question is seen to be connected to one of these while it is asked."""
        ports = {_port_of(place) for pid in pids for place in self.listens[pid]}
        before = _connections(ports)
        with _Lookout(self._own, ports) as lookout:
            for _ in range(_QUESTIONS):
                if lookout.seen:
                    return True
                ask()
        # those just closed belong to nobody any more
        return lookout.seen or len(_connections(ports) - before) >= _QUESTIONS / 4

    def named(self, pid: int) -> str:
        """The process for a report."""
        places = ", ".join(sorted(self.listens.get(pid, ())))
        return f"process {pid} ({_name(pid) or 'unknown'}{', ' + places if places else ''})"


def _above_this() -> set[int]:
    """What started the audit, up to the first process: they read what it prints, and run with it."""
    import psutil

    with suppress(psutil.Error):
        return {1, *(process.pid for process in psutil.Process().parents())}
    return {1}


def _listening() -> tuple[Mapping[int, set[str]], set[int]]:
    """Process -> addresses on which it listens; and the processes that have bound a socket of this host's own."""
    import psutil

    listens: dict[int, set[str]] = defaultdict(set)
    with suppress(psutil.Error):
        for entry in psutil.net_connections("tcp"):
            if entry.status == psutil.CONN_LISTEN and entry.pid and entry.laddr:
                listens[entry.pid].add(f"{entry.laddr.ip}:{entry.laddr.port}")
    local: set[int] = set()
    with suppress(psutil.Error):
        local = {entry.pid for entry in psutil.net_connections("unix") if entry.pid and entry.laddr}
    return dict(listens), local


class _Lookout:
    """Watches from a thread whom processes are connected to; ``seen`` once it is one of ``ports``."""

    def __init__(self, pids: Collection[int], ports: Collection[int]) -> None:
        self._pids, self._ports = pids, ports
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.seen = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        while not self._over.is_set() and not self.seen:
            for pid in self._pids:
                with suppress(psutil.Error):
                    entries = psutil.Process(pid).net_connections("tcp")
                    self.seen = self.seen or any(one.raddr and one.raddr.port in self._ports for one in entries)
            self._over.wait(_BETWEEN_LOOKS_S)


def _connections(ports: set[int]) -> set[frozenset[tuple[str, int]]]:
    """Connections to these ports that no process holds any more: they were closed a short while ago."""
    import psutil

    found = set()
    with suppress(psutil.Error):
        for entry in psutil.net_connections("tcp"):
            if entry.pid is None and entry.laddr and entry.raddr:
                ends = {(entry.laddr.ip, entry.laddr.port), (entry.raddr.ip, entry.raddr.port)}
                if any(port in ports for _, port in ends):
                    found.add(frozenset(ends))
    return found


def _port_of(place: str) -> int:
    return int(place.rpartition(":")[2])


def reachable(place: str) -> str:
    """An address on which one listens as one to connect to."""
    host, _, port = place.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _name(pid: int) -> str:
    import psutil

    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""


def _hides(pid: int) -> bool:
    """Whether the audit may not see what the process, if it is one of a program, has open."""
    import psutil

    try:
        process = psutil.Process(pid)
        if not process.cmdline():
            return False  # the kernel's own
        process.net_connections("tcp")
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False
    return False
