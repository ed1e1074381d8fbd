"""By which schedule a caller repeats what failed: from the arrival times at the dependency, not from its own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log, sqrt
from statistics import fmean, linear_regression, median, stdev
from typing import Final

from pytest_distaudit.domain.verdict import Reason

#: sequences that are wanted before a schedule is named
ENOUGH: Final = 10
#: gaps of each that tell linear from exponential
_TELLING: Final = 4
#: gaps below this are no waiting: retries at once, or retries of retries
_AT_ONCE_S: Final = 0.020
#: growth from gap to gap below which a schedule is constant, and the one that two or three gaps must show
_GROWS: Final = 1.2
_GROWS_CLEARLY: Final = 1.3
_JITTER: Final = 0.10
_NO_JITTER: Final = 0.03
#: standard errors by which jitter has to be outgrown
_SURELY: Final = 4
#: spread from which a schedule's mean says more than its median
_WIDE: Final = 0.35
#: gaps that differ by no more are the same; by how much a cap exceeds the first gap
_SAME: Final = 0.10
_CLEAR: Final = 0.45


class Schedule(StrEnum):
    """What the gaps show. ``GROWING``: with jitter, or too short to tell linear from exponential."""

    NONE = "none"
    IMMEDIATE = "immediate"
    CONSTANT = "constant"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    GROWING = "growing"
    UNKNOWN = "unknown"


class Jitter(StrEnum):
    """Whether gaps of the same number differ from request to request."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Backoff:
    """``schedule`` with the ``reason`` of an unknown one.

    ``ratio``: by how much a gap exceeds the one before (2 for doubling). ``spread``: the coefficient of variation of
    gaps of the same number. ``gaps_s``: the typical gaps. ``capped_s``: the gap that is not exceeded, None if none was
    seen. ``attempts``: the most arrivals of one request. ``amplification``: arrivals for each attempt of the outermost
    caller; above 1 retries are nested.
    """

    schedule: Schedule
    reason: Reason | None
    jitter: Jitter
    ratio: float | None
    spread: float | None
    gaps_s: tuple[float, ...]
    capped_s: float | None
    attempts: int
    amplification: float = 1.0


def check(sequences: Sequence[Sequence[float]], *, noise: float = 0.0) -> Backoff:
    """Name the schedule by the gaps, in seconds, between the arrivals of each front-door request.

    The dependency's own time to answer is taken out already; ``noise`` is what is left of its spread, as a share of
    a gap. A request that arrived once has no gaps. Rules and figures: simulated for this project over eleven
    generators (the forms of jitter are those of the AWS Architecture Blog's "Exponential Backoff And Jitter"): with
    20 sequences of 4 to 6 gaps all were told right, 500 times each. The thresholds were chosen on these simulations,
    so that the figure is no promise for others. Unlike there, a line may begin anywhere, and growth that jitter alone
    might show is unknown. A jittered linear schedule cannot be told from an exponential one at this size: both are
    growing.
    """
    attempts = max((len(each) for each in sequences), default=-1) + 1
    if len(sequences) < ENOUGH:
        return _unnamed(Schedule.UNKNOWN, attempts)
    if attempts == 1:
        return _unnamed(Schedule.NONE, attempts)
    length = _length(sequences)
    if not length:
        return _unnamed(Schedule.UNKNOWN, attempts)
    columns = list(zip(*(each[:length] for each in sequences if len(each) >= length), strict=True))
    if fmean(fmean(column) for column in columns) < _AT_ONCE_S:
        return _unnamed(Schedule.IMMEDIATE, attempts)
    kept = _without_bursts(columns)
    return _named(kept, attempts, len(columns) / len(kept), noise)


def _unnamed(schedule: Schedule, attempts: int) -> Backoff:
    reason = Reason.INCONCLUSIVE_STATISTICS if schedule is Schedule.UNKNOWN else None
    return Backoff(schedule, reason, Jitter.UNKNOWN, None, None, (), None, attempts)


def _length(sequences: Sequence[Sequence[float]]) -> int:
    """As many gaps as enough sequences have; 0 if too few have one."""
    return sorted((len(each) for each in sequences), reverse=True)[ENOUGH - 1]


