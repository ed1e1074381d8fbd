"""Between which means a count of independent events has come about. Pure.

The exact limits of F. Garwood (Fiducial limits for the Poisson distribution, Biometrika 28, 1936). Events that come
more regularly than chance would have it are bounded too widely, never too closely.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log

_STEPS = 60
#: what adds less than this part to a sum does not count
_NOTHING = 1e-15
#: of few events, so many more still count
_FEW = 100


def means(events: int, level: float) -> tuple[float, float]:
    """(least, most): with a smaller or a larger mean so many events would be seen with at most ``level`` each."""
    least = _bisected(lambda mean: _tail(events, mean, 1) <= level, 0.0, float(events)) if events else 0.0
    return least, _bisected(lambda mean: _tail(events, mean, -1) > level, float(events), 2.0 * events + 30)


def _bisected(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where ``below`` ends to be true."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def _tail(events: int, mean: float, step: int) -> float:
    """How often at least (``step`` 1) or at most (-1) so many are seen; the mean lies on the other side."""
    if mean <= 0:
        return float(events == 0 or step < 0)
    total, term = 0.0, exp(events * log(mean) - mean - lgamma(events + 1))
    for at in range(events, 2 * events + _FEW if step > 0 else -1, step):
        if term <= _NOTHING * total:
            break
        total += term
        term *= mean / (at + 1) if step > 0 else at / mean
    return total
