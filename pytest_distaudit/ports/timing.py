"""When things happened: how long a system took to be ready."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Startup(Capability):
    """How long the system's process took from its start to ready, where the audit started it.

    Ready after more than ``over_s`` and at most ``within_s`` seconds: it was asked now and then. ``within_s`` None:
    it was never ready in the ``over_s`` seconds for which it was watched, and ``trouble`` says why.
    ``own_word``: ready by an answer of the product itself; a port or a process alone is none.
    """

    capability = "startup"
    over_s: float
    within_s: float | None
    own_word: bool
    trouble: str = ""
