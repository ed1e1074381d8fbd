"""Exact tests for windows drawn by lot. Pure.

Whether a window has performances was decided by lot, and by nothing in the world. So if performances move nothing,
every other drawing would have shown the same counts: the share of drawings at least as telling as the one made is
an exact probability, whatever moves the counters meanwhile, bursts, pollers and timers included (the randomisation
test of R. A. Fisher, The Design of Experiments, 1935, section 21; P. Good, Permutation Tests, chapter 3).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from math import comb

#: how often either error may happen at most: in one audit of 200, which may have a second try with more performances
LEVEL = 1 / 200 / 2


def drawings(values: Sequence[int], drawn: Collection[int]) -> int:
    """In how many ways as many could have been drawn."""
    return comb(len(values), len(drawn))


def at_least(values: Sequence[int], drawn: Collection[int]) -> float:
    """The share of drawings whose values sum up to at least those of ``drawn`` (places in ``values``)."""
    wanted, observed = len(drawn), sum(values[place] for place in drawn)
    half = len(values) // 2
    left, right = _sums(values[:half]), [sorted(sums) for sums in _sums(values[half:])]
    found = 0
    for size, sums in enumerate(left):
        rest = right[wanted - size] if 0 <= wanted - size < len(right) else []
        found += sum(len(rest) - bisect_left(rest, observed - part) for part in sums)
    return found / comb(len(values), wanted)


def at_most(values: Sequence[int], drawn: Collection[int]) -> float:
    """The share of drawings whose values sum up to no more than those of ``drawn``."""
    return at_least([-value for value in values], drawn)


def too_few(values: Sequence[int], drawn: Collection[int], each: Sequence[int], lengths: Sequence[float]) -> float:
    """How often so few moves would be seen if every second performance made one.

    ``each``: performances per window. What performances would have made is taken out; what is left would be alike in
    all windows.
    """
    rest = [2 * value - each[place] if place in drawn else 2 * value for place, value in enumerate(values)]
    return at_most([-value for value in by_length([-value for value in rest], lengths)], drawn)


def by_length(values: Sequence[int], lengths: Sequence[float]) -> list[int]:
    """Thousandths of moves beyond those that a window's length explains, where some move all the time.

    The pace is that of the slower half of the windows, whichever they are: it does not depend on what was drawn, so
    that the tests stay exact.
    """
    slower = sorted(zip(values, lengths, strict=True), key=lambda one: one[0] / one[1])[: (len(values) + 1) // 2]
    pace = sum(value for value, _ in slower) / sum(length for _, length in slower)
    return [1000 * value - round(1000 * pace * length) for value, length in zip(values, lengths, strict=True)]


def _sums(values: Sequence[int]) -> list[list[int]]:
    """Number of values taken -> the sums that can be had with so many."""
    sums: list[list[int]] = [[0], *([] for _ in values)]
    for at, value in enumerate(values):
        for size in range(at + 1, 0, -1):
            sums[size].extend([part + value for part in sums[size - 1]])
    return sums
