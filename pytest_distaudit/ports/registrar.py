"""How a kind of service registry is written to: the audit's own entries, and a pause for those of others."""

from __future__ import annotations

from typing import Protocol

from pytest_distaudit.ports.fetch import Request


class Registrar(Protocol):
    """Words what changes a registry as requests, so that each can be promised to be undone before it is sent."""

    def entry(self, service: str, name: str, host: str, port: int) -> Request:
        """Registers an instance ``name`` of the service, like the others of it, passing, and checked by the registry
        itself: it fails there, and goes in the end, once nobody listens. May read. Raises Unobservable.
        """
        ...

    def withdrawal(self, name: str) -> Request:
        """Takes that instance away."""
        ...

    def pause(self, name: str) -> Request:
        """Has an instance of others fail until it is resumed."""
        ...

    def resume(self, name: str) -> Request:
        """Ends the pause."""
        ...

    def send(self, request: Request) -> None:
        """Send one of these. Raises Unobservable unless it was done."""
        ...

    def close(self) -> None:
        """End the conversation; never raises."""
        ...
