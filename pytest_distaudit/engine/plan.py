"""The plan: what the selected claims need, each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.fault import Aim, Course
from pytest_distaudit.domain.needs import Alternate, Disturb, Divert, Drive, Look, Need, Perform, Rest
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.target import Target, host_of
from pytest_distaudit.ports.capabilities import Presence

PRESENCE = Presence.ask()


@dataclass(frozen=True)
class Planned:
    """One claim with its check, the systems that play its roles, and what it needs.

    ``leans_on``: systems that must run before the claim can be judged (those whose presence the
    check does not judge itself, and the one that performs its activity, which ``performers`` has alone).
    ``operations``: names of those that the claim has asked. ``stand_ins``: those that are doubles of their product.
    """

    claim: Claim
    check: Check
    roles: Mapping[str, tuple[str, ...]]
    needs: tuple[Need, ...]
    leans_on: tuple[str, ...] = ()
    performers: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """Every system that plays a role, once, in order."""
        return tuple(dict.fromkeys(name for names in self.roles.values() for name in names))

    @cached_property
    def players(self) -> Mapping[str, tuple[str, ...]]:
        """Role -> the systems that play it; in "activity" is whoever performs it."""
        return {**self.roles, "activity": self.performers}

    @property
    def connects(self) -> tuple[tuple[str, str], ...]:
        """Pairs of systems of which the claim, once verified, shows that the first works through the second."""
        players = self.players
        return tuple(
            (source, to)
            for first, second in self.check.connects
            for source in players.get(first, ())
            for to in players.get(second, ())
        )


def plan_claim(claim: Claim, check: Check, target: Target) -> Planned:
    """Resolve roles and needs. The claim has been held against the target before."""
    roles = {role: _players(pattern, target) for role, pattern in claim.roles.items()}
    needs = check.needs(claim)
    leans_on = [name for role, names in roles.items() if role not in check.judges_presence for name in names]
    operations = claim.operations
    requests = [target.operations[name].request for name in operations]
    if claim.activity:
        requests.append(target.activities[claim.activity].request)
    performers = tuple(dict.fromkeys(name for request in requests for name in _performers(target, request)))
    playing = dict.fromkeys(name for names in roles.values() for name in names)
    stand_ins = tuple(name for name in playing if target.systems[name].stand_in)
    leaning = tuple(dict.fromkeys([*leans_on, *performers]))
    return Planned(claim, check, roles, needs, leaning, performers, operations, stand_ins)


def _players(pattern: str, target: Target) -> tuple[str, ...]:
    """Names or globs, separated by commas, in the target's order."""
    globs = [one.strip() for one in pattern.split(",")]
    return tuple(name for name in target.systems if any(name == one or fnmatchcase(name, one) for one in globs))


def _performers(target: Target, request: str) -> tuple[str, ...]:
    return tuple(name for name in target.systems if name.lower() == host_of(request))


@dataclass(slots=True)
class Intended:
    """One fault: its course, the names of the operations, (system, ask) to look at, and for whom."""

    course: Course
    operations: dict[str, None] = field(default_factory=dict)
    watched: dict[tuple[str, Ask], None] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Everything that the selected claims need from one target."""

    target: Target
    claims: list[Planned] = field(default_factory=list)
    asks: dict[str, dict[Ask, None]] = field(default_factory=dict)
    watched: dict[str, dict[tuple[str, Ask], None]] = field(default_factory=dict)
    alternated: dict[str, dict[tuple[str, Ask], None]] = field(default_factory=dict)
    experiments: dict[Aim, Intended] = field(default_factory=dict)
    #: experiments that are no fault, each with the claim that wants it
    arranged: list[tuple[Planned, Divert | Drive]] = field(default_factory=list)
    rested: dict[tuple[str, Ask], None] = field(default_factory=dict)
    presence_claims: dict[str, str] = field(default_factory=dict)

    def add(self, planned: Planned) -> None:
        """Take one more claim's needs in."""
        self.claims.append(planned)
        if planned.check.name == "system.running":
            for system in planned.systems:
                self.presence_claims.setdefault(system, planned.claim.key)
        for system in (*planned.systems, *planned.leans_on):
            self.asks.setdefault(system, {})[PRESENCE] = None
        for need in planned.needs:
            self._want(planned, need)

    def _want(self, planned: Planned, need: Need) -> None:
        match need:
            case Look():
                for system in planned.roles[need.role]:
                    self.asks.setdefault(system, {})[need.ask] = None
            case Perform() | Alternate() if planned.claim.activity:
                followed = self.watched if isinstance(need, Perform) else self.alternated
                watched = followed.setdefault(planned.claim.activity, {})
                watched.update(dict.fromkeys(watch_list(planned, need)))
            case Rest():
                self.rested.update(dict.fromkeys(watch_list(planned, need)))
            case Disturb():
                self._intend(planned, need)
            case Divert() | Drive():
                self.arranged.append((planned, need))

    def _intend(self, planned: Planned, need: Disturb) -> None:
        """One experiment more, or more of one that is intended already."""
        for aim in aims(planned, need):
            intended = self.experiments.setdefault(aim, Intended(need.course))
            intended.course = intended.course.joined(need.course)
            intended.operations.update(dict.fromkeys(planned.operations))
            intended.watched.update(dict.fromkeys(watch_list(planned, need)))
            intended.claims.append(planned.claim.key)

    @property
    def systems(self) -> tuple[str, ...]:
        """Systems that some claim needs, and what those depend on by links."""
        needed = dict.fromkeys(self.asks)
        if self.target.lease is not None and (self.experiments or self.arranged):
            needed[self.target.lease] = None
        for name in list(needed):
            needed.update(dict.fromkeys(dependencies(self.target, name)))
        return tuple(needed)

    def presence_claim(self, system: str) -> str | None:
        """The key of the claim that judges whether the system runs."""
        return self.presence_claims.get(system)


def aims(planned: Planned, need: Disturb) -> tuple[Aim, ...]:
    """What is done to what."""
    callers = planned.roles[need.caller] if need.caller else ("",)
    held, anew = (planned.roles[role] if role else () for role in (need.held, need.anew))
    systems = planned.roles[need.role]
    return tuple(Aim(need.fault, system, caller, held, anew) for system in systems for caller in callers)


def watch_list(planned: Planned, need: Perform | Alternate | Rest | Disturb) -> Iterable[tuple[str, Ask]]:
    """(system, ask) of everything that is followed meanwhile."""
    return ((system, look.ask) for look in need.watch for system in planned.roles[look.role])


def dependencies(target: Target, system: str) -> tuple[str, ...]:
    """What ``system`` needs by the target's links or to be started, directly and on, nearest first."""
    found: dict[str, None] = {}
    frontier = [system]
    while frontier:
        for needed in _needed(target, frontier.pop(0)):
            if needed not in found and needed != system:
                found[needed] = None
                frontier.append(needed)
    return tuple(found)


def _needed(target: Target, system: str) -> list[str]:
    linked = [link.to for link in target.links.values() if link.source == system]
    native = target.systems[system].native or {}
    waited_for = (native.get("replicate_from"), native.get("watch"))
    return [name for name in (*linked, *waited_for) if name is not None and name in target.systems]
