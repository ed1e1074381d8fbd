"""Exact chances of so many successes among independent trials, and bounds for the share behind them."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log, log1p
from typing import Final

_STEPS: Final = 1_000_000
_TINY: Final = 1e-300
_EXACT: Final = 1e-15


def at_most(successes: int, trials: int, share: float) -> float:
    """The chance of no more than ``successes``. Raises ValueError outside ``0 <= share <= 1`` or ``trials >= 0``."""
    if trials < 0 or not 0 <= share <= 1:
        raise ValueError(f"{trials} trials with a share of {share}: wanted are trials >= 0 and 0 <= share <= 1")
    if successes < 0:
        return 0.0
    if successes >= trials or share == 0:
        return 1.0
    if share == 1:
        return 0.0
    return _beta(trials - successes, successes + 1, 1 - share)


def at_least(successes: int, trials: int, share: float) -> float:
    """The chance of ``successes`` or more. Raises ValueError like :func:`at_most`."""
    # the mirrored question, so that small chances keep their digits
    return at_most(trials - successes, trials, 1 - share)


def share_bounds(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The share's exact two-sided interval. Source: Clopper & Pearson 1934. Trials are taken to be independent.

    Raises ValueError for more successes than trials, and without trials.
    """
    tail = (1 - confidence) / 2
    return at_least_share(successes, trials, tail), at_most_share(successes, trials, tail)


def at_least_share(successes: int, trials: int, tail: float) -> float:
    """The smallest share for which ``successes`` or more are no rarer than ``tail``. Raises ValueError as above."""
    _sensible(successes, trials)
    return 0.0 if successes == 0 else _where(lambda share: at_least(successes, trials, share) >= tail)


def at_most_share(successes: int, trials: int, tail: float) -> float:
    """The largest share for which ``successes`` or fewer are no rarer than ``tail``. Raises ValueError as above."""
    _sensible(successes, trials)
    return 1.0 if successes == trials else _where(lambda share: at_most(successes, trials, share) < tail)


def _sensible(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials}: wanted is 0 <= successes <= trials, and trials > 0")


def _where(becomes_true: Callable[[float], bool]) -> float:
    """The share at which a condition that holds from there on begins to."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if becomes_true(middle) else (middle, high)
    return high


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction (Abramowitz & Stegun 26.5.8).

    The side whose fraction settles soon is never above 0.87, for ``a`` and ``b`` from 1 on: no rounding leaves 0 to 1.
    """
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    upper, lower = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    found = lower
    for step in range(1, _STEPS):
        before = found
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            lower = 1 / _not_zero(1 + term * lower)
            upper = _not_zero(1 + term / upper)
            found *= upper * lower
        if abs(found - before) <= _EXACT * abs(found):
            return found
    raise ArithmeticError(f"the chance among {a + b - 1:.0f} trials did not settle")


def _not_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
