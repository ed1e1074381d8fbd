"""Claims about retries: that what failed is tried again, later and later."""

from __future__ import annotations

import itertools
from statistics import pstdev

from pytest_distaudit.checkers import backoff
from pytest_distaudit.checkers.backoff import Backoff, Jitter, Schedule
from pytest_distaudit.checks._linked import ROLES, Linked, given, linked
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Reason, Rung, Scope

_PATIENCE_S = 10.0
_RATE = 20.0
#: which part of the shortest time between tries the audit itself may be late by
_NOISE = 0.1
#: requests whose retries are watched to the end
_WATCHED = 40
_WORDS = {
    Schedule.NONE: "not tried again",
    Schedule.IMMEDIATE: "tried again at once",
    Schedule.CONSTANT: "tried again after the same time",
    Schedule.LINEAR: "the time between tries grows by the same amount",
}
_REMEDY = "wait twice as long before each further try"


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    lasts_s = float(claim["lasts"].quantity.value)
    hold_s = lasts_s + _WATCHED / _RATE
    return (Disturb(Fault.ERROR, "system", Course(hold_s, _PATIENCE_S, rate=_RATE, answer_s=lasts_s), caller="caller"),)


@check(
    "retry.backoff",
    claims="what the dependency answers with an error is tried again, after times that grow exponentially",
    says="tried again with exponential backoff, for {lasts} at most",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params={
        "lasts": Parameter(ParameterType.TIME, "from the first try to the last one, at most", "15 s"),
        "attempts": Parameter(ParameterType.NUMBER, "tries in all, such as '<= 5'", ">= 2"),
        "jitter": Parameter(
            ParameterType.FLAG, "whether the times are to differ from request to request", default=False
        ),
    },
    takes_operation=True,
    cost_s=30.0,
    needs=_needs,
    connects=(("caller", "system"),),
    shows_not="what is tried again after a timeout or a refusal, that a request which must not be repeated is not, and "
    "that what works at a later try reaches the client",
)
def backs_off(claim: Claim, evidence: Evidence) -> Judgement:
    """The schedule by the arrivals of each request, told apart by nonces (behaviours 3.2); log lines do not count."""
    for name, found in linked(claim, evidence, Fault.ERROR).items():
        if not found.by_nonce:
            because = f"of {name}, none carries what was asked, so that tries of one request cannot be told"
            unverifiable(
                Reason.NO_OBSERVABLE, "retries not told apart", because, remedy="pass on a header of the request"
            )
        told = backoff.check(_gaps(claim, found))
        _refuse_noise(name, found, told)
        _judged(claim, name, told)
    gaps = ", ".join(f"{gap:.2g}" for gap in told.gaps_s)
    return verified(f"{told.attempts} tries, {gaps} s apart", _grown(told))


def _gaps(claim: Claim, found: Linked) -> list[list[float]]:
    """Of each request whose last try must have been seen: the seconds between its arrivals."""
    began, ended = found.failing
    late = ended - float(claim["lasts"].quantity.value)
    times = [[one.at for one in each.arrivals] for each in found.calls if began <= each.sent.sent <= late]
    return [[after - before for before, after in itertools.pairwise(each)] for each in times if each]


def _refuse_noise(name: str, found: Linked, told: Backoff) -> None:
    """Where the audit's own requests were late by varying times, so was everything else on a busy machine."""
    began, ended = found.failing
    late = [each.sent.sent - each.sent.due for each in found.calls if began <= each.sent.sent < ended]
    if told.gaps_s and pstdev(late) > _NOISE * min(told.gaps_s):
        because = f"{name}: the audit's own requests were late by times that differ by {pstdev(late) * 1000:.0f} ms"
        unverifiable(Reason.BUDGET, "too busy to tell", because, remedy="let the audit have the machine to itself")


def _judged(claim: Claim, name: str, told: Backoff) -> None:
    seen = f"{name}, at most {told.attempts} tries" + (f", {_grown(told)}" if told.ratio else "")
    if told.schedule in _WORDS:
        refute(_WORDS[told.schedule], seen, remedy=_REMEDY)
    if told.schedule is Schedule.UNKNOWN:
        unverifiable(given(told.reason), "no schedule seen", seen)
    if not claim["attempts"].holds(told.attempts):
        refute(f"{told.attempts} tries", f"{name}; claimed are {claim['attempts']}", remedy="bound them as claimed")
    if claim["jitter"] and told.jitter is Jitter.ABSENT:
        refute("no jitter", seen, remedy="draw each time by lot")
    if claim["jitter"] and told.jitter is Jitter.UNKNOWN:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "jitter not seen", seen)


def _grown(told: Backoff) -> str:
    words = f"each time {told.ratio or 0:.2g} times the one before"
    return words if told.schedule is Schedule.EXPONENTIAL else f"{words}; too few, or too varied, to tell how they grow"
