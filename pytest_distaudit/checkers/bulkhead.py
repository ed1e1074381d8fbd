"""Whether calls to a dependency are limited in number, and others go on while it hangs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from pytest_distaudit.checkers.percentile import nearest
from pytest_distaudit.domain.verdict import Reason, Verdict

#: calls that are wanted on either side
ENOUGH: Final = 30
_FEWER, _HELD, _NEARLY_ALL = 2 / 3, 0.5, 0.95
_WELL, _ILL = 0.99, 0.95
_SLOWER, _SLOWER_S = 2, 0.050
#: what a busy machine does not do by itself
_STALLED, _STALLED_S = 10, 0.250


@dataclass(frozen=True, slots=True)
class Plateau:
    """``most``: how many calls were inside the dependency at once for certain; ``offered``: how many wanted to be.

    ``held``: for which share of the time that more were offered than ``most`` it was ``most``.
    """

    verdict: Verdict
    reason: Reason | None
    most: int
    offered: int
    held: float


def most_at_once(intervals: Iterable[tuple[float, float | None]]) -> int:
    """How many intervals overlap at some moment; None ends never, and what begins where another ends is after it."""
    return max((level for _, level in _levels(intervals)), default=0)


def plateau(
    inside: Sequence[tuple[float, float | None]],
    offered: Sequence[tuple[float, float | None]],
    limit: int | None = None,
) -> Plateau:
    """Judge the limit of calls by when each began and ended at the dependency and at the caller, on one clock.

    Rule: with more offered than the limit, never more than ``limit`` are inside at once; refuted if more are. Without a
    claimed limit there is one if two thirds of the offered or fewer are inside at once, and that is held for half of
    the time that more are offered; there is none if nearly all are inside. Vacuous if no more are offered than the
    limit, or nothing ever came inside.
    """
    most, wanted = most_at_once(inside), most_at_once(offered)
    held = _held(inside, offered, most)
    verdict, reason = _verdict(most, wanted, held, limit)
    return Plateau(verdict, reason, most, wanted, held)


def _verdict(most: int, wanted: int, held: float, limit: int | None) -> tuple[Verdict, Reason | None]:
    if limit is not None and most > limit:
        return Verdict.REFUTED, None
    if not most or wanted <= (limit or 1):
        return Verdict.UNVERIFIABLE, Reason.VACUOUS
    if limit is not None or (most <= wanted * _FEWER and held >= _HELD):
        return Verdict.VERIFIED, None
    if most >= wanted * _NEARLY_ALL:
        return Verdict.REFUTED, None
    return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS


@dataclass(frozen=True, slots=True)
class Isolation:
    """``answered``: the share of the other calls that were answered well; ``p95_s``, before and during."""

    verdict: Verdict
    reason: Reason | None
    answered: float
    p95_s: tuple[float, float]


def isolation(before_s: Sequence[float], during_s: Sequence[float]) -> Isolation:
    """Judge calls that do not need the dependency by their latencies before it hung and while it did; inf: no answer.

    Rule: 99 % answered and a 95th percentile of at most twice the one before, or 50 ms above it. Refuted below 95 %, or
    if the percentile is more than ten times the one before, and a quarter of a second above it.
    """
    if min(len(before_s), len(during_s)) < ENOUGH:
        return Isolation(Verdict.UNVERIFIABLE, Reason.VACUOUS, 0.0, (inf, inf))
    calm, now = nearest(before_s), nearest(during_s)
    answered = sum(each < inf for each in during_s) / len(during_s)
    if calm == inf:
        return Isolation(Verdict.UNVERIFIABLE, Reason.BASELINE, answered, (calm, now))
    if answered < _ILL or now > max(_STALLED * calm, calm + _STALLED_S):
        return Isolation(Verdict.REFUTED, None, answered, (calm, now))
    if answered >= _WELL and now <= max(_SLOWER * calm, calm + _SLOWER_S):
        return Isolation(Verdict.VERIFIED, None, answered, (calm, now))
    return Isolation(Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS, answered, (calm, now))


def _levels(intervals: Iterable[tuple[float, float | None]]) -> list[tuple[float, int]]:
    """From which moment on how many are open; at equal moments ends come first, so that overlap is certain."""
    steps = []
    for start, end in intervals:
        steps += [(start, 1), (inf if end is None else end, -1)]
    level, levels = 0, []
    for at, step in sorted(steps):
        level += step
        levels.append((at, level))
    return levels


def _held(
    inside: Sequence[tuple[float, float | None]], offered: Sequence[tuple[float, float | None]], most: int
) -> float:
    """The share of the time with more than ``most`` offered in which ``most`` were inside."""
    changes = [(at, 0, level) for at, level in _levels(inside)] + [(at, 1, level) for at, level in _levels(offered)]
    now, since = [0, 0], -inf
    pressed = full = 0.0
    for at, which, level in sorted((each for each in changes if each[0] < inf), key=lambda each: each[0]):
        if now[1] > most:
            pressed += at - since
            full += (at - since) * (now[0] == most)
        now[which], since = level, at
    return full / pressed if pressed else 0.0
