"""Which processes of this host run whenever a server is asked: those that it has answer for it.

Linux counts for every thread how often it was given a processor (schedstat, third number). Whoever
answers a question has to run for it, by whatever way the question came, and this cannot be hidden
by closing a connection early or by a socket of another family. So asking in bursts, with silence
between them, tells a relay from a server: what stands behind a relay runs with every burst.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import stdev

#: questions of one burst, and the longest that it may take
_BURST, _BURST_S = 40, 0.6
#: at least, and a random part more
_SILENCE_S = 0.02
#: where slow answers or a busy host leave it open for so long, it stays open
_ROUNDS, _PATIENCE_S, _CLOSER_FROM = 12, 6.0, 2
#: rounds that tell what always happens from what happens now and then
_ENOUGH = 5
#: of its questions, a relay passes on at least ... to each of the (at most eight) servers behind it
_SHARE = 1 / 8
#: as far from chance as this counts, in standard deviations
_DEVIATIONS = 3.0
#: a process that ran for such a share of a burst may never have slept between two questions
_SPINNING = 0.5


@dataclass(frozen=True, slots=True)
class Woken:
    """Processes by what was seen: ``surely`` run with the questions; of ``unclear`` ones too much
    else was seen to tell. All others do not."""

    surely: frozenset[int]
    unclear: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Round:
    """One burst of questions with silence around it: how long both lasted and how often each process ran."""

    questions: int
    burst_s: float
    silence_s: float
    in_burst: Counter[int]
    in_silence: Counter[int]
    spinning: frozenset[int]

    def by_chance(self, pid: int) -> float:
        """Runs that the process would have had in the burst anyway."""
        return self.in_silence[pid] * self.burst_s / self.silence_s

    def beyond(self, pid: int) -> float:
        """Runs that the questions brought."""
        return self.in_burst[pid] - self.by_chance(pid)


class _Tally:
    """All rounds so far."""

    def __init__(self) -> None:
        self._rounds: list[_Round] = []

    def add(self, seen: _Round) -> None:
        """Take one more round in."""
        self._rounds.append(seen)

    def all_that(self, runs: bool | None) -> list[int]:
        """The processes of which :meth:`look` says this."""
        pids = set[int]().union(*(seen.in_burst for seen in self._rounds))
        return sorted(pid for pid in pids if self.look(pid) is runs)

    def look(self, pid: int) -> bool | None:
        """Whether the process runs with the questions; None while that is open."""
        if self._with_each(pid):
            return True
        if any(pid in seen.spinning for seen in self._rounds):
            return None
        questions = sum(seen.questions for seen in self._rounds)
        beyond = sum(seen.beyond(pid) for seen in self._rounds)
        by_chance = sum(seen.by_chance(pid) for seen in self._rounds)
        spread = self._by_rarity(pid) if by_chance <= questions / 2 else self._by_rounds(pid)
        return False if beyond + spread < _SHARE * questions else None

    def _with_each(self, pid: int) -> bool:
        """Whether it ran with the bursts and hardly in the silence around them, but for one of many: what others
        bring about, in bursts of their own, does not fall together with so many."""
        together = sum(
            seen.beyond(pid) > 2 * _SHARE * seen.questions and seen.by_chance(pid) <= seen.in_burst[pid] / 2
            for seen in self._rounds
        )
        return together >= _ENOUGH and len(self._rounds) - together <= 1

    def _by_rarity(self, pid: int) -> float:
        """How far the runs beyond chance may be off where those by chance are rare: as in a Poisson process."""
        by_chance = sum(seen.by_chance(pid) for seen in self._rounds)
        longer = sum(seen.burst_s for seen in self._rounds) / sum(seen.silence_s for seen in self._rounds)
        return _DEVIATIONS * math.sqrt((by_chance + 1) * (1 + longer))

    def _by_rounds(self, pid: int) -> float:
        """How far they may be off by how much the rounds differ; a process may be busy by itself, and in bursts."""
        if len(self._rounds) < _ENOUGH:
            return math.inf
        return 2 * _DEVIATIONS * stdev(seen.beyond(pid) for seen in self._rounds) * math.sqrt(len(self._rounds))


def woken_by(
    ask: Callable[[], bool], could_answer: Callable[[int], bool], answers: Callable[[int], bool]
) -> Woken | None:
    """Who runs when ``ask`` is called, again and again; None where the kernel does not count, or no answer came.

    ``ask`` asks once and says whether an answer came. ``could_answer`` says whether a process matters at
    all, ``answers``, which costs more, whether it still does on a closer look. The audit ends when
    nobody that matters is left open, or one is sure. Nothing else should be asked of this host meanwhile.
    """
    tally, began = _Tally(), time.monotonic()
    for number in range(1, _ROUNDS + 1):
        seen = _round(ask)
        if seen is None:
            return None
        tally.add(seen)
        surely = frozenset(pid for pid in tally.all_that(True) if answers(pid))
        # a single round leaves many open by chance
        closer = answers if number >= _CLOSER_FROM else could_answer
        unclear = frozenset(pid for pid in tally.all_that(None) if closer(pid))
        if surely or not unclear or (number >= _ENOUGH and time.monotonic() - began > _PATIENCE_S):
            break
    return Woken(surely, unclear)


def _round(ask: Callable[[], bool]) -> _Round | None:
    """Silence, a burst, silence. None if nothing can be learned."""
    first, began = _runs(), time.perf_counter()
    time.sleep(_silence_s())
    before, asked_from = _runs(), time.perf_counter()
    answered = _burst(ask)
    after, asked_to = _runs(), time.perf_counter()
    burst_s = asked_to - asked_from
    time.sleep(max(_silence_s(), burst_s / 2))
    last, ended = _runs(), time.perf_counter()
    if not answered or not first:
        return None
    asked = _grown(before, after)
    silent = _counted(_grown(first, before)) + _counted(_grown(after, last))
    spinning = frozenset(pid for pid, (_, seconds) in asked.items() if seconds > _SPINNING * burst_s)
    return _Round(answered, burst_s, ended - began - burst_s, _counted(asked), silent, spinning)


def _silence_s() -> float:
    return _SILENCE_S * random.SystemRandom().uniform(1, 2.5)


def _burst(ask: Callable[[], bool]) -> int:
    """How many of its questions were answered; 0 if one was not: who did not answer may not have asked on."""
    until = time.perf_counter() + _BURST_S
    for asked in range(1, _BURST + 1):
        if not ask():
            return 0
        if time.perf_counter() > until:
            return asked
    return _BURST


_Runs = Mapping[tuple[int, str], tuple[int, int]]


def _runs() -> _Runs:
    """(process, thread) -> (how often it ran, for how many nanoseconds); empty where this is not counted."""
    return dict(_threads())


def _threads() -> Iterator[tuple[tuple[int, str], tuple[int, int]]]:
    own = str(os.getpid())
    with suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdecimal() and name != own:
                with suppress(OSError):
                    for thread in os.listdir(f"/proc/{name}/task"):
                        with suppress(OSError), open(f"/proc/{name}/task/{thread}/schedstat", "rb") as told:
                            seconds, _, runs = told.read().split()
                            yield (int(name), thread), (int(runs), int(seconds))


def _grown(before: _Runs, after: _Runs) -> Mapping[int, tuple[int, float]]:
    """Process -> (runs, seconds) of all its threads in between."""
    grown: dict[int, tuple[int, float]] = {}
    for (pid, thread), (runs, nanoseconds) in after.items():
        runs_before, nanoseconds_before = before.get((pid, thread), (0, 0))
        so_far, seconds = grown.get(pid, (0, 0.0))
        grown[pid] = (so_far + runs - runs_before, seconds + (nanoseconds - nanoseconds_before) / 1e9)
    return grown


def _counted(grown: Mapping[int, tuple[int, float]]) -> Counter[int]:
    return Counter({pid: runs for pid, (runs, _) in grown.items() if runs})
