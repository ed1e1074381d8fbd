"""What servers of remote procedures offer to checks: their services, and how well they call each."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class RpcService:
    """A service by its full name. ``listed``: the server's reflection names it (None: it offers none).

    ``methods`` by reflection, None where that does not describe them. ``health``: the server's word on the service
    ("SERVING", "NOT_SERVING", ...; "unknown" where it knows none of that name; "" where it offers no word at all).
    ``served`` and ``unserved``: methods that somebody, or nobody, takes calls for, as far as that was tried.
    """

    name: str
    listed: bool | None
    methods: tuple[str, ...] | None = None
    health: str = ""
    served: tuple[str, ...] = ()
    unserved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Serving(Capability):
    """A server's services. Args: ``services``, ``methods``, ``calls`` (names, separated by commas).

    ``health`` is its word on itself, ``nonsense`` that on a service that cannot exist.
    """

    capability = "serving"
    services: tuple[RpcService, ...]
    health: str = ""
    nonsense: str = ""
    way: str = ""
