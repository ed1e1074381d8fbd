"""Whether somebody listens where a gateway leads, for servers that the gateway itself does not check."""

from __future__ import annotations

from dataclasses import replace

from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayServer
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems._knocking import Place, knocked

#: the argument of the ask that wants it
KNOCK = "knock"


def knocked_at(located: Located, limits: Limits, seen: Gateway) -> Gateway:
    """``seen`` with unchecked servers that refuse connections marked as down."""
    unchecked = {
        place
        for backend in seen.backends or ()
        for server in backend.servers or ()
        if server.healthy is None and (place := _place(server))
    }
    if not unchecked or "url" not in located.endpoints:
        return seen
    answers = knocked(located, limits, unchecked)
    refusing = {place for place, accepts in answers.items() if accepts is False}
    backends = tuple(_marked(backend, refusing) for backend in seen.backends or ())
    return replace(seen, backends=backends) if refusing else seen


def _marked(backend: GatewayBackend, refusing: set[Place]) -> GatewayBackend:
    servers = tuple(
        replace(one, healthy=False, state="refuses connections")
        if one.healthy is None and _place(one) in refusing
        else one
        for one in backend.servers or ()
    )
    return replace(backend, servers=servers) if backend.servers else backend


def _place(server: GatewayServer) -> Place | None:
    host, _, port = server.address.rpartition(":")
    return (host, int(port)) if host and port.isdecimal() else None
