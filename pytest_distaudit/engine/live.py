"""Looks at running systems: the first one shared, later ones fresh."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pytest_distaudit.domain.claim import Span
from pytest_distaudit.domain.needs import Alternate, Disturb, Divert, Drive, Look, Need, Perform, Probe, Read, Rest
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Target
from pytest_distaudit.domain.verdict import Scope
from pytest_distaudit.engine.activity import PATIENCE_S
from pytest_distaudit.engine.arranged import Arrangement
from pytest_distaudit.engine.blocking import silent, systems_down, unseen
from pytest_distaudit.engine.calmer import CALMS_S
from pytest_distaudit.engine.conduct import Sight, timing_of
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.divert import Diverting
from pytest_distaudit.engine.drive import Driving
from pytest_distaudit.engine.gather import Gathering
from pytest_distaudit.engine.plan import PRESENCE, Plan, Planned, aims, dependencies
from pytest_distaudit.engine.slowness import calms
from pytest_distaudit.ports.located import Located

#: what is more than a look
More = Perform | Alternate | Rest | Disturb | Divert | Drive | Read | Probe
#: seconds between two looks of one claim: often enough to be quick, seldom enough to be polite
_SHORTEST, _LONGEST = 0.2, 1.0


class Live:
    """Gathers for claims whose systems are bound to addresses. One per target and session."""

    def __init__(self, plan: Plan, gathering: Gathering, files: Callable[[Ask], Observation]) -> None:
        self._plan, self._gathering, self._files = plan, gathering, files
        self._began, self._patience_s = 0.0, CALMS_S

    def begin(self, located: Mapping[str, Located]) -> None:
        """Start one concurrent look at every planned system of the target."""
        self._gathering.prefetch((located[name], asks) for name, asks in self._plan.asks.items() if name in located)

    def presence(self, located: Located, newer_than: float | None) -> Observation:
        """Whether the system runs; asked once per address unless a newer answer is wanted."""
        return self._gathering.facts(located, (PRESENCE,), newer_than)[0]

    def dependencies(self, system: str) -> tuple[str, ...]:
        """What the target's links say that ``system`` needs."""
        return dependencies(self._plan.target, system)

    def sights(self, planned: Planned, bound: Mapping[str, Located]) -> Iterator[Sight]:
        """The first look from what everybody shares; further, fresh ones until the claim's time is up.

        The time of ``within`` runs from the audit's first look at anything: claims wait together, not
        one after the other. An activity is performed once and waits for its own effects; so does an experiment, which
        whoever wants one more gets when the machine is calm.
        """
        began = time.monotonic()
        self._began = self._began or began
        yield LiveSight(self, planned, bound, None)
        if planned.check.scope is Scope.EXPERIMENT:
            if self._calms():
                yield LiveSight(self, planned, bound, time.time())
            return
        timing = None if planned.claim.activity else timing_of(planned)
        if timing is None:
            return
        until = timing.seconds + (self._began if timing.span is Span.WITHIN else began)
        pause = min(_LONGEST, max(_SHORTEST, timing.seconds / 20))
        while True:
            time.sleep(max(0.0, min(pause, until - time.monotonic())))
            yield LiveSight(self, planned, bound, time.time())
            if time.monotonic() >= until:
                return

    def _calms(self) -> bool:
        """Whether the machine is calm soon: all claims together have patience for that once."""
        began = time.monotonic()
        calm = calms(self._patience_s)
        self._patience_s = max(0.0, self._patience_s - (time.monotonic() - began))
        return calm

    def gather(
        self, planned: Planned, bound: Mapping[str, Located], needs: Sequence[Need], newer_than: float | None
    ) -> list[Observation]:
        """Everything that ``needs`` names, for this claim's systems."""
        asks: dict[str, list[Ask]] = {}
        found: list[Observation] = []
        for need in needs:
            if isinstance(need, Look):
                for system in planned.roles[need.role]:
                    asks.setdefault(system, []).append(need.ask)
            else:
                found.extend(self._done(planned, bound, need, again=newer_than is not None))
        self._gathering.prefetch((bound[system], wanted) for system, wanted in asks.items() if newer_than is None)
        for system, wanted in asks.items():
            found.extend(self._gathering.facts(bound[system], wanted, newer_than))
        return found

    def _done(self, planned: Planned, bound: Mapping[str, Located], need: More, again: bool) -> Iterable[Observation]:
        """What comes of more than a look; of an experiment the first time, or ``again``."""
        match need:
            case Perform():
                return self._performed(planned, bound, need)
            case Alternate():
                return self._alternated(planned, bound, need.each)
            case Rest():
                return self._gathering.rested(_bound(self._plan.rested, bound), bound, need.seconds)
            case Disturb():
                return self._disturbed(planned, bound, need, again)
            case Divert() | Drive():
                return self._gathering.arranged(_arrangement(planned, self._plan.target, need), bound, again)
            case Read():
                return [self._files(need.ask)]
            case Probe():
                return self._gathering.probed(need, _players(planned, bound, need.roles))

    def _performed(self, planned: Planned, bound: Mapping[str, Located], need: Perform) -> tuple[Observation, ...]:
        """The activity's one run, watched for every claim about it on the same addresses."""
        name = planned.claim.activity or ""
        activity, watched = self._plan.target.activities[name], _bound(self._plan.watched[name], bound)
        patience = self._longest(name, PATIENCE_S)
        return self._gathering.performed(activity, watched, bound, patience, need.repeats)

    def _alternated(self, planned: Planned, bound: Mapping[str, Located], each: int) -> tuple[Observation, ...]:
        """The activity's one alternation with rest, watched for every claim about it on the same addresses."""
        name = planned.claim.activity or ""
        activity, watched = self._plan.target.activities[name], _bound(self._plan.alternated[name], bound)
        return self._gathering.alternated(activity, watched, bound, self._longest(name, 0.0), each)

    def _disturbed(
        self, planned: Planned, bound: Mapping[str, Located], need: Disturb, again: bool
    ) -> Iterator[Observation]:
        """The one experiment of each of the role's systems, for every claim about it."""
        target = self._plan.target
        for aim in aims(planned, need):
            intended = self._plan.experiments[aim]
            operations = tuple(target.operations[name] for name in intended.operations)
            watched = tuple((name, tuple(asks)) for name, asks in _bound(intended.watched, bound).items())
            yield from self._gathering.disturbed(Trial(aim, intended.course, operations, watched), bound, again)

    def _longest(self, activity: str, otherwise: float) -> float:
        """The longest ``within`` of the claims about the activity."""
        timings = [one.claim.timing for one in self._plan.claims if one.claim.activity == activity]
        return max((timing.seconds for timing in timings if timing), default=otherwise)


