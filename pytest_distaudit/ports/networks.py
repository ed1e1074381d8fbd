"""What a container engine offers to checks of isolation: who is on which network, and who reaches whom.

A name of a network says nothing: two networks are one if they have one id, and a connection that
was made is a way, whatever the lists say. ``None`` means "this way of asking cannot tell".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pytest_distaudit.ports.capabilities import Capability

_GROUP = re.compile(r"(?P<name>[^=+\s]+)\s*=\s*(?P<patterns>[^=\s]+)")

#: outcomes of an attempt: the target itself was connected; somebody else answered there; and three ways of none
ARRIVED, ELSEWHERE, REFUSED, UNREACHABLE, SILENT = "arrived", "elsewhere", "refused", "unreachable", "silent"
#: how an attempt was made: to the container's own address; by a port of the host; where it is to succeed
DIRECT, PUBLISHED, CONTROL = "direct", "published", "control"


def groups_of(text: str) -> Mapping[str, tuple[str, ...]] | None:
    """Read ``blue=*-blue, green=*-green+mail``: name -> globs over containers; None if it says less than two."""
    found = [_GROUP.fullmatch(part.strip()) for part in text.split(",") if part.strip()]
    told = {one["name"]: tuple(one["patterns"].split("+")) for one in found if one}
    return told if len(told) == len(found) >= 2 and all(all(globs) for globs in told.values()) else None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A container on a network. ``driver``: the engine's word for its make, "" if it is not told.

    ``talks`` false: the network is set up to keep those on it apart.
    """

    network: str
    name: str
    driver: str = ""
    talks: bool | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A container of the engine and its networks; ``project`` and ``service`` are Compose's names.

    ``namespace``: equal for two that have one network stack. ``alone``: there is nothing in it but loopback.
    ``ports``: TCP ports on which it can be reached from outside. ``hidden``: why nothing can be dialled from within
    it, "" if something can; it is then not known whether it is alone and what its ports are.
    """

    name: str
    project: str = ""
    service: str = ""
    up: bool = True
    attachments: tuple[Attachment, ...] = ()
    namespace: str = ""
    alone: bool | None = None
    ports: tuple[int, ...] | None = None
    hidden: str = ""

    def fits(self, patterns: tuple[str, ...], project: str | None) -> bool:
        """Whether its name or its Compose service is like one of the globs."""
        names = [name for name in (self.name, self.service) if name]
        return (not project or project == self.project) and any(
            fnmatchcase(name, pattern) for name in names for pattern in patterns
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """A TCP connection tried from within ``source`` ("": the engine's host) to ``target`` ("": the audit itself)."""

    source: str
    target: str
    place: str
    way: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Neighbourhood(Capability):
    """All containers, and what came of connecting between the groups. Args: ``groups``, ``project``.

    ``skipped``: attempts that were left out because there were too many.
    """

    capability = "neighbourhood"
    members: tuple[Member, ...]
    attempts: tuple[Attempt, ...] = ()
    skipped: int = 0
