"""What checks read of a load: whether the audit could send it, what its machine adds, and what is the system's own."""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from statistics import fmean, median

from pytest_distaudit.checkers.binomial import at_least
from pytest_distaudit.checkers.percentile import ranks
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.needs import Drive
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.load import Fate, Load, Phase

#: the generator keeps up where its requests go so punctually, in seconds, and as good as all of them (behaviours 6)
_MEDIAN_LAG_S, _WORST_LAG_S, _SENT = 0.001, 0.010, 0.99
#: how often either error may happen
TAIL = 0.025
#: of few answers, how many may be wrong before any load
_CANNED = 3
#: where so many processes wanted each processor, failures may be the machine's
_CROWDED = 4.0
#: of n that were never seen, at most 3/n are (95 %)
_UNSEEN = 3.0
_US = 1e6


def loaded(claim: Claim, evidence: Evidence, need: Drive) -> Load:
    """The load, if the operation worked before it and its answers show that they are its own. Raises otherwise."""
    told = evidence.shared(Load, Load.ask(operation=claim.operations[0], course=need.course))
    quiet = told.quiet
    if quiet.many(Fate.CANNED) >= _CANNED:
        because = f"{quiet.many(Fate.CANNED)} of {len(quiet.fates)} answers hold the nonce of an earlier request"
        refute("kept answers", because, remedy="measure an operation that does its work")
    if quiet.many(Fate.PLAIN) > quiet.many(Fate.GOOD):
        because = "answers do not hold the request's nonce, so that a kept answer would look the same"
        unverifiable(Reason.NO_OBSERVABLE, "not told apart", because, remedy="name an operation that answers with it")
    if not quiet.fates or quiet.many(Fate.GOOD) < len(quiet.fates) or not told.phases:
        many = f"{len(quiet.fates) - quiet.many(Fate.GOOD)} of {len(quiet.fates)} requests failed"
        unverifiable(Reason.BASELINE, "not steady", f"before any load {many}: {quiet.said}")
    return told


def punctual(phase: Phase) -> bool:
    """Whether the load was the one that was meant."""
    lags, held = sorted(phase.lag), phase.many(Fate.HELD)
    worst = lags[max(0, int(len(lags) * 0.99) - 1)]
    kept_up = median(lags) < _MEDIAN_LAG_S * _US and worst < _WORST_LAG_S * _US
    return kept_up and held <= (1 - _SENT) * len(lags)


def lag_told(phase: Phase) -> str:
    """How punctual the audit was, in words."""
    lags = sorted(phase.lag)
    worst = lags[max(0, int(len(lags) * 0.99) - 1)]
    return f"requests went {median(lags) / 1000:.2f} ms late, 1 % of them {worst / 1000:.1f} ms or more"


def wrong(phase: Phase) -> int:
    """Answers that are none: errors, and successes without the request's nonce."""
    return phase.many(Fate.FAILED, Fate.PLAIN, Fate.CANNED)


def surely_wrong(phase: Phase, allowed: float) -> bool:
    """Whether more than this share of the answers are none, and that is the system's doing.

    A machine with too much to do makes systems give up; it does not make them answer with what they always say.
    """
    many, lies = len(phase.fates), phase.many(Fate.PLAIN, Fate.CANNED)
    if at_least(lies, many, allowed) <= TAIL and lies:
        return True
    bad = wrong(phase)
    return not crowded(phase) and bool(bad) and at_least(bad, many, allowed) <= TAIL


def crowded(phase: Phase) -> bool:
    """Whether failures may be the machine's: too much wanted its processors, or its own server did not answer."""
    return bool(phase.lost) or crowd(phase.strain.running, phase.strain.processors) > _CROWDED


def crowd(running: tuple[int, ...], processors: int) -> float:
    """How many processes wanted each processor, on average; inf where that cannot be seen."""
    return fmean(running) / processors if running else inf


def slower(told: Load, phase: Phase, most: bool) -> float:
    """By which factor the audit's machine may have slowed the system down, at its busiest (``most``) or on average.

    A machine elsewhere is not known to be slower than it is.
    """
    if not told.local:
        return 1.0
    strain = phase.strain
    busiest = max(strain.running, default=inf) / strain.processors if most else crowd(strain.running, strain.processors)
    return max(1.0, busiest) / max(0.01, 1 - strain.stolen)


def added_s(phase: Phase) -> tuple[float, float]:
    """(seconds that the audit and its machine may add to an answer, for how large a share they may add more)."""
    if phase.lost or not phase.control:
        return inf, 1.0
    return max(phase.control) / _US, _UNSEEN / len(phase.control)


def upper_s(phase: Phase, share: float) -> float:
    """The share's time at most, counted from when requests were due; what is no answer is no sample."""
    slow = {Fate.OPEN.value, Fate.HELD.value}
    times = [
        inf if fate in slow else (lag + took) / _US
        for fate, lag, took in zip(phase.fates, phase.lag, phase.took, strict=True)
        if fate == Fate.GOOD.value or fate in slow
    ]
    rank = ranks(len(times), share, 1 - 2 * TAIL)[1]
    return inf if rank > len(times) else sorted(times)[rank - 1]


def lower_s(phase: Phase, share: float) -> float:
    """The share's time at least, counted from when requests went: lateness is the audit's own. 0 if that is open."""
    times = sorted(
        took / _US
        for fate, took in zip(phase.fates, phase.took, strict=True)
        if fate in {Fate.GOOD.value, Fate.OPEN.value}
    )
    times = [0.0] * phase.many(Fate.HELD) + times
    rank = ranks(len(times), share, 1 - 2 * TAIL)[0] if 0 < share < 1 and times else 0
    return times[rank - 1] if rank else 0.0


def surely_slow(told: Load, phase: Phase, share: float, limit: Comparison) -> bool:
    """Whether the share takes longer than the limit even if the audit's machine did all it may have done.

    Of two delays, the share beyond the sum of both bounds is at most the sum of the shares beyond each.
    """
    more, beyond = added_s(phase)
    if not told.local:
        more += min(told.quiet.took, default=0) / _US  # no answer is quicker than the way there and back
    least = (lower_s(phase, share - beyond) - more) / slower(told, phase, most=True)
    return least > 0 and not limit.holds(least)


def outstanding(phase: Phase, points: int = 20) -> list[tuple[float, int]]:
    """(seconds, requests that were due and not answered) at moments of the phase."""
    ended = sorted(
        due + lag + took
        for due, lag, took, fate in zip(phase.due, phase.lag, phase.took, phase.fates, strict=True)
        if fate not in {Fate.OPEN.value, Fate.HELD.value}
    )
    moments = [phase.seconds * (at + 1) / points for at in range(points)]
    return [(at, bisect_right(phase.due, at * _US) - bisect_right(ended, at * _US)) for at in moments]


def growth(phase: Phase) -> float:
    """By how many requests a second the backlog grew: the slope of a line through it."""
    seen = outstanding(phase)
    middle, mean = fmean(at for at, _ in seen), fmean(many for _, many in seen)
    spread = sum((at - middle) ** 2 for at, _ in seen)
    return sum((at - middle) * (many - mean) for at, many in seen) / spread


def thirds_s(phase: Phase) -> tuple[float, float]:
    """The median answer's time in the first third and in the last one, in seconds."""
    third = len(phase.took) // 3
    if not third:
        return 0.0, inf
    return median(phase.took[:third]) / _US, median(phase.took[-third:]) / _US
