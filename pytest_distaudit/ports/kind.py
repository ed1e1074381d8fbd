"""The kind of a system: a table of asks. Adapters in ``systems/`` and extensions define one each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.capabilities import Capability
from pytest_distaudit.ports.lease import Lease
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.registrar import Registrar


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of everything the audit does to a system: seconds, bytes, connections.

    ``connections`` at once are where it begins; where the system bears it, there may be ``connections_most``.
    """

    connect_s: float = 2.0
    ask_s: float = 5.0
    look_s: float = 15.0
    body_bytes: int = 4 * 1024 * 1024
    connections: int = 10
    #: measured: with more the audit's own processor time is what one waits for
    connections_most: int = 50


class Session(Protocol):
    """An open conversation with one system, for one look. Not shared between threads.

    ``ways`` collects what was asked, without secrets; ``identity`` names the answering process
    once known. A session may remember answers: within one look nothing is asked twice.
    """

    ways: list[str]
    identity: str

    def close(self) -> None:
        """End the conversation; never raises."""


AnswerTo = Callable[[Any, Ask], Capability]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of system.

    ``endpoints``: endpoint name -> URL schemes allowed; the first is what ``url`` in a target file
    means. ``connect`` opens a session (lazily: it may do no I/O); ``answers`` maps capability names
    to functions of (session, ask) that return the capability or raise Unobservable. All of them
    only read, except those in ``writes``. ``together``: gives what opens a session for each of the
    asks that run concurrently in one look; these sessions may share what they learn, and one that has
    ``strained`` says with it whether the system's answers may be due to how much it was asked. Without
    it, asks follow one another in one session. ``probes``: name -> function over the sessions of several roles, the
    limits and what else the need names.
    """

    name: str
    endpoints: Mapping[str, tuple[str, ...]]
    connect: Callable[[Located, Limits], Session]
    answers: Mapping[str, AnswerTo]
    together: Callable[[Located, Limits], Callable[[], Session]] | None = None
    probes: Mapping[str, Callable[..., Capability]] = field(default_factory=dict)
    #: for registries: how they are written to
    registrar: Callable[[Located, Limits], Registrar] | None = None
    #: where runs can agree on who experiments: one run's side, by the name of its holder and the seconds that it lasts
    lease: Callable[[Located, Limits, str, float], Lease] | None = None
    #: it is called and calls nobody by itself, as stores and brokers do
    only_answers: bool = False
    #: seconds by which the system's own statistics may lag behind what happened
    statistics_lag_s: float = 0.0
