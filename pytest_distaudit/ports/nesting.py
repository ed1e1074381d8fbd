"""What an engine inside a container of another engine offers to checks, beside its own containers."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Nesting(Capability):
    """Which engine answers, and which one it is meant to live in.

    ``engine`` and ``outer`` are the engines' own ids: equal for one engine under two names. ``lives_there``: whether
    it names as its host the container that it is meant to live in; None where the engines do not tell.
    ``alike``: groups of containers that run the same image with the same command, environment and mounts.
    """

    capability = "nesting"
    engine: str
    outer: str
    container: str
    lives_there: bool | None = None
    alike: tuple[tuple[str, ...], ...] = ()
