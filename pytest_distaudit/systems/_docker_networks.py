"""Networks of the engine's containers by their ids, and connections tried between groups of them.

Ids come from the engine. Attempts are made from within the containers' own networks where they are
of this host and the audit may enter them (root); an engine inside a container is of this host, too.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.networks import (
    CONTROL,
    DIRECT,
    PUBLISHED,
    Attachment,
    Attempt,
    Member,
    Neighbourhood,
    groups_of,
)
from pytest_distaudit.systems import _netns
from pytest_distaudit.systems._docker_inside import is_here
from pytest_distaudit.systems._docker_session import DockerSession
from pytest_distaudit.systems._netns_dials import Dial, dialled
from pytest_distaudit.systems._netns_enter import within

_PROC = Path("/proc")
_COMPOSE = "com.docker.compose."
_MOST, _MOST_ATTEMPTS = 1000, 2000
_AT_ONCE = 8
_TALKS = "com.docker.network.bridge.enable_icc"
_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A container with what is needed to dial: ``pid`` of this host (0: not seen), the addresses of its network
    stack, the host's addresses on its networks, and its published (address of the host, port, own port)."""

    member: Member
    pid: int = 0
    addresses: tuple[_netns.Address, ...] = ()
    gateways: tuple[_netns.Address, ...] = ()
    published: tuple[tuple[str, int, int], ...] = ()


def neighbourhood(session: DockerSession, ask: Ask) -> Neighbourhood:
    """Every container; and attempts between those of different groups, with controls."""
    networks = _networks(session)
    rows = session.read("/containers/json?all=1")
    if not isinstance(rows, list):
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /containers/json: the answer is no list")
    if len(rows) > _MOST:
        raise Unobservable(Reason.TOO_LARGE, f"the engine has {len(rows)} containers; {_MOST} can be looked at")
    here = _processes_here()
    with ThreadPoolExecutor(session.limits.connections) as pool:
        inspected = pool.map(lambda row: session.get(f"/containers/{row.get('Id', '')}/json"), rows)
        told = [one.decoded("GET /containers/json") for one in inspected if one.status == 200]
    everybody = [_one(seen, networks, here) for seen in told]
    groups = groups_of(ask.arg("groups", "")) or {}
    project = ask.arg("project", "") or None
    grouped = {
        name: [one for one in everybody if one.member.fits(globs, project) and one.member.up]
        for name, globs in groups.items()
    }
    attempts, skipped = _attempts(grouped, everybody)
    members = sorted((one.member for one in everybody), key=lambda one: (one.project, one.name))
    return Neighbourhood(tuple(members), tuple(attempts), skipped)


def _networks(session: DockerSession) -> Mapping[str, Mapping[str, Any]]:
    rows = session.read("/networks")
    if not isinstance(rows, list):
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /networks: the answer is no list")
    return {str(row.get("Id", "")): row for row in rows if isinstance(row, dict)}


def _one(seen: Mapping[str, Any], networks: Mapping[str, Mapping[str, Any]], here: Mapping[str, int]) -> _Seen:
    labels, state = seen["Config"].get("Labels") or {}, seen["State"]
    settings = seen.get("NetworkSettings") or {}
    attached = settings.get("Networks") or {}
    attachments = tuple(_attachment(name, one or {}, networks) for name, one in sorted(attached.items()))
    member = Member(
        name=str(seen["Name"]).removeprefix("/"),
        project=str(labels.get(f"{_COMPOSE}project", "")),
        service=str(labels.get(f"{_COMPOSE}service", "")),
        up=state.get("Status") == "running",
        attachments=attachments,
    )
    identity, told = str(seen["Id"]), int(state.get("Pid") or 0)
    found = _Seen(member, gateways=tuple(_gateways(attachments, networks)), published=tuple(_published(settings)))
    if not member.up:
        return found
    pid = told if is_here(told, identity) else here.get(identity, 0)
    return _entered(found, pid, identity)


def _attachment(name: str, told: Mapping[str, Any], networks: Mapping[str, Mapping[str, Any]]) -> Attachment:
    network = str(told.get("NetworkID") or "")
    row = networks.get(network, {})
    talks = (row.get("Options") or {}).get(_TALKS)
    return Attachment(network, name, str(row.get("Driver", "")), None if talks is None else talks == "true")


def _gateways(attachments: Iterable[Attachment], networks: Mapping[str, Mapping[str, Any]]) -> Iterator[_netns.Address]:
    """The host's own addresses on these networks; an internal network has one, too."""
    for one in attachments:
        for part in ((networks.get(one.network, {}).get("IPAM") or {}).get("Config")) or ():
            with suppress(ValueError):
                yield ipaddress.ip_address(str(part.get("Gateway", "")).partition("/")[0])


