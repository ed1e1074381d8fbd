"""``wiring.used`` on 10,000 simulated series of counters, fitted to recorded ones of real servers.

``recorded_windows.json`` holds, by the ways of ``tests/proofs/wiring``, how often each counter moved in each window
of several live runs, and how many performances the window had.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path
from random import Random
from statistics import fmean, pvariance

import pytest

from pytest_distaudit.checks._alternated import Moves
from pytest_distaudit.checks.wiring import FIRST, MORE, decided
from pytest_distaudit.domain.judgement import Judgement, Refuted, Unverifiable
from pytest_distaudit.ports.capabilities import Performed
from pytest_distaudit.ports.windows import Window
from pytest_distaudit.ports.work import Work
from tests.thorough import many

RECORDED = json.loads((Path(__file__).parent / "recorded_windows.json").read_text())
SERIES, EACH, PAIRS = many(5000), 5, 7
RUN = Performed("nonce", 0.0, 0.0, ok=True)


@dataclass(frozen=True)
class Counter:
    """A counter's moves in a window of rest, and what one performance adds."""

    mean: float
    variance: float
    added: float


@cache
def fitted(way: str) -> dict[str, Counter]:
    recorded = RECORDED[way]["recorded"]
    names = {name for one in recorded for name in one["moves"]}
    return {name: _fitted([_by_window(one, name) for one in recorded]) for name in sorted(names)}


def _by_window(one: dict, name: str) -> list[tuple[int, int]]:
    return list(zip(one["performances"], one["moves"].get(name, [0] * len(one["performances"])), strict=True))


def _fitted(series: list[list[tuple[int, int]]]) -> Counter:
    rest = [moved for one in series for runs, moved in one if not runs]
    active = [moved for one in series for runs, moved in one if runs]
    return Counter(fmean(rest), pvariance(rest), max(0.0, (fmean(active) - fmean(rest)) / EACH))


def poisson(rate: float, lot: Random) -> int:
    if rate > 30:
        return max(0, round(lot.gauss(rate, rate**0.5)))
    left, many = lot.random(), 0
    while left > exp(-rate):  # Knuth
        many += 1
        left *= lot.random()
    return many


def at_rest(counter: Counter, scale: float, lot: Random) -> int:
    mean, variance = counter.mean * scale, counter.variance * scale
    if not mean:
        return 0
    if variance <= mean:  # somebody's own pace
        jitter = lot.choice((-1, 0, 0, 1)) if mean >= 1 else 0
        return max(0, int(mean + lot.random()) + jitter)
    return poisson(lot.gammavariate(mean * mean / (variance - mean), (variance - mean) / mean), lot)


@dataclass(frozen=True)
class World:
    """What goes on by itself, as in any of the recorded ways, and what performances add to it, all or some."""

    lot: Random
    by_itself: dict[str, Counter]
    added: dict[str, Counter]
    scale: float
    share: float

    def audited(self, each: int) -> Moves:
        drawn = [True] * PAIRS + [False] * PAIRS
        self.lot.shuffle(drawn)
        active = [False] * 3 + [True, *drawn, False]
        windows = tuple(
            Window(0.0, 1.0, (RUN,) * each if performs else (), 3 < place < len(active) - 1)
            for place, performs in enumerate(active)
        )
        # a machine may be too busy to keep time
        lengths = tuple(self.lot.uniform(1.0, 2.0) if self.lot.random() < 0.3 else 1.0 for _ in active)
        counts = {
            name: tuple(self._moved(name, window, length) for window, length in zip(windows, lengths, strict=True))
            for name in {**self.by_itself, **self.added}
        }
        return Moves(windows, {name: moves for name, moves in counts.items() if any(moves)}, lengths)

    def _moved(self, name: str, window: Window, length: float) -> int:
        lot = self.lot
        moved = at_rest(self.by_itself[name], self.scale * length, lot) if name in self.by_itself else 0
        if name in self.added:
            moved += sum(int(self.added[name].added + lot.random()) for _ in window.runs if lot.random() < self.share)
        return moved


def simulated(used: bool, lot: Random) -> World:
    by_itself = fitted(lot.choice([way for way in RECORDED if not RECORDED[way]["used"]]))
    added = fitted(lot.choice([way for way in RECORDED if RECORDED[way]["used"]])) if used else {}
    return World(lot, by_itself, added, lot.uniform(0.3, 2.0), lot.uniform(0.6, 1.0))


def told(world: World, each: int = FIRST.each) -> str:
    """The verdict, with more performances where few leave it open."""
    try:
        answer = decided(world.audited(each), Work({}))
    except (Refuted, Unverifiable) as error:
        answer = error.judgement
    return answer.verdict.value if isinstance(answer, Judgement) else told(world, MORE.each)


@pytest.mark.parametrize(("used", "wrong", "right"), [(True, "refuted", "verified"), (False, "verified", "refuted")])
def test_at_most_one_verdict_in_200_is_wrong(used, wrong, right):
    lot = Random(f"used {used}")
    words = [told(simulated(used, lot)) for _ in range(SERIES)]
    assert words.count(wrong) <= SERIES / 200
    assert words.count(right) >= 0.75 * SERIES, {word: words.count(word) for word in set(words)}
