"""Who is connected with whom: what a system's own end shows, and what a document draws."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of a system, from its end. ``local`` and ``remote`` are its two ends, equal and swapped for who
    has the other one: ``address:port``, or ``unix:NUMBER`` for a socket in the file system.

    ``opened``: the system itself opened it. ``sent`` and ``received``: packets with data since it began; None: nobody
    counts them. ``peer``: who has the other end, as far as this host knows ("python3 (pid 7)"), else "".
    """

    local: str
    remote: str
    opened: bool
    sent: int | None = None
    received: int | None = None
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Edges(Capability):
    """All connections that a system has at one moment, by the kernel's word: the system itself is asked nothing.

    ``connections`` None: its processes cannot be seen from here, ``unseen`` says why. ``at``: addresses
    (``address:port``) at which it is called. ``process``: which run of which process it is; ``within``: those that
    started it. ``network``: the kernel's name of the network it is in, "" for this host's own; ``hosts``: addresses
    that this network has alone. ``ended``: address (without port) of a caller -> how many of its connections to the
    system have ended since the audit began to listen; None: that is not heard, ``deaf`` says why. ``besides``: other
    ways to reach it, which leave nothing that could be counted. ``only_answers``: it is called and calls nobody, so
    that an arrow that leaves it can only mean what it hands out.
    """

    capability = "edges"
    connections: tuple[Connection, ...] | None
    at: tuple[str, ...] = ()
    process: str = ""
    within: tuple[str, ...] = ()
    network: str = ""
    hosts: tuple[str, ...] = ()
    ended: dict[str, int] | None = None
    besides: tuple[str, ...] = ()
    only_answers: bool = False
    unseen: str = ""
    deaf: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a diagram: how it is labelled, and the word by which the diagram itself means it."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between two nodes, by their ids. ``pointed`` false: a line without a head."""

    source: str
    to: str
    line: int
    pointed: bool = True


@dataclass(frozen=True, slots=True)
class Diagram(Capability):
    """A diagram in text of one document. Args: ``document``; ``line``, one that the diagram has, else 0.

    ``arrows`` without the dashed replies of a sequence. ``unread``: lines that look like arrows and cannot be read.
    """

    capability = "diagram"
    document: str
    line: int
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    unread: tuple[int, ...] = ()
