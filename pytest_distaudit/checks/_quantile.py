"""Which two of so many measured values have a quantile between them, however the values are distributed. Pure.

Of independent values, as many lie below a quantile as a binomial distribution says, so that two ranks bound it and
nothing is assumed of the shape (H. A. David and H. N. Nagaraja, Order Statistics, third edition, section 7.1).
"""

from __future__ import annotations

from bisect import bisect_right
from math import ceil, log

from pytest_distaudit.checks._exchange import of_that_many


def ranks(many: int, share: float, level: float) -> tuple[int | None, int | None]:
    """(from, to), counted from 1: the values of these ranks have the quantile between them or are it.

    ``share`` of all values lie below the quantile (0.95), ``level`` is how often either rank may be wrong at most.
    None: so few values bound it on that side by none of their ranks.
    """
    below, above = _at_most_so_often(many, share, level), _at_most_so_often(many, 1 - share, level)
    return (None if below is None else below + 1), (None if above is None else many - above)


def least(share: float, level: float) -> int:
    """How many values it takes to bound the quantile from above, by the largest of them."""
    return ceil(log(level) / log(share))


def _at_most_so_often(among: int, share: float, level: float) -> int | None:
    """The largest number that as many or fewer of so many events come to with ``level`` at most; None: not even 0."""
    found = bisect_right(range(among), level, key=lambda few: of_that_many(few, among, share)) - 1
    return None if found < 0 else found
