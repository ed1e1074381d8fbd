"""What members of a cluster say of it: each for itself, since one node's word about others is no evidence."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.ports.capabilities import Capability


@dataclass(frozen=True, slots=True)
class Member:
    """One member as another one, or itself, tells of it.

    ``id`` is the same from whichever member it is told, ``address`` is ``host:port`` or "". ``role``: "leader" (there
    may be one for every part of the data), "follower" (votes), "replica" (holds a copy), "learner", "watcher" (votes
    and holds nothing), "" if that is not told. ``votes``: it counts for the quorum. ``follows``: the id of the one it
    copies, "" where that is the leader of all. ``healthy`` None: the teller does not say.
    """

    id: str
    name: str = ""
    address: str = ""
    role: str = ""
    votes: bool = True
    follows: str = ""
    healthy: bool | None = None


@dataclass(frozen=True, slots=True)
class Membership(Capability):
    """The cluster as the member ``own`` sees it.

    ``cluster`` is what all members of one cluster share and others do not, "" where the product has no such thing;
    ``members`` includes the one that answers; ``whole`` false: it knows only some. ``leaders``: ids of those that it
    follows, sorted; () while it knows none, None where the product has none. ``term`` grows with each election.
    ``quorum``: how many that vote must agree; None: none is needed, or it depends on what is kept there. ``works``:
    whether the member says that the cluster does its work, ``trouble`` why not. ``position`` is how far in the common
    log this member is.
    """

    capability = "membership"
    cluster: str
    own: str
    members: tuple[Member, ...]
    leaders: tuple[str, ...] | None = None
    term: int | None = None
    quorum: int | None = None
    works: bool | None = None
    trouble: str = ""
    position: int | None = None
    whole: bool = True
    way: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """The audit's own word written through system ``through``; ``missed`` names the systems that never showed it."""

    through: str
    missed: tuple[str, ...] = ()
    slowest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AgreementProbe(Capability):
    """The audit's own words, each written through one member and read from the own state of the others.

    ``refused``: system -> why it took no write. ``cleaned``: nothing was left.
    """

    capability = "agreement-probe"
    passed: tuple[Passed, ...]
    refused: dict[str, str]
    cleaned: bool = True
