"""How many members of a cluster may fail, by arithmetic: at least and at most, by what is known."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.checks._members import Told, peers
from pytest_distaudit.ports.clusters import Member, Membership


@dataclass(frozen=True, slots=True)
class Tolerance:
    """``least`` counts only members that answered for themselves, ``most`` also those that others find well."""

    least: int
    most: int
    because: str


def tolerance(told: Told) -> Tolerance:
    """The smallest that any member's view gives."""
    found = [_by_view(view, told.proven) for view in told.views.values()]
    # a member that knows only some, such as a replica its master, knows less than others
    whole = [one for one, view in zip(found, told.views.values(), strict=True) if view.whole]
    if whole:
        return min(whole, key=lambda one: (one.least, one.most))
    return max(found, key=lambda one: (one.most, one.least))


def _by_view(view: Membership, proven: set[str]) -> Tolerance:
    votes, copies = _by_votes(view, proven), _by_copies(view, proven)
    if copies is None:
        return votes
    if view.quorum is None and not any(member.votes for member in view.members):
        return Tolerance(0, copies.most, f"{copies.because}; nobody votes on who takes over")
    first = min(votes, copies, key=lambda one: (one.least, one.most))
    return Tolerance(min(votes.least, copies.least), min(votes.most, copies.most), first.because)


def _by_votes(view: Membership, proven: set[str]) -> Tolerance:
    voters = [member for member in view.members if member.votes]
    sure = [member for member in voters if member.id in proven]
    well = [member for member in voters if member.healthy is not False]
    majority = len(voters) // 2 + 1
    quorum = view.quorum or majority
    # without a stated quorum one that is left may do, or a majority may be wanted
    least_wanted = view.quorum or 1
    return Tolerance(
        max(0, len(sure) - quorum), max(0, len(well) - least_wanted), f"{quorum} of {len(voters)} votes are needed"
    )


def _by_copies(view: Membership, proven: set[str]) -> Tolerance | None:
    """By the copies of each part of the data; None where every member holds all of it."""
    leaders = [member for member in view.members if member.role == "leader"]
    replicas = [member for member in view.members if member.role == "replica"]
    watched = bool(leaders) and not any(member in peers(view) for member in leaders)
    if not (replicas or watched or len(leaders) > 1 or all(not member.votes for member in view.members)):
        return None
    copies = {leader.id: [one for one in replicas if one.follows in ("", leader.id)] for leader in leaders}
    well = min((_well(some) for some in copies.values()), default=0)
    # watchers ask the watched themselves, each for itself
    sure = (
        well
        if watched
        else min((len([one for one in some if one.id in proven]) for some in copies.values()), default=0)
    )
    return Tolerance(sure, well, f"{well} cop{'y' if well == 1 else 'ies'} beside each master's own data")


def _well(members: list[Member]) -> int:
    return len([member for member in members if member.healthy is not False])
