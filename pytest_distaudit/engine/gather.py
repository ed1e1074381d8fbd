"""Gathering: looks, activities and probes, each once, however many claims and processes want them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.needs import Probe, Repeats
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Activity
from pytest_distaudit.engine.activity import Pace, perform
from pytest_distaudit.engine.alternate import Rhythm, alternate
from pytest_distaudit.engine.arranged import (
    Alone,
    Arrangement,
    Generating,
    Promising,
    Tools,
    nobody_else,
    nobody_generates,
    nobody_promises,
)
from pytest_distaudit.engine.disturb import Trial, disturb
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.permission import not_done, refused
from pytest_distaudit.engine.probe import probe_ask, run_probe
from pytest_distaudit.engine.rest import rest
from pytest_distaudit.engine.turns import Turn, Turns
from pytest_distaudit.ports.edges import Edges
from pytest_distaudit.ports.fetch import Fetch
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located

#: systems by name, with the asks that are meant of each
Watched = Mapping[str, Sequence[Ask]]


#: read from this host's kernel, not from the system's own statistics
_AT_ONCE = {Edges.capability}


class Gathering(Protocol):
    """Where evidence comes from: this process, or the one that gathers for all."""

    def prefetch(self, wanted: Iterable[tuple[Located, Iterable[Ask]]]) -> None:
        """Begin one look per system, all at once."""
        ...

    def facts(self, located: Located, asks: Sequence[Ask], newer_than: float | None = None) -> tuple[Observation, ...]:
        """One observation per ask; with ``newer_than`` (epoch seconds) older ones are looked at afresh."""
        ...

    def performed(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], patience: float, repeats: Repeats
    ) -> tuple[Observation, ...]:
        """The activity's one run on these addresses, and every look at what is watched meanwhile."""
        ...

    def alternated(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], effects_s: float, each: int
    ) -> tuple[Observation, ...]:
        """The activity's one alternation with rest on these addresses, and the looks between its windows."""
        ...

    def rested(self, watched: Watched, bound: Mapping[str, Located], seconds: float) -> tuple[Observation, ...]:
        """The one rest of that length, and the looks before and after it."""
        ...

    def probed(self, need: Probe, players: Mapping[str, Located]) -> tuple[Observation, ...]:
        """The probe's one run on these addresses."""
        ...

    def disturbed(self, trial: Trial, bound: Mapping[str, Located], again: bool = False) -> tuple[Observation, ...]:
        """The one experiment of this fault on these addresses, or, ``again``, the second one."""
        ...

    def arranged(
        self, arrangement: Arrangement, bound: Mapping[str, Located], again: bool = False
    ) -> tuple[Observation, ...]:
        """The arrangement's one run on these addresses, or, ``again``, the second one."""
        ...


