"""What a gateway or balancer offers to checks: its routes, where they lead, and what it has passed on."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """One server behind a gateway. ``address`` is host:port, "" where it is not told.

    ``healthy`` None: nothing checks it. ``state`` is the product's own word. ``answered``: requests of the
    gateway that this very server answered since the counters began; health checks are not among them.
    """

    name: str
    address: str = ""
    healthy: bool | None = None
    state: str = ""
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class GatewayBackend:
    """What a route can lead to, with its servers; ``servers`` None: they cannot be read.

    ``answered``: requests that its servers answered, as those of a server; None where nobody counts them.
    """

    name: str
    servers: tuple[GatewayServer, ...] | None = None
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One route. ``to`` names a backend, "" leads nowhere. Empty ``hosts``, ``paths`` or ``methods``: any.

    A path stands for itself and all that begins with it; one that begins with "~" is a pattern. ``conditions``: what
    else a request must have, in the product's words.
    """

    name: str
    to: str
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gateway(Capability):
    """A gateway's configuration at work and its counters, by one process. Args: ``knock``.

    With ``knock`` servers that nothing checks are tried with a connection: those that certainly refuse are unhealthy.

    ``routes`` and ``backends`` None: they cannot be read. ``taken_in``: requests that came for others than the
    gateway; ``own_answers``: requests that it answered by a rule of its own (pages, redirects, fixed answers);
    ``cached``: those answered from its cache. ``unseen`` says why what is None is not told.
    """

    capability = "gateway"
    routes: tuple[GatewayRoute, ...] | None
    backends: tuple[GatewayBackend, ...] | None
    taken_in: int | None = None
    own_answers: int | None = None
    cached: int | None = None
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class GatewayRefusal(Capability):
    """The gateway's answer to a path that cannot exist. ``body`` is at most 200 characters.

    ``own``: whether the gateway itself gave it; false: it asked a server; None: that cannot be told.
    """

    capability = "gateway-refusal"
    status: int
    own: bool | None
    body: str = ""
