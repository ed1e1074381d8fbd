"""Counters of one process, window by window of an activity that alternates with rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TypeVar

from pytest_distaudit.checks._exchange import by_length
from pytest_distaudit.checks._watched import busy, one_process
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Capability, Performed
from pytest_distaudit.ports.windows import Alternation, Window
from pytest_distaudit.ports.work import Work

C = TypeVar("C", bound=Capability)

#: by how much windows with performances may be longer
_MUCH = 1.25


@dataclass(frozen=True, slots=True)
class Moves:
    """How often each counter moved in each window.

    ``counts``: name -> moves per window; ``lengths`` in seconds, from look to look.
    """

    windows: tuple[Window, ...]
    counts: Mapping[str, tuple[int, ...]]
    lengths: tuple[float, ...]

    @property
    def total(self) -> tuple[int, ...]:
        """All counters together."""
        return tuple(map(sum, zip(*self.counts.values(), strict=True))) if self.counts else (0,) * len(self.windows)

    @property
    def lot(self) -> tuple[int, ...]:
        """The places of windows that were drawn, with performances or without."""
        return tuple(place for place, window in enumerate(self.windows) if window.drawn)

    @property
    def drawn(self) -> frozenset[int]:
        """Which of ``lot`` have performances, counted within the lot."""
        return frozenset(at for at, place in enumerate(self.lot) if self.windows[place].runs)

    @property
    def each(self) -> tuple[int, ...]:
        """Performances per window of the lot."""
        return tuple(len(self.windows[place].runs) for place in self.lot)

    @property
    def before(self) -> int:
        """How many windows of rest come before the first performance."""
        return next(place for place, window in enumerate(self.windows) if window.runs)

    def of_lot(self, values: Sequence[int]) -> tuple[int, ...]:
        """Those of ``values`` (one per window) that belong to the lot."""
        return tuple(values[place] for place in self.lot)

    def with_runs(self, values: Sequence[int]) -> int:
        """Sum over all windows with performances, the first one included."""
        return sum(value for value, window in zip(values, self.windows, strict=True) if window.runs)

    def at_rest(self, values: Sequence[int]) -> int:
        """Sum over all windows without."""
        return sum(values) - self.with_runs(values)

    def beyond(self, values: Sequence[int]) -> list[int]:
        """Thousandths of moves in each window of the lot beyond those that its length explains."""
        return by_length(self.of_lot(values), self.lot_lengths)

    def excess(self, values: Sequence[int]) -> int:
        """How much more moved in windows of the lot with performances than in those without, for their length."""
        beyond = self.beyond(values)
        return round(sum(value if at in self.drawn else -value for at, value in enumerate(beyond)) / 1000)

    @property
    def lot_lengths(self) -> tuple[float, ...]:
        """Of the windows of the lot, from look to look."""
        return tuple(self.lengths[place] for place in self.lot)

    @property
    def longer(self) -> bool:
        """Whether the windows with performances took longer than the others, so that more may happen in them."""
        lengths = self.lot_lengths
        active = fmean(length for at, length in enumerate(lengths) if at in self.drawn)
        return active > _MUCH * fmean(length for at, length in enumerate(lengths) if at not in self.drawn)


def moves(looks: Sequence[Seen[Work]], alternation: Alternation) -> Moves:
    """Raises unverifiable unless one process was seen at every turn of the windows, counting on."""
    turns = turns_of(looks, alternation)
    one_process([look.identity for look in turns])
    names = sorted({name for look in turns for name in look.fact.counts})
    counts = {
        name: tuple(later.fact.counts.get(name, 0) - look.fact.counts.get(name, 0) for look, later in pairwise(turns))
        for name in names
    }
    if any(moved < 0 for series in counts.values() for moved in series):
        busy("the counters began anew", "somebody reset the server's statistics in between")
    lengths = tuple(later.at - look.at for look, later in pairwise(turns))
    return Moves(alternation.windows, {name: series for name, series in counts.items() if any(series)}, lengths)


def performed(alternation: Alternation) -> tuple[Performed, ...]:
    """Every performance of all windows."""
    return tuple(run for window in alternation.windows for run in window.runs)


def turns_of(looks: Sequence[Seen[C]], alternation: Alternation) -> list[Seen[C]]:
    """The look before the first window, those between any two, and the one after the last. Raises unverifiable."""
    return [_turn(looks, after, before) for after, before in _gaps(alternation.windows)]


def _gaps(windows: Sequence[Window]) -> list[tuple[float, float]]:
    """When the looks were taken: before the first window, between any two, after the last."""
    ends = [float("-inf"), *(window.ended for window in windows)]
    begins = [*(window.began for window in windows), float("inf")]
    return list(zip(ends, begins, strict=True))


def _turn(looks: Sequence[Seen[C]], after: float, before: float) -> Seen[C]:
    found = [look for look in looks if after <= look.at <= before]
    if not found:
        unverifiable(
            Reason.INCONCLUSIVE_STATISTICS, "not seen at every turn", "a look between two windows did not come back"
        )
    return found[-1]
