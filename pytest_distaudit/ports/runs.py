"""Which runs of which processes serve for a system."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Runs(Capability):
    """The processes that listen for a system, by the kernel's word: the system itself is asked nothing.

    ``serving``: each as a text that no other start of it has, the eldest first; a program that replaces itself in the
    same process keeps its text. Empty: nobody listens now. ``unseen``: why its processes cannot be seen, else "".
    """

    capability = "runs"
    serving: tuple[str, ...]
    unseen: str = ""
