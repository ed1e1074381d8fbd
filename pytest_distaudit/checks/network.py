"""Claims about networks of containers: groups of them are kept apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations

from pytest_distaudit.checks.chosen import ENGINE, PROJECT
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.networks import ARRIVED, CONTROL, ELSEWHERE, Attempt, Member, Neighbourhood, groups_of

_FORM = 'names or Compose services of each group, globs among them: "blue=web-blue+*-b, green=*-green"'
#: makes of networks of which it is known that their ids tell them apart
_KNOWN, _NOTHING = {"bridge", "host", "null"}, "null"

Groups = Mapping[str, Sequence[Member]]


def _needs(claim: Claim) -> tuple[Need, ...]:
    return (Look("system", Neighbourhood.ask(groups=claim["groups"], project=claim["project"] or "")),)


@check(
    "network.isolated",
    claims="groups of containers share no network, and none reaches another one's ports",
    says="{groups} are on networks of their own",
    rung=Rung.CONFIGURED,
    roles=ENGINE,
    params={
        "groups": Parameter(ParameterType.TEXT, _FORM),
        "shared": Parameter(
            ParameterType.TEXT, 'names or globs of what all may use, "db+front"; "" for none; default: not said', None
        ),
        "project": PROJECT,
    },
    needs=_needs,
    settles_s=10.0,
    shows_not="that no data passes by what is shared, by the host, by files and sockets in volumes, by UDP, or by "
    "ports that nobody listened on; what engines inside containers run is not looked at",
)
def isolated(claim: Claim, evidence: Evidence) -> Judgement:
    """One network id, one network stack or one connection that arrives refutes, whatever the names are.

    Verified only by attempts: from within each container, to every port that the other groups listen on, at its
    address and by ports of the host; and only where the same dial succeeds elsewhere, both from there and to there.
    Ids that differ are not enough: routes, filters and drivers are not in them.
    """
    seen = evidence.one(Neighbourhood)
    shared = _shared(claim["shared"])
    groups = _groups(claim, seen, shared)
    for one, other in _pairs(groups):
        _together(one, other)
    _reached(groups, seen.attempts)
    _between(claim, groups, seen.members, shared)
    _all_up(groups)
    _all_seen(groups, seen)
    _controlled(groups, seen.attempts)
    crossing = [one for one in seen.attempts if one.way != CONTROL]
    told = "; ".join(f"{name}: {listed(_networks(members))}" for name, members in groups.items())
    made = f"{counted(len(crossing), 'connection')} tried between them, none arrived; each had its control"
    return verified(f"{counted(len(groups), 'group')} apart", f"{told}; {made}")


def _port(attempt: Attempt) -> int:
    return int(attempt.place.rpartition(":")[2])


def _shared(text: str | None) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[+,\s]+", text or "") if word)


def _groups(claim: Claim, seen: Neighbourhood, shared: tuple[str, ...]) -> Groups:
    told = groups_of(claim["groups"])
    if told is None:
        unverifiable(Reason.AMBIGUOUS_CLAIM, "the groups cannot be read", f"it says {claim['groups']!r}", remedy=_FORM)
    groups = {
        name: [one for one in seen.members if one.fits(globs, claim["project"]) and not _is_shared(one, shared)]
        for name, globs in told.items()
    }
    for name, members in groups.items():
        if not members:
            refute(f"no container of {name}", f"{listed(told[name])} fits none of the engine's", remedy="start it")
    for one, other in combinations(groups, 2):
        both = [member.name for member in groups[one] if member in groups[other]]
        if both:
            unverifiable(Reason.AMBIGUOUS_CLAIM, f"{listed(both)} is of two groups", f"{one} and {other}", remedy=_FORM)
    return groups


def _is_shared(member: Member, shared: tuple[str, ...]) -> bool:
    return bool(shared) and member.fits(shared, None)


def _pairs(groups: Groups) -> Iterator[tuple[Member, Member]]:
    for mine, others in combinations(groups.values(), 2):
        for one in mine:
            for other in others:
                yield one, other


def _together(one: Member, other: Member) -> None:
    """Raise if both are on one network, by its id, or have one network stack."""
    for mine in one.attachments:
        for theirs in other.attachments:
            if mine.network and mine.network == theirs.network and mine.driver != _NOTHING:
                kept = "; it is set up to keep those on it apart" if mine.talks is False else ""
                because = f"both are on network {mine.network[:12]}{kept}"
                refute(f"{one.name} and {other.name} share {mine.name}", because, remedy="give each its own network")
    if one.namespace and one.namespace == other.namespace:
        refute(f"{one.name} and {other.name} have one network stack", f"both are in {one.namespace}")


def _reached(groups: Groups, attempts: Sequence[Attempt]) -> None:
    of = {member.name: group for group, members in groups.items() for member in members}
    for one in attempts:
        if one.way != CONTROL and one.outcome == ARRIVED and one.source in of and one.target in of:
            remedy = "do not publish it there" if one.way == "published" else "close the way between the networks"
            because = f"a connection from within {one.source} to {one.place} ({one.way}) arrived in {one.target}"
            refute(f"{one.source} reaches {one.target}", because, remedy=remedy)


def _between(claim: Claim, groups: Groups, members: Sequence[Member], shared: tuple[str, ...]) -> None:
    """Raise if others than the shared ones stand on networks of two groups, by a chain of them too."""
    mine = {member.name for those in groups.values() for member in those}
    third = [one for one in members if one.up and one.name not in mine and not _is_shared(one, shared)]
    for one, other in combinations(groups, 2):
        chain = _chain(_ids(groups[one]), _ids(groups[other]), third)
        if not chain:
            continue
        told = f"{' and '.join(chain)} {'stands' if len(chain) == 1 else 'stand'} between {one} and {other}"
        because = "it is on networks of both"
        if len(chain) > 1:
            because = "each is on a network with the next"
        if claim["shared"] is not None:
            refute(told, f"{because}, and is not among what is shared ({claim['shared'] or 'nothing'})")
        unverifiable(
            Reason.AMBIGUOUS_CLAIM,
            told,
            f"{because}; what it passes on is not seen",
            remedy=f"name it in shared ({'+'.join(chain)}), if the document does",
        )


def _ids(members: Sequence[Member]) -> frozenset[str]:
    return frozenset(
        one.network for member in members for one in member.attachments if one.network and one.driver != _NOTHING
    )


def _chain(start: frozenset[str], end: frozenset[str], third: Sequence[Member]) -> list[str]:
    """The shortest row of containers from one network to another; empty if there is none."""
    rows: list[tuple[list[str], frozenset[str]]] = [([], start)]
    known = set(start)
    for names, networks in rows:
        for one in third:
            its = _ids([one])
            if one.name in names or not its & networks:
                continue
            if its & end:
                return [*names, one.name]
            if its - known:
                known |= its
                rows.append(([*names, one.name], its))
    return []


def _all_up(groups: Groups) -> None:
    down = [member.name for members in groups.values() for member in members if not member.up]
    if down:
        because = "what does not run reaches nobody and is reached by nobody"
        unverifiable(Reason.VACUOUS, f"{listed(down)} does not run", because, remedy="start it")


def _all_seen(groups: Groups, seen: Neighbourhood) -> None:
    for members in groups.values():
        for one in members:
            strange = [each for each in one.attachments if each.driver not in _KNOWN]
            if strange:
                because = f"what a network of driver {strange[0].driver or 'unknown'} joins outside is not seen"
                unverifiable(Reason.NO_OBSERVABLE, f"{one.name} is on {strange[0].name}", because)
            if one.hidden:
                unverifiable(Reason.NO_OBSERVABLE, f"no attempt can be made from {one.name}", one.hidden)
    for attempt in seen.attempts:
        if attempt.way != CONTROL and attempt.outcome == ELSEWHERE:
            because = f"from {attempt.source}, {attempt.place} answers; whether {attempt.target} does is not seen"
            unverifiable(Reason.NO_OBSERVABLE, f"somebody answers in {attempt.target}'s place", because)
    if seen.skipped:
        unverifiable(
            Reason.BUDGET, f"{seen.skipped} attempts left out", "there are too many pairs", remedy="name fewer"
        )


def _controlled(groups: Groups, attempts: Sequence[Attempt]) -> None:
    """Raise unless the dials that did not arrive would have: those from there, and those to there, do elsewhere."""
    worked = [one for one in attempts if one.way == CONTROL and one.outcome == ARRIVED]
    can, could = {one.source for one in worked}, {(one.target, _port(one)) for one in worked}
    for mine, other in permutations(groups, 2):
        sources = [one for one in groups[mine] if not one.alone]
        targets = [one for one in groups[other] if not one.alone]
        if not sources or not targets:
            continue  # without a network there is nothing to try
        mute = [one.name for one in sources if one.name not in can]
        if mute:
            because = "nobody answered it on its own network, either"
            unverifiable(Reason.NO_CONTROL, f"{listed(mute)} connects to nobody", because)
        for one in targets:
            deaf = [str(port) for port in one.ports or () if (one.name, port) not in could]
            if deaf:
                because = f"not reached from its own network, either: {counted(len(deaf), 'port')} {listed(deaf)}"
                unverifiable(Reason.NO_CONTROL, f"{one.name} answers nobody", because)
        if not any(one.ports for one in targets):
            because = "nobody there listens on a port, so that no attempt could have arrived"
            unverifiable(Reason.NO_CONTROL, f"{other} cannot be tried", because)


def _networks(members: Sequence[Member]) -> list[str]:
    return sorted({one.name for member in members for one in member.attachments})
