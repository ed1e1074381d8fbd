"""How a kind of system is started natively: what a recipe offers, and what it is given."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_distaudit.domain.target import SystemSpec


class StartFailed(Exception):
    """A system did not come up; the message is one sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Option:
    """One key of a ``native`` table: ``wants`` in words ("a list of words"), ``fits`` decides."""

    wants: str
    fits: Callable[[Any], bool]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: ``env`` is its whole environment, ``user`` an account name (None: oneself), ``group``
    one more group of its processes.

    ``stop_signal`` asks it to end; after ``grace_s`` seconds its whole tree is killed.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    grace_s: float = 0.6
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """Where one system will live. ``workdir`` is its own and empty; ``free_port`` gives a new port a call.

    ``endpoints``: those of every system that this one waits for, planned before it.
    """

    workdir: Path
    root: Path
    environ: Mapping[str, str] = field(repr=False)
    free_port: Callable[[], int]
    endpoints: Mapping[str, Mapping[str, str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class World:
    """What a system can know of the others once all are planned.

    ``endpoints``: system -> endpoint name -> URL; ``resolve`` fills the placeholders of a text;
    ``run`` runs a helper program to its end and raises StartFailed if it fails.
    """

    endpoints: Mapping[str, Mapping[str, str]] = field(repr=False)
    resolve: Callable[[str], str]
    run: Callable[[Command], None]


class Blueprint(Protocol):
    """One system, planned: its addresses are known, nothing runs yet.

    ``endpoints``: endpoint name -> URL; ``port`` is what ``{port}`` means to this system.
    """

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Where the system will answer."""
        ...

    @property
    def port(self) -> int:
        """The system's own port."""
        ...

    def prepare(self, world: World) -> Command:
        """Fill the work directory and say what to run. Raises StartFailed."""
        ...

    def ready(self) -> bool:
        """One quick look (below a second) whether the system does its work; False on any refusal."""
        ...


class Recipe(Protocol):
    """How one kind is started. Stateless; shared by every system of the kind."""

    @property
    def kind(self) -> str:
        """The kind it starts."""
        ...

    @property
    def options(self) -> Mapping[str, Option]:
        """What a ``native`` table of the kind may hold."""
        ...

    def missing(self) -> str | None:
        """What is not installed here and how to get it, one sentence; None: it can be started."""
        ...

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose ports and credentials; starts nothing. ``spec.native`` has been validated."""
        ...
