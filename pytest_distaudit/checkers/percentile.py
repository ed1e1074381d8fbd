"""Between which of the measured values a percentile lies, whatever their distribution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf, isnan, log

from pytest_distaudit.checkers.binomial import at_least, at_most
from pytest_distaudit.domain.verdict import Reason, Verdict


@dataclass(frozen=True, slots=True)
class Interval:
    """``low`` and ``high`` hold the percentile between them; -inf or inf where too few were measured to say.

    ``ranks``: which of the ``samples`` in order they are, from 1; 0 and ``samples`` + 1 stand for beyond.
    """

    low: float
    high: float
    ranks: tuple[int, int]
    samples: int

    def verdict(self, limit: float) -> tuple[Verdict, Reason | None]:
        """Whether the percentile is at most ``limit``: only where the whole interval says so."""
        if self.high <= limit:
            return Verdict.VERIFIED, None
        if self.low > limit:
            return Verdict.REFUTED, None
        return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS


def ranks(samples: int, share: float, confidence: float = 0.95) -> tuple[int, int]:
    """Ranks that hold the ``share`` quantile between them with ``confidence``, each tail half of what is left.

    Source: David & Nagaraja, "Order Statistics" (2003), 7.1: how many samples lie below the quantile is binomial. The
    lower rank is the largest that too few samples below would rarely contradict, the upper one its mirror.
    """
    if not (0 < share < 1 and 0 < confidence < 1):
        raise ValueError(f"a share of {share} with a confidence of {confidence}: both lie between 0 and 1")
    tail = (1 - confidence) / 2
    low = _first(samples, lambda below: at_most(below, samples, share) > tail)
    high = _first(samples, lambda below: at_least(below, samples, share) <= tail)
    return low, high


def nearest(samples: Sequence[float], share: float = 0.95) -> float:
    """The smallest sample that so large a share does not exceed: what was measured, and no more (nearest rank).

    Raises IndexError without any.
    """
    return sorted(samples)[ceil(share * len(samples)) - 1]


def least(share: float, tail: float) -> int:
    """How many samples it takes until the largest bounds the quantile from above, wrong in no more than ``tail``."""
    about = ceil(log(tail) / log(share))
    return _first(about + 1, lambda samples: at_least(samples, samples, share) <= tail)


def interval(samples: Sequence[float], share: float, confidence: float = 0.95) -> Interval:
    """The quantile's interval; ``inf`` stands for what never answered.

    Merge samples of several clients, never their percentiles. Samples are taken to be independent. Raises ValueError
    for NaN, and for a share or confidence that does not lie between 0 and 1.
    """
    if any(isnan(each) for each in samples):
        raise ValueError("a sample is NaN, which is no measurement")
    low, high = ranks(len(samples), share, confidence)
    ordered = (-inf, *sorted(samples), inf)
    return Interval(ordered[low], ordered[high], (low, high), len(samples))


def _first(samples: int, holds: Callable[[int], bool]) -> int:
    """The smallest number from 0 for which what stays true once it is true holds; ``samples`` + 1 if none does."""
    low, high = 0, samples + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