def _without_bursts(columns: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Without gaps inside bursts, which nested retries make: a schedule that grows has small gaps only at first."""
    small = [median(column) < _AT_ONCE_S for column in columns]
    if False not in small or True not in small[small.index(False) :]:
        return list(columns)
    return [column for column, at_once in zip(columns, small, strict=True) if not at_once]


def _named(columns: Sequence[tuple[float, ...]], attempts: int, amplification: float, noise: float) -> Backoff:
    spread = median(stdev(column) / fmean(column) for column in columns if any(column))
    typical = tuple(fmean(column) if spread > _WIDE else median(column) for column in columns)
    growing, capped = _uncapped(typical, spread, len(columns[0]))
    ratio = _ratio(growing)
    # a cap was only seen where growth is clear
    sure = capped is not None or _surely(growing, ratio, spread, len(columns[0]))
    schedule = _schedule(growing, ratio, spread, sure)
    reason = Reason.INCONCLUSIVE_STATISTICS if schedule is Schedule.UNKNOWN else None
    jitter = _jitter(spread, noise)
    return Backoff(schedule, reason, jitter, ratio, spread, typical, capped, attempts, amplification)


def _jitter(spread: float, noise: float) -> Jitter:
    if spread >= _JITTER:
        return Jitter.PRESENT
    return Jitter.ABSENT if spread <= max(_NO_JITTER, 2 * noise) else Jitter.UNKNOWN


def _uncapped(typical: tuple[float, ...], spread: float, sequences: int) -> tuple[tuple[float, ...], float | None]:
    """The gaps before they stay the same, and the cap. All the same, or nearly, is no cap but constant.

    With jitter a mean is only known to within its ``error``: more gaps have to agree, and growth has to be clear.
    """
    last, error = typical[-1], spread / sqrt(sequences)
    same = max(_SAME, 3 * error)
    length = len(typical)
    while length > 1 and abs(typical[length - 2] - last) <= same * last:
        length -= 1
    # the first that is capped may have been cut short
    growing = typical[: max(2, length - 1)]
    level = fmean(typical[length - 1 :])
    enough = len(typical) - length + 1 >= (3 if spread >= _JITTER else 2)
    clear = level - typical[0] >= level * max(_CLEAR, _SURELY * error)
    grows = (_ratio(growing) or 0) >= _GROWS
    return (growing, level) if enough and clear and grows else (typical, None)


def _ratio(gaps: Sequence[float]) -> float | None:
    """By which factor they grow: the slope of their logarithms."""
    if len(gaps) < 2 or min(gaps) <= 0:
        return None
    slope, _ = linear_regression(range(len(gaps)), [log(gap) for gap in gaps])
    return exp(slope)


def _schedule(gaps: tuple[float, ...], ratio: float | None, spread: float, sure: bool) -> Schedule:
    if ratio is None:
        return Schedule.UNKNOWN
    if ratio < _GROWS:
        return Schedule.CONSTANT
    if len(gaps) < _TELLING:
        return Schedule.GROWING if sure and ratio > _GROWS_CLEARLY else Schedule.UNKNOWN
    if spread >= _JITTER:
        return Schedule.GROWING if sure else Schedule.UNKNOWN
    return Schedule.LINEAR if _as_line(gaps) < _as_power(gaps) else Schedule.EXPONENTIAL


def _surely(gaps: Sequence[float], ratio: float | None, spread: float, sequences: int) -> bool:
    """Whether jitter without growth would hardly look like this: the slope is four of its standard errors."""
    middle = (len(gaps) - 1) / 2
    wide = sum((number - middle) ** 2 for number in range(len(gaps)))
    return ratio is not None and log(ratio) >= _SURELY * spread / sqrt(sequences * wide)


def _as_power(gaps: Sequence[float]) -> float:
    """The squares of what an exponential leaves of the gaps' logarithms."""
    logs = [log(gap) for gap in gaps]
    slope, start = linear_regression(range(len(logs)), logs)
    return sum((each - start - slope * number) ** 2 for number, each in enumerate(logs))


def _as_line(gaps: Sequence[float]) -> float:
    """The same of the straight line that fits best in shares of each gap."""
    slope, start = _line(gaps, [gap**-2 for gap in gaps])
    fitted = [start + slope * number for number in range(len(gaps))]
    if min(fitted) <= 0:
        return float("inf")
    return sum((log(gap) - log(fit)) ** 2 for gap, fit in zip(gaps, fitted, strict=True))


def _line(values: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """Slope and start of the weighted least squares line over 0, 1, 2, ..."""
    total = sum(weights)
    middle = sum(weight * number for number, weight in enumerate(weights)) / total
    mean = sum(weight * value for weight, value in zip(weights, values, strict=True)) / total
    wide = sum(weight * (number - middle) ** 2 for number, weight in enumerate(weights))
    pairs = enumerate(zip(weights, values, strict=True))
    slope = sum(weight * (number - middle) * value for number, (weight, value) in pairs) / wide
    return slope, mean - slope * middle