def _arrangement(planned: Planned, target: Target, need: Divert | Drive) -> Arrangement:
    """What the claim wants done, with its first operation."""
    operation = target.operations[planned.operations[0]]
    if isinstance(need, Drive):
        return Driving(operation, tuple(dict.fromkeys((*planned.roles[need.role], *planned.performers))), need)
    (registry,) = planned.roles[need.registry]
    callers, callees = planned.roles[need.callers], planned.roles[need.callees]
    return Diverting(need.service, registry, callers, callees, operation, need.within_s, need.rate, target.audit_host)


def _bound(watched: Iterable[tuple[str, Ask]], bound: Mapping[str, Located]) -> dict[str, list[Ask]]:
    """What is watched of the systems that are there."""
    found: dict[str, list[Ask]] = {}
    for system, ask in watched:
        if system in bound:
            found.setdefault(system, []).append(ask)
    return found


class LiveSight:
    """One look of one claim at running systems."""

    def __init__(self, live: Live, planned: Planned, bound: Mapping[str, Located], newer_than: float | None) -> None:
        self._live, self._planned, self._bound, self._newer_than = live, planned, bound, newer_than
        self.observations: Sequence[Observation] = self._presences()
        down = systems_down(self.observations)
        blocked = any(system in down for system in planned.leans_on) and not silent(planned, down)
        if not blocked and not unseen(planned, self.observations):
            self.extend(planned.needs)

    def _presences(self) -> list[Observation]:
        """Of the claim's systems, and, where one is down, of what it depends on."""
        names = dict.fromkeys((*self._planned.systems, *self._planned.leans_on))
        seen = [self._live.presence(self._bound[name], self._newer_than) for name in names]
        for system in systems_down(seen):
            names |= dict.fromkeys(self._live.dependencies(system))
        further = [name for name in names if name in self._bound][len(seen) :]
        return [*seen, *(self._live.presence(self._bound[name], self._newer_than) for name in further)]

    def extend(self, needs: tuple[Need, ...]) -> bool:
        """Gather more, at this look's moment or later."""
        more = self._live.gather(self._planned, self._bound, needs, self._newer_than)
        self.observations = [*self.observations, *more]
        return bool(more)


def _players(planned: Planned, bound: Mapping[str, Located], roles: Sequence[str]) -> dict[str, Located]:
    """Role -> the system that plays it; of several in one role, ``role.system`` each."""
    return {
        role if len(planned.roles[role]) == 1 else f"{role}.{name}": bound[name]
        for role in roles
        for name in planned.roles[role]
    }
