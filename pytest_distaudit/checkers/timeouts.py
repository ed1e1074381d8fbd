"""Whether calls to a dependency that stays silent end in time, and let go of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Final

from pytest_distaudit.domain.verdict import Reason, Verdict

#: calls that are wanted, and how many of ten have to be in time
ENOUGH: Final = 10
_OF_TEN: Final = 9
_EARLY, _LATE, _SLACK_S = 0.8, 1.2, 0.5
_NEVER: Final = 3
#: by how much a busy machine alone does not make a call longer, in seconds
_BUSY_S: Final = 2.0
#: how long is waited where no limit is claimed
_UNTOLD_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Silence:
    """One call to a silent dependency, in seconds since it began.

    ``answered_s``: when the caller answered, None if it had not after ``watched_s``. ``released_s``: when the
    dependency saw its connection closed, None if it had not by then; ``visible``: whether it could see that at all.
    """

    answered_s: float | None
    watched_s: float
    released_s: float | None = None
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Timeout:
    """``verdict`` with the ``reason`` of an unverifiable one.

    ``in_time``: calls that were answered when claimed, and let go then, too. ``unanswered``: without an answer for so
    long that none is to be expected. ``leaked``: answered, and the connection stayed open for as long. ``typical_s``:
    the median.
    """

    verdict: Verdict
    reason: Reason | None
    calls: int
    in_time: int
    unanswered: int
    leaked: int
    typical_s: float | None


def never_s(limit_s: float | None) -> float:
    """After how many seconds an answer is none: three times the limit, two seconds more at least; 30 without one."""
    return _UNTOLD_S if limit_s is None else max(_NEVER * limit_s, limit_s + _BUSY_S)


def check(calls: Sequence[Silence], limit_s: float | None, *, at_once: bool = False) -> Timeout:
    """Judge the claim that calls end after ``limit_s``; None where it names no time.

    Rule: nine of ten answer between 0.8 and 1.2 of the limit (+ 0.5 s) and close their connection then. Refuted if
    more than one of ten has no answer after :func:`never_s`, or keeps its connection for as long. In between, with
    fewer than ten calls, or where the closing cannot be seen, nothing is decided; answers of a gateway in between
    hide the service's own. ``at_once``: nothing has to be waited for, so that a call may end earlier, too.
    """
    most = never_s(limit_s)
    unanswered = sum(_later(each.answered_s, each.watched_s, most) for each in calls)
    leaked = sum(
        each.visible and each.answered_s is not None and _later(each.released_s, each.watched_s, most) for each in calls
    )
    in_time = 0 if limit_s is None else sum(_in_time(each, limit_s, at_once) for each in calls)
    times = [inf if each.answered_s is None else each.answered_s for each in calls]
    verdict, reason = _verdict(len(calls), in_time, max(unanswered, leaked), limit_s, calls)
    return Timeout(verdict, reason, len(calls), in_time, unanswered, leaked, median(times) if times else None)


def _verdict(
    calls: int, in_time: int, bad: int, limit_s: float | None, seen: Sequence[Silence]
) -> tuple[Verdict, Reason | None]:
    if not calls:
        return Verdict.UNVERIFIABLE, Reason.VACUOUS
    if calls < ENOUGH:
        return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS
    if bad * 10 > calls:
        return Verdict.REFUTED, None
    if limit_s is None:
        return Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM
    if not all(each.visible for each in seen):
        return Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE
    if in_time * 10 >= calls * _OF_TEN:
        return Verdict.VERIFIED, None
    return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS


def _later(at_s: float | None, watched_s: float, limit_s: float) -> bool:
    """Whether it certainly came after ``limit_s``; what was not watched for so long may have come before."""
    return watched_s >= limit_s if at_s is None else at_s > limit_s


def _in_time(call: Silence, limit_s: float, at_once: bool) -> bool:
    early, late = 0.0 if at_once else _EARLY * limit_s, _LATE * limit_s + _SLACK_S
    return all(at is not None and early <= at <= late for at in (call.answered_s, call.released_s))
