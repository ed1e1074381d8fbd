"""What a check must see before it can judge."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.observation import Ask


@dataclass(frozen=True, slots=True)
class Look:
    """A read of every system in ``role``: one ask, shared by all claims that want it."""

    role: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Perform:
    """The claim's activity, performed with nonces while the asks of ``watch`` are followed."""

    watch: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True)
class Alternate:
    """The claim's activity, performed with nonces in windows of time drawn by lot among others in which nothing is
    performed, while the asks of ``watch`` are looked at between the windows. ``each``: performances per window."""

    watch: tuple[Look, ...] = ()
    each: int = 5


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing of the audit's for at least so many ``seconds``, with the asks of ``watch`` looked at before, after and
    now and then.

    It is longer where the watched statistics lag much."""

    watch: tuple[Look, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Probe:
    """A procedure over several roles that writes the audit's own nonces (``probes = "write"``).

    ``args``: what else it is told, as (name, text).
    """

    name: str
    roles: tuple[str, ...]
    args: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What the project's own files say; no system is asked."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Disturb:
    """``fault`` done to each system in ``role``, one system after the other, while the claim's operations are asked.

    ``watch`` is looked at all the while. One experiment serves all claims about the same fault of the same system; its
    course is the longest of theirs. ``held``: a role whose systems stand still from ``hold_s`` before the fault until
    what was disturbed serves again.
    """

    fault: Fault
    role: str
    course: Course
    watch: tuple[Look, ...] = ()
    held: str = ""


Need = Look | Perform | Alternate | Rest | Probe | Read | Disturb