class Gatherer:
    """Gathers in this process. Thread-safe. ``tell`` gets a sentence about every step of an experiment."""

    def __init__(
        self,
        hub: Hub,
        kinds: Mapping[str, Kind],
        fetch: Callable[[Limits], Fetch],
        tell: Callable[[str], None] = lambda sentence: None,
        promising: Promising = nobody_promises,
        generating: Generating = nobody_generates,
        alone: Alone = nobody_else,
    ) -> None:
        self._hub, self._kinds, self._fetch, self._tell = hub, kinds, fetch, tell
        self._promising, self._generating, self._alone = promising, generating, alone
        self._turns = Turns()
        self._lock = threading.Lock()
        self._once: dict[Hashable, Future[tuple[Observation, ...]]] = {}

    def prefetch(self, wanted: Iterable[tuple[Located, Iterable[Ask]]]) -> None:
        """Begin one look per system, all at once."""
        with self._turns.taken(Turn.LOOK):
            self._hub.prefetch(wanted)

    def facts(self, located: Located, asks: Sequence[Ask], newer_than: float | None = None) -> tuple[Observation, ...]:
        """One observation per ask; with ``newer_than`` (epoch seconds) older ones are looked at afresh."""
        with self._turns.taken(Turn.LOOK):
            return self._hub.facts(located, asks, newer_than)

    def performed(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], patience: float, repeats: Repeats
    ) -> tuple[Observation, ...]:
        """The activity's one run on these addresses, and every look at what is watched meanwhile."""

        def run() -> tuple[Observation, ...]:
            self._hub.calm()
            return perform(
                activity,
                [(bound[system], asks) for system, asks in watched.items()],
                self._hub,
                self._fetch(self._hub.limits),
                lambda host: _base_url(bound, host),
                Pace(self._lag(watched, bound), patience=patience, **more),
            )

        more = {"runs": repeats.times, "producers": repeats.producers} if repeats.times else {}
        key = (activity.name, repeats, *(bound[system].place for system in sorted(watched)))
        return self._shared(key, self._taking(Turn.PERFORM, run))

    def alternated(
        self, activity: Activity, watched: Watched, bound: Mapping[str, Located], effects_s: float, each: int
    ) -> tuple[Observation, ...]:
        """The activity's one alternation with rest on these addresses, and the looks between its windows."""

        def run() -> tuple[Observation, ...]:
            self._hub.calm()
            return alternate(
                activity,
                [(bound[system], asks) for system, asks in watched.items()],
                self._hub,
                self._fetch(self._hub.limits),
                lambda host: _base_url(bound, host),
                Rhythm(self._lag(watched, bound), effects_s, each=each),
            )

        places = (bound[system].place for system in sorted(watched))
        return self._shared(("alternated", activity.name, each, *places), self._taking(Turn.PERFORM, run))

    def rested(self, watched: Watched, bound: Mapping[str, Located], seconds: float) -> tuple[Observation, ...]:
        """The one rest of that length, and the looks before and after it."""
        lags = {system: self._kinds[bound[system].kind].statistics_lag_s for system in watched}

        def run() -> tuple[Observation, ...]:
            self._hub.calm()
            return rest([(bound[system], asks) for system, asks in watched.items()], self._hub, lags, seconds)

        places = (bound[system].place for system in sorted(watched))
        return self._shared(("rested", seconds, *places), self._taking(Turn.REST, run))

    def _lag(self, watched: Watched, bound: Mapping[str, Located]) -> float:
        """By how much what is watched may be behind: what is asked of the kernel never is."""
        told = (name for name, asks in watched.items() if any(ask.capability not in _AT_ONCE for ask in asks))
        return max((self._kinds[bound[name].kind].statistics_lag_s for name in told), default=0.0)

    def probed(self, need: Probe, players: Mapping[str, Located]) -> tuple[Observation, ...]:
        """The probe's one run on these addresses."""
        key = (probe_ask(need, players), *(located.place for located in players.values()))

        def run() -> tuple[Observation, ...]:
            return (run_probe(need, players, self._kinds, self._hub.limits, self._hub.redactor),)

        return self._shared(key, self._taking(Turn.PERFORM, run))

    def disturbed(self, intended: Trial, bound: Mapping[str, Located], again: bool = False) -> tuple[Observation, ...]:
        """The one experiment of its aim on these addresses, or the second one; nobody else looks meanwhile."""

        def run() -> tuple[Observation, ...]:
            if (answer := refused(intended.aim, bound)) is not None:
                return (answer,)
            self._hub.calm()
            limits = self._hub.limits
            fetch = self._fetch(replace(limits, ask_s=max(limits.ask_s, intended.course.answer_s)))
            base = partial(_base_url, bound)
            trial = replace(intended, course=intended.course.behind(self._lag(dict(intended.watched), bound)))
            if again:
                self._tell(f"{trial.aim.place}: once more, for the machine was busy")
            try:
                with self._alone(bound):
                    return disturb(trial, bound, self._kinds, self._hub, fetch, base, self._tell)
            except Unobservable as error:
                return (not_done(trial.aim, error.reason, self._hub.redactor.text(error.detail)),)

        key = (intended.aim, bound[intended.aim.system].place, again)
        return self._shared(key, self._taking(Turn.DISTURB, run))

    def arranged(
        self, arrangement: Arrangement, bound: Mapping[str, Located], again: bool = False
    ) -> tuple[Observation, ...]:
        """The arrangement's one run on these addresses, or the second one; nobody else looks meanwhile."""

        def run() -> tuple[Observation, ...]:
            self._hub.calm()
            base = partial(_base_url, bound)
            given = self._tell, self._promising, self._generating, partial(self._alone, bound)
            tools = Tools(self._kinds, self._hub, self._fetch(self._hub.limits), base, *given)
            return arrangement.run(bound, tools)

        return self._shared((arrangement.key(bound), again), self._taking(Turn.DISTURB, run))

    def _taking(self, turn: Turn, make: Callable[[], tuple[Observation, ...]]) -> Callable[[], tuple[Observation, ...]]:
        """``make``, when it is its turn."""

        def run() -> tuple[Observation, ...]:
            with self._turns.taken(turn):
                return make()

        return run

    def _shared(self, key: Hashable, make: Callable[[], tuple[Observation, ...]]) -> tuple[Observation, ...]:
        """What ``make`` brings, made by whoever comes first while the others wait."""
        with self._lock:
            first = key not in self._once
            fate = self._once.setdefault(key, Future())
        if first:
            try:
                fate.set_result(make())
            except BaseException as error:
                fate.set_exception(error)
                raise
        return fate.result()


def _base_url(bound: Mapping[str, Located], host: str) -> str | None:
    for name, located in bound.items():
        if name.lower() == host:
            return located.endpoints.get("url")
    return None
