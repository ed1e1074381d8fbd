"""What a service registry offers to checks: who is registered, who is well, and who asks for whom."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a registry itself checks of an instance. ``manner``: "http", "tcp", "grpc", "ttl", "script", ...

    ``asks``: host:port of what it asks, "" where that is not told.
    """

    name: str
    manner: str
    status: str
    asks: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """One registered instance: ``address`` is its own, or its node's where it registered none.

    ``status`` is the worst of its checks and its node's: "passing", "warning" or "critical".
    ``answers``: whether the address accepts a connection of the audit's; false only for a refusal
    with a second witness on that host.
    """

    id: str
    node: str
    address: str
    port: int
    status: str
    checks: tuple[HealthCheck, ...] = ()
    node_address: str = ""
    answers: bool | None = None


@dataclass(frozen=True, slots=True)
class RegisteredService:
    """A service's name in the registry and its instances."""

    name: str
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Registry(Capability):
    """Everything registered beside the registry itself, whose own address is ``own``."""

    capability = "registry"
    services: tuple[RegisteredService, ...]
    own: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look-up, finished ``at`` (seconds since the epoch) after ``took`` seconds.

    ``service`` "": a list of many, or a question whose answer may name any. ``asker``: who
    asked, as far as this host knows, else its address. ``slept``: ports of the target whose
    processes were certainly given no processor meanwhile, so that none of them asked.
    """

    service: str
    at: float
    took: float
    way: str
    asker: str
    slept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookups(Capability):
    """What others than the audit looked up in a registry while the audit listened. Args: ``service``.

    ``listened_from`` begins anew where listening broke off; ``gaps`` are (from, to) within it.
    ``seen`` are those of the service and those that may tell of any, ``others`` counts the rest.
    ``connected`` names who else holds a connection to the registry, over which a question may be
    pending. ``deaf_to`` counts further agents of the registry, whose callers cannot be heard here.
    ``counted`` is the registry's own count of look-ups of the service since ``counted_from``.
    """

    capability = "lookups"
    service: str
    listened_from: float
    seen: tuple[Lookup, ...] = ()
    others: int = 0
    gaps: tuple[tuple[float, float], ...] = ()
    connected: tuple[str, ...] | None = None
    deaf_to: int | None = None
    counted: int | None = None
    counted_from: float | None = None
    way: str = ""
