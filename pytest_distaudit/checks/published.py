"""Claims about ports of containers that the engine makes ports of its host. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import NoReturn

from pytest_distaudit.checks.chosen import CONTAINER, ENGINE, PROJECT, commands, does, is_named, is_up, state
from pytest_distaudit.checks.idleness import Doing
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.ports.containers import Container, Containers, PublishedPort

_HOST_NETWORK = "host"

#: a container with one of its published ports
_Way = tuple[Container, PublishedPort]


@check(
    "port.published",
    claims="the host's port leads into the container, and somebody listens inside",
    says="port {port} of the host",
    rung=Rung.CONFIGURED,
    roles=ENGINE,
    params={
        "port": Parameter(ParameterType.NUMBER, "the port of the engine's host"),
        "to": Parameter(ParameterType.NUMBER, "the container's port that it leads to", None),
        "container": Parameter(ParameterType.TEXT, f"{CONTAINER.help}; default: any", None),
        "project": PROJECT,
        "protocol": Parameter(ParameterType.TEXT, "tcp or udp", "tcp"),
        "reachable": Parameter(ParameterType.FLAG, "whether other hosts can reach it; default: either way", None),
    },
    needs=lambda claim: (Look("system", Containers.ask()),),
    settles_s=15.0,
    shows_not="that the right server listens (port.open, http.answers)",
)
def published(claim: Claim, evidence: Evidence) -> Judgement:
    """An engine that publishes a port accepts connections to it even when nobody listens behind."""
    port, to = _port(claim["port"]), _port(claim["to"])
    seen = evidence.one(Containers)
    ways = [
        (one, way)
        for one in seen.containers
        for way in one.ports
        if way.host_port == port and way.protocol == claim["protocol"]
    ]
    if not ways:
        _nowhere(claim, port, seen.containers)
    mine = [way for way in ways if _is_meant(claim, way[0])]
    if not mine:
        refute(f"port {port} is {ways[0][0].name}'s", f"claimed {claim['container'] or claim['project']}")
    _bound_as_claimed(claim, mine, to)
    return _listened_to(port, mine)


def _port(wanted: Comparison | None) -> int:
    """The number; 0 if none is given."""
    if wanted is None:
        return 0
    if wanted.operator != "==" or wanted.quantity.value not in range(1, 65536):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"port {wanted}", "is no port; write one of 1 to 65535")
    return int(wanted.quantity.value)


def _is_meant(claim: Claim, container: Container) -> bool:
    return is_named(container, claim["container"] or "*", claim["project"])


def _nowhere(claim: Claim, port: int, containers: Sequence[Container]) -> NoReturn:
    """No container has the port; say what comes next to it."""
    meant = [one for one in containers if _is_meant(claim, one)]
    direct = [one for one in meant if _HOST_NETWORK in one.networks and is_up(one)]
    if direct and (claim["container"] or claim["project"]):
        because = f"{direct[0].name} is in its host's network: it publishes nothing and may listen there itself"
        unverifiable(Reason.NO_OBSERVABLE, f"port {port} not published", because, remedy="claim port.open")
    spoken = [one for one in meant if f"{port}/{claim['protocol']}" in one.exposed]
    down = [one for one in meant if not is_up(one)]
    because = "no container of the engine publishes it"
    if spoken:
        because += f"; {spoken[0].name} only exposes it to other containers"
    elif down and claim["container"]:
        because += f"; {state(down[0])}"
    refute(f"port {port} not published", because, remedy="publish it, or correct the document")


def _bound_as_claimed(claim: Claim, ways: Sequence[_Way], to: int) -> None:
    container, way = ways[0]
    if to and all(other.port != to for _, other in ways):
        refute(f"port {way.host_port} leads to port {way.port}", f"of {container.name}; claimed {to}")
    if claim["reachable"] is None:
        return
    open_ = [other.host for _, other in ways if not _is_loopback(other.host)]
    if claim["reachable"] and not open_:
        refute(f"port {way.host_port} is bound to loopback", f"{container.name} publishes it on {way.host} only")
    if not claim["reachable"] and open_:
        refute(f"port {way.host_port} is open to other hosts", f"{container.name} publishes it on {open_[0]}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listened_to(port: int, ways: Sequence[_Way]) -> Judgement:
    """A socket inside decides where it can be seen, a connection where it can be made."""
    container, first = ways[0]
    where = f"port {first.port} of {container.name}"
    if not is_up(container):
        refute(f"port {port}: {state(container)}", f"it is published for {where}")
    if does(container) is Doing.IDLES:
        refute(f"port {port}: {container.name} does nothing", f"{where}: {commands(container)}", conclusive=True)
    listens = {way.listens for _, way in ways}
    dialled = {way.dialled for _, way in ways}
    if listens == {False}:
        refute(f"nobody listens behind port {port}", f"{where} has no listener that others can reach")
    if dialled == {"refused"} and listens == {None}:
        refute(f"port {port} refuses", f"published for {where}")
    if dialled == {"refused"}:
        because = f"somebody listens on {where}, but a connection to the host's port is refused from here"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"port {port} refuses", because)
    if True in listens:
        return verified(f"port {port} leads to {where}", "somebody listens there")
    if "open" in dialled:
        return verified(f"port {port} leads to {where}", "a connection to it stays open")
    because = "whoever publishes it hung up at once" if "closed" in dialled else "it cannot be dialled from here"
    return unverifiable(
        Reason.NO_OBSERVABLE, f"port {port} published", f"whether somebody listens is hidden: {because}"
    )
