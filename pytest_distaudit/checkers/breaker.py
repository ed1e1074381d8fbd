"""Whether a circuit breaker opens, fails fast, tries again and closes: by what arrives at the dependency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pytest_distaudit.checkers.percentile import nearest
from pytest_distaudit.domain.verdict import Reason, Verdict

#: calls in a row without an arrival that show it open, and with one that show it closed
RUN: Final = 20
#: calls into the failing dependency without which "it never opened" says nothing
ENOUGH: Final = 60
_FAST: Final = 0.25
_WITHIN, _SLACK_S = 0.2, 1.0
#: of calls that still arrive where each of several workers has a breaker of its own
_STEPWISE: Final = 0.10
#: how long an open time may be that nobody told
_UNTOLD_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call at the front door: when it began and was answered (seconds, one clock; inf: never), whether well.

    ``arrivals``: what arrived at the dependency because of it; more than one are retries inside the breaker.
    """

    at_s: float
    answered_s: float
    ok: bool
    arrivals: int


@dataclass(frozen=True, slots=True)
class Round:
    """What was done to the dependency: it failed from ``failing_s`` to ``healed_s``.

    ``failure_s``: how long its failure takes the caller, None where that is no time (an error, a refusal): then how
    fast the breaker answers shows nothing. ``open_s``: how long the breaker stays open, None if unknown. ``trials``:
    how many calls it lets through then. ``workers``: processes with a breaker each.
    """

    failing_s: float
    healed_s: float
    failure_s: float | None = None
    open_s: float | None = None
    trials: int = 10
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Phases:
    """``verdict`` with the ``reason`` of an unverifiable one; a phase that was not seen is None.

    ``let_through``: calls that arrived before it opened. ``fast_s``: the 95th percentile of its answers while open,
    ``fast``: whether that is a quarter of the failure's time at most. ``tried_after_s``: from the last arrival before
    it opened to the first trial; ``trials``: arrivals until it was open again. ``closed_after_s``: from the heal on.
    """

    verdict: Verdict
    reason: Reason | None
    because: str
    let_through: int | None = None
    fast_s: float | None = None
    fast: bool | None = None
    tried_after_s: float | None = None
    trials: int | None = None
    closed_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """Where calls stopped arriving, as positions among the calls of the failing phase."""

    first: int
    #: the first trial, len() if there was none
    trial: int
    #: where it was open again, len() if it was not
    again: int


def check(calls: Sequence[Call], told: Round) -> Phases:
    """Judge one round, calls in the order they were made: steadily, at least 25 in the open time.

    Source: Nygard, "Release It!" (closed, open, half-open); numbers of this project after pybreaker, resilience4j and
    Hystrix. Open: 20 calls in a row without an arrival, answered in a quarter of the failure's time. Half-open: after
    the open time (+/- 20 %, 1 s) 1 to ``trials`` arrivals, and then none again. Closed: after the heal and the open
    time 20 calls in a row arrive and are answered well. Refuted: every call arrives though 60 fail, or none comes
    through long after the heal. With several workers one in ten may still arrive.
    """
    before = [each for each in calls if each.at_s < told.failing_s]
    failing = [each for each in calls if told.failing_s <= each.at_s < told.healed_s]
    after = [each for each in calls if each.at_s >= told.healed_s]
    if len(before) < RUN or not all(_went_well(each) for each in before[-RUN:]):
        return Phases(Verdict.UNVERIFIABLE, Reason.BASELINE, f"no {RUN} calls in a row went well before the fault")
    opened = _opened(failing, told)
    if opened is None:
        return _never_opened(failing)
    return _opened_phases(failing, after, opened, told)


def _never_opened(failing: Sequence[Call]) -> Phases:
    arrived = sum(each.arrivals > 0 for each in failing)
    because = f"{arrived} of {len(failing)} calls arrived at the failing dependency"
    if len(failing) < ENOUGH:
        return Phases(Verdict.UNVERIFIABLE, Reason.VACUOUS, because)
    if arrived == len(failing):
        return Phases(Verdict.REFUTED, None, because)
    return Phases(Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS, because)


