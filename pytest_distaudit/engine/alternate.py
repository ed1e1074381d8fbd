"""Performing an activity in windows drawn by lot, so that nothing but the lot can tell them from the others."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import Activity
from pytest_distaudit.engine.activity import Performer, with_cleanup
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.ports.capabilities import Performed
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.fetch import Fetch
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.windows import Alternation, Window

#: statistics that lag more than this make windows long: then there are fewer
_LONG_LAG_S = 2.0
#: part of a window that performances may fill: the rest is for their effects
_FILLED = 0.6


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long and how many the windows are, in seconds.

    ``lag``: how far the watched statistics may be behind; ``effects_s``: how long the activity's effects may take by
    the claims' word. 7 of 14 windows can be drawn in 3432 ways, 6 of 12 in 924: chance brings the most telling of
    them in fewer than one audit of 400.
    """

    lag: float
    effects_s: float = 0.0
    shortest: float = 0.75
    each: int = 5
    before: int = 3

    @property
    def length(self) -> float:
        """Of one window: what happened in it shows at its end."""
        return max(self.shortest, self.lag + 0.5, self.lag + self.effects_s)

    @property
    def pairs(self) -> int:
        """Windows of either sort among those drawn."""
        return 7 if self.lag <= _LONG_LAG_S else 6


def alternate(
    activity: Activity,
    watched: Iterable[tuple[Located, Sequence[Ask]]],
    hub: Hub,
    fetch: Fetch,
    base_url: Callable[[str], str | None],
    rhythm: Rhythm,
) -> tuple[Observation, ...]:
    """Every look between the windows, and one Alternation observation.

    ``base_url`` gives the address of a system by name, None for a host that is not a system's.
    """
    began = time.time()
    course = _Course(hub, list(watched), Performer(activity, fetch, base_url), rhythm)
    lot = [True] * rhythm.pairs + [False] * rhythm.pairs
    secrets.SystemRandom().shuffle(lot)
    for performs in [False] * rhythm.before + [True]:
        course.window(performs, drawn=False)
    # where nothing can be performed, nothing can be learned from doing it again
    for performs in lot if course.works else ():
        course.window(performs, drawn=True)
    course.window(False, drawn=False)
    value = hub.redactor.value(to_json(Alternation(activity.name, course.cleaned())))
    way = f"{activity.request.split(maxsplit=1)[0]} x {len(course.done)} in {rhythm.pairs + 1} windows"
    ask = Alternation.ask(activity=activity.name)
    return (*course.seen, Observation("", ask, began, time.time() - began, way, value=value))


class _Course:
    """Window after window, a look between any two."""

    def __init__(
        self, hub: Hub, watched: Sequence[tuple[Located, Sequence[Ask]]], performer: Performer, rhythm: Rhythm
    ) -> None:
        self._hub, self._watched, self._performer, self._rhythm = hub, watched, performer, rhythm
        self._length = rhythm.length
        self._windows: list[Window] = []
        #: every performance with what its clean-up needs
        self.done: list[tuple[Performed, Mapping[str, str]]] = []
        self.seen: list[Observation] = []
        self._look()

    def window(self, performs: bool, drawn: bool) -> None:
        """One window. Performances that fill too much of it make those that follow longer."""
        began = time.time()
        done = [self._performer.perform() for _ in range(self._rhythm.each)] if performs else []
        took = time.time() - began
        self._length = max(self._length, took / _FILLED, self._rhythm.lag + took)
        time.sleep(max(0.0, began + self._length - time.time()))
        self._windows.append(Window(began, time.time(), tuple(run for run, _ in done), drawn))
        self.done.extend(done)
        self._look()

    @property
    def works(self) -> bool:
        """Whether any performance succeeded yet."""
        return any(run.ok for run, _ in self.done)

    def cleaned(self) -> tuple[Window, ...]:
        """The windows, after what the performances made is removed."""
        cleaned = {run.nonce: with_cleanup(run, self._performer.clean(words)) for run, words in self.done}
        return tuple(replace(one, runs=tuple(cleaned[run.nonce] for run in one.runs)) for one in self._windows)

    def _look(self) -> None:
        self.seen.extend(seen for located, asks in self._watched for seen in self._hub.watch(located, asks))
