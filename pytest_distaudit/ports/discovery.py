"""What a registry of services offers to checks: how soon it tells where a service is."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class LookupTimes(Capability):
    """Look-ups of a service that the audit made one after another, in seconds. Args: ``service``, ``times``.

    ``took``: of those whose whole answer named instances of the service, from before the question was sent until
    the last byte was read, on one connection that stays open. ``control``: of as many questions in between, on the
    same connection, for which the registry has to look nothing up. The others: ``late`` were not answered within
    ``patience``, ``empty`` named no instance, ``wrong`` were an error or about something else, and said ``said``.
    ``instances`` (``host:port``) were named last. ``invented`` were named for a service that nobody can have
    registered; None: that was not answered. ``cut``: fewer were made than wanted, as they took too long.
    """

    capability = "lookup-times"
    service: str
    took: tuple[float, ...]
    control: tuple[float, ...]
    patience: float
    late: int = 0
    empty: int = 0
    wrong: int = 0
    said: str = ""
    instances: tuple[str, ...] = ()
    invented: int | None = None
    cut: bool = False
