"""Targets: one deployment of the audited system and how to reach it (design: targets)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Place

#: where the systems of a target come from, as the user says it
Provision = Literal["auto", "attach", "compose", "containers", "native"]


class Probes(StrEnum):
    """What the audit may do to a system beyond connecting."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Instances:
    """How instances of a system tell themselves apart: ``identity = "header:X-Boot"``."""

    identity: str


@dataclass(frozen=True, slots=True)
class NestedSystems:
    """Systems that live inside another one (containers of a nested engine)."""

    match: str
    kind: str
    transport: str | None = None


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """One system as the target file describes it.

    ``endpoints`` maps endpoint names to addresses; ``native`` holds the options of the kind's
    recipe when the audit may start it as a native process; ``health`` is the path of an HTTP
    service's health answer; ``service`` its name in the target's compose files (None: the same);
    ``container`` how it is run in a container where the target has no compose files. ``stand_in``: it is a double
    of its product, which may show that a claim does not hold, never that it does; ``native`` may then name a program
    of the project's own (argv), which answers HTTP.
    """

    name: str
    kind: str
    place: Place
    endpoints: Mapping[str, str] = field(default_factory=dict)
    native: Mapping[str, Any] | None = None
    probes: Probes = Probes.READ
    disposable: bool = False
    health: str | None = None
    service: str | None = None
    container: Mapping[str, Any] | None = None
    instances: Instances | None = None
    inside: str | None = None
    systems: NestedSystems | None = None
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A dependency edge: ``source`` needs ``to``; ``inject`` says how the audit may stand in its way: by the variable
    ``env`` that tells ``source`` the other's address, or at the ``address`` that it has always known (between
    containers a name and a port, else an IP address and a port).
    """

    name: str
    source: str
    to: str
    inject: Mapping[str, str] = field(default_factory=dict)


def host_of(request: str) -> str:
    """The host that a request ("POST http://front/tasks") names; "" if it names none."""
    return urlsplit(request.split(maxsplit=1)[-1]).hostname or ""


@dataclass(frozen=True, slots=True)
class Operation:
    """A request of the target with its outcomes; a status in neither list is indeterminate.

    ``effect``: a request that shows whether what was asked with that ``{nonce}`` has been done: then it answers with a
    status of ``effect_ok`` (empty: any 2xx) and the nonce. 404, 410 or a success without the nonce: not yet.
    ``effect_count``: a JSON pointer into that answer ("" is all of it), None if there is none: to a list that has one
    entry with the nonce for each time that it was done, or to their number. ``{request}`` is new with each request,
    also where two bear one nonce.
    ``degraded``: statuses of a reduced answer, which it may give while something that it needs is away. Where
    ``marker`` is given, only an answer that bears it is one: a text, or ``header:NAME`` for a header.
    ``many_clients``: where the system is reached over this machine's loopback, each request comes from an address of
    its own.
    """

    name: str
    request: str
    ok: tuple[int, ...] = ()
    fail: tuple[int, ...] = ()
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: str = ""
    effect_ok: tuple[int, ...] = ()
    degraded: tuple[int, ...] = ()
    marker: str = ""
    many_clients: bool = False
    effect_count: str | None = None

    def succeeds(self, status: int) -> bool:
        """Whether the status is one of success; without a list every 2xx is."""
        return status in self.ok or (not self.ok and 200 <= status < 300)


@dataclass(frozen=True, slots=True)
class Activity:
    """A business operation that the audit may perform; ``{nonce}`` is replaced in every text.

    ``cleanup`` is a request made afterwards; ``{name}`` there is a field of the JSON answer.
    An empty ``ok`` means any 2xx.
    """

    name: str
    request: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cleanup: str | None = None
    ok: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A command of the target (a deployment switch) and the command that undoes it."""

    name: str
    argv: tuple[str, ...]
    undo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compose:
    """A target's compose files: ``env`` holds what they are to be filled with beside the environment.

    ``{secret}`` in a value of ``env`` stands for a password that is made up for each run.
    """

    files: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    profiles: tuple[str, ...] = ()
    start_limit_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Target:
    """One deployment of the audited system. ``lease``: the system in which runs agree on which of them experiments."""

    name: str
    place: Place
    systems: Mapping[str, SystemSpec] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    operations: Mapping[str, Operation] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    compose: Compose | None = None
    audit_host: str | None = None
    lease: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """The whole of ``distaudit.toml``: targets, and which documents the audit reads."""

    place: Place
    targets: Mapping[str, Target] = field(default_factory=dict)
    default: str | None = None
    documents: tuple[str, ...] = ("README*", "docs", "adr", "ARCHITECTURE*")
    claims: str = "claims"