def _opened(failing: Sequence[Call], told: Round) -> _Open | None:
    run = RUN * told.workers
    spared = 0 if told.workers == 1 else int(run * _STEPWISE)
    first = _silence(failing, 0, run, spared)
    if first is None:
        return None
    if spared:
        # where breakers open and try one by one, trials cannot be told from what still arrives
        return _Open(first, len(failing), len(failing))
    trial = next((at for at in range(first, len(failing)) if failing[at].arrivals), len(failing))
    again = _silence(failing, trial, RUN // 4, 0)
    return _Open(first, trial, len(failing) if again is None else again)


def _silence(calls: Sequence[Call], start: int, run: int, spared: int) -> int | None:
    """Where a run of calls begins of which no more than ``spared`` arrive, and its own first does not."""
    for first in range(start, len(calls) - run + 1):
        if not calls[first].arrivals and sum(each.arrivals > 0 for each in calls[first : first + run]) <= spared:
            return first
    return None


def _opened_phases(failing: Sequence[Call], after: Sequence[Call], opened: _Open, told: Round) -> Phases:
    silent = [each.answered_s - each.at_s for each in failing[opened.first : opened.trial] if not each.arrivals]
    fast_s = nearest(silent)
    fast = None if told.failure_s is None else fast_s <= _FAST * told.failure_s
    through = sum(each.arrivals > 0 for each in failing[: opened.first])
    tried_after_s, trials = None, None
    if opened.trial < len(failing):
        last = max((each.at_s for each in failing[: opened.first] if each.arrivals), default=told.failing_s)
        tried_after_s = failing[opened.trial].at_s - last
        trials = sum(each.arrivals for each in failing[opened.trial : opened.again])
    closed = _closed(after)
    closed_after_s = None if closed is None else closed - told.healed_s
    seen = Phases(Verdict.VERIFIED, None, "", through, fast_s, fast, tried_after_s, trials, closed_after_s)
    verdict, reason, because = _verdict(seen, opened, failing, after, told)
    return Phases(verdict, reason, because, through, fast_s, fast, tried_after_s, trials, closed_after_s)


def _closed(after: Sequence[Call]) -> float | None:
    """When the first run of calls begins that all arrive and go well."""
    well = 0
    for number, each in enumerate(after):
        well = well + 1 if _went_well(each) else 0
        if well == RUN:
            return after[number - RUN + 1].at_s
    return None


def _went_well(call: Call) -> bool:
    return call.ok and call.arrivals > 0


def _verdict(
    seen: Phases, opened: _Open, failing: Sequence[Call], after: Sequence[Call], told: Round
) -> tuple[Verdict, Reason | None, str]:
    open_s = told.open_s if told.open_s is not None else seen.tried_after_s
    if seen.closed_after_s is None:
        return _never_closed(after, open_s, told)
    if seen.fast is False:
        return _unsure(f"while open it answered in {seen.fast_s:.3g} s, the failure takes {told.failure_s:.3g} s")
    if told.workers > 1:
        return Verdict.VERIFIED, None, "its workers stopped calling and called again after the heal"
    if seen.tried_after_s is None or seen.trials is None:
        return _unsure("the dependency was healed before the breaker tried again")
    if opened.again == len(failing):
        return _unsure(f"{seen.trials} calls arrived when it tried again, and it was not seen to open again")
    if seen.trials > told.trials:
        return _unsure(f"{seen.trials} calls arrived when it tried again, {told.trials} may")
    if told.open_s is not None and not _near(seen.tried_after_s, told.open_s):
        return _unsure(f"it tried again after {seen.tried_after_s:.3g} s, not {told.open_s:.3g} s")
    return Verdict.VERIFIED, None, "it opened, tried again and closed"


def _unsure(because: str) -> tuple[Verdict, Reason | None, str]:
    return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS, because


def _near(found_s: float, wanted_s: float) -> bool:
    return wanted_s * (1 - _WITHIN) - _SLACK_S <= found_s <= wanted_s * (1 + _WITHIN) + _SLACK_S


def _never_closed(after: Sequence[Call], open_s: float | None, told: Round) -> tuple[Verdict, Reason | None, str]:
    """Refuted only if calls went on for long enough after the heal, and not one of the late ones came through."""
    until = _UNTOLD_S if open_s is None else open_s * (1 + _WITHIN) + _SLACK_S
    late = [each for each in after if each.at_s - told.healed_s > until]
    well = sum(_went_well(each) for each in late)
    if len(late) < RUN:
        return Verdict.UNVERIFIABLE, Reason.BUDGET, f"{len(late)} calls later than {until:.3g} s after the heal"
    because = f"{well} of {len(late)} calls came through later than {until:.3g} s after the heal"
    return (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS, because) if well else (Verdict.REFUTED, None, because)