def _published(settings: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    for written, bindings in sorted((settings.get("Ports") or {}).items()):
        port, _, protocol = written.partition("/")
        for binding in bindings or ():
            if protocol == "tcp" and binding.get("HostPort"):
                yield str(binding.get("HostIp", "")), int(binding["HostPort"]), int(port)


def _processes_here() -> Mapping[str, int]:
    """Id of a container -> its first process of this host: one in a nested engine has another number there."""
    found: dict[str, int] = {}
    with suppress(OSError):
        for pid in sorted(int(entry) for entry in os.listdir(_PROC) if entry.isdecimal()):
            with suppress(OSError):
                words = _ID.findall((_PROC / str(pid) / "cgroup").read_text("ascii", "replace"))
                if words:
                    found.setdefault(words[-1], pid)
    return found


def _entered(seen: _Seen, pid: int, identity: str) -> _Seen:
    """With what its network stack shows, where that may be entered."""
    if not pid:
        return replace(seen, member=replace(seen.member, hidden="it does not run on this host"))
    try:
        namespace = os.readlink(_PROC / str(pid) / "ns/net")
        within(pid, lambda: None)
        addresses = tuple(sorted(_outer(_netns.addresses(pid)), key=str))
        listening = _listening(pid, identity, namespace)
    except OSError as error:
        hidden = f"its network cannot be entered ({error.strerror or error}); run the audit as root on that host"
        return replace(seen, member=replace(seen.member, hidden=hidden))
    member = replace(seen.member, namespace=namespace, alone=not addresses, ports=tuple(sorted(listening)))
    return replace(seen, member=member, pid=pid, addresses=addresses)


def _outer(addresses: Iterable[_netns.Address]) -> set[_netns.Address]:
    return {one for one in addresses if not (one.is_loopback or one.is_link_local)}


def _listening(pid: int, identity: str, namespace: str) -> set[int]:
    """Ports that others can reach; of a container in the host's own network only those that its processes hold."""
    table = [one for one in _netns.sockets(pid) if one.state == _netns.LISTENING and not one.local[0].is_loopback]
    if namespace == os.readlink(_PROC / "self/ns/net"):
        held = _held(identity)
        table = [one for one in table if one.inode in held]
    return {one.local[1] for one in table}


def _held(identity: str) -> set[int]:
    """Inodes of the sockets of all of the container's processes."""
    found: set[int] = set()
    for entry in filter(str.isdecimal, os.listdir(_PROC)):
        if is_here(int(entry), identity):
            with suppress(OSError):
                for handle in os.listdir(_PROC / entry / "fd"):
                    with suppress(OSError):
                        kind, _, inode = os.readlink(_PROC / entry / "fd" / handle).partition(":")
                        if kind == "socket":
                            found.add(int(inode.strip("[]")))
    return found


#: (whom, way, address and door)
_Plan = tuple[str, str, Dial]


def _attempts(grouped: Mapping[str, Sequence[_Seen]], everybody: Sequence[_Seen]) -> tuple[list[Attempt], int]:
    """All that is tried, source by source, several at a time."""
    sources = {one.member.name: one for members in grouped.values() for one in members if one.pid}
    plans: dict[str, list[_Plan]] = {name: [] for name in sources}
    for group, members in grouped.items():
        others = [one for name, those in grouped.items() if name != group for one in those if one.pid]
        for source in members:
            if source.pid:
                plans[source.member.name] += [plan for other in others for plan in _ways(source, other)]
    each = _MOST_ATTEMPTS // max(1, len(plans))
    skipped = sum(max(0, len(plan) - each) for plan in plans.values())
    plans = {name: plan[:each] for name, plan in plans.items()}
    with ExitStack() as stack:
        for name, source in sources.items():
            plans[name] += _controls(source, everybody, stack)
        plans[""] = [plan for one in sources.values() for plan in _directly(one, CONTROL)]
        pids = {"": os.getpid(), **{name: one.pid for name, one in sources.items()}}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            done = pool.map(lambda name: _tried(name, pids[name], plans[name]), plans)
            return [attempt for each in done for attempt in each], skipped


def _ways(source: _Seen, target: _Seen) -> Iterator[_Plan]:
    if source.member.namespace == target.member.namespace:
        return
    yield from _directly(target, DIRECT, source)
    for address in source.gateways:
        for host, port, own in target.published:
            if own in (target.member.ports or ()) and _is_bound(host, address):
                yield target.member.name, PUBLISHED, Dial((address, port), (target.pid, own), passed_on=True)


def _directly(target: _Seen, way: str, source: _Seen | None = None) -> Iterator[_Plan]:
    addresses = target.addresses
    if target.pid and target.member.namespace == os.readlink(_PROC / "self/ns/net"):
        addresses = source.gateways if source is not None else ()  # the host has too many to try them all
    for address in addresses:
        for port in target.member.ports or ():
            yield target.member.name, way, Dial((address, port), (target.pid, port))


def _is_bound(host: str, address: _netns.Address) -> bool:
    return {"": "0.0.0.0"}.get(host, host) in (str(_netns.EVERYWHERE[address.version == 6]), str(address))  # noqa: S104


def _controls(source: _Seen, everybody: Sequence[_Seen], stack: ExitStack) -> Iterator[_Plan]:
    """Where the same dial is to succeed: others on its networks, and a socket of the audit on the host's side."""
    own = {one.network for one in source.member.attachments}
    for other in everybody:
        beside = own & {one.network for one in other.member.attachments}
        if beside and other.pid and other.member.namespace != source.member.namespace:
            yield from _directly(other, CONTROL, source)
    for address in source.gateways:
        wire = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        stack.callback(wire.close)
        with suppress(OSError):
            wire.bind((str(address), 0))
            wire.listen()
            port = wire.getsockname()[1]
            yield "", CONTROL, Dial((address, port), (os.getpid(), port))


def _tried(source: str, pid: int, plans: Sequence[_Plan]) -> list[Attempt]:
    try:
        outcomes = dialled(pid, [dial for _, _, dial in plans])
    except OSError:
        return []  # it has just ended: no attempt, no control
    return [
        Attempt(source, target, _netns.written(dial.place), way, outcome)
        for (target, way, dial), outcome in zip(plans, outcomes, strict=True)
    ]
