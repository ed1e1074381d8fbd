"""Claims about timeouts: that calls to a dependency that stays silent end, and let go of it."""

from __future__ import annotations

from pytest_distaudit.checkers import timeouts
from pytest_distaudit.checks._linked import ROLES, Called, Linked, given, linked
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Rung, Scope, Verdict

_PATIENCE_S = 10.0
#: calls that are under way at once, at most: a pool of connections must not be what they wait for
_AT_ONCE, _OFTEN = 5, 10.0
#: calls of which the end is watched
_WATCHED = 15
#: requests that must have gone well before
_STEADY = 35
_SLACK_S = 2.0


def _limit(claim: Claim) -> float:
    return float(claim["time"].quantity.value)


def _never(claim: Claim) -> str:
    return f"{timeouts.never_s(_limit(claim)):g} s"


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    limit_s = _limit(claim)
    rate = min(_OFTEN, _AT_ONCE / limit_s)
    hold_s = timeouts.never_s(limit_s) + _WATCHED / rate + _SLACK_S
    course = Course(hold_s, _PATIENCE_S, rate=rate, steady_s=_STEADY / rate, answer_s=hold_s)
    return (Disturb(Fault.HALF_OPEN, "system", course, caller="caller"),)


@check(
    "timeout.bounds",
    claims="a call to a dependency that accepts and stays silent ends after the time, and lets go of the connection",
    says="calls end after {time}",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params={"time": Parameter(ParameterType.TIME, "after which a call is given up, such as '2 s'")},
    takes_operation=True,
    cost_s=40.0,
    needs=_needs,
    connects=(("caller", "system"),),
    shows_not="a dependency that answers byte by byte, one that cannot be connected to at all, and calls in which a "
    "gateway on the way gives up first",
)
def bounds(claim: Claim, evidence: Evidence) -> Judgement:
    """Nine of ten are answered, and their connection closed, between 0.8 and 1.2 of the time and half a second.

    Source: behaviours 3.4. Only calls that arrived at the dependency count: others did not wait for it.
    """
    slowest = 0.0
    for name, found in linked(claim, evidence, Fault.HALF_OPEN).items():
        calls = _silences(found, _limit(claim))
        told = timeouts.check(calls, _limit(claim))
        _judged(claim, name, told)
        slowest = max(slowest, told.typical_s or 0.0)
    return verified(f"calls ended after {slowest:.2g} s", f"claimed are {claim['time']}")


def _silences(found: Linked, limit_s: float) -> list[timeouts.Silence]:
    """The calls that came to the silent dependency early enough to be watched until no end is to be expected."""
    began, ended = found.failing
    closed = {line.number: line.closed for line in found.seen.lines}
    return [
        _silence(each, closed, ended)
        for each in found.calls
        if each.arrivals and began <= each.arrivals[0].at and each.sent.sent <= ended - timeouts.never_s(limit_s)
    ]


def _silence(each: Called, closed: dict[int, float | None], ended: float) -> timeouts.Silence:
    sent, first = each.sent, each.arrivals[0]
    answered = sent.status is not None and sent.ended <= ended
    # it is over when the last of its connections is: a call that tries again goes on
    ends = [closed.get(one.connection) for one in each.arrivals]
    late = [end for end in ends if end is not None and end <= ended]
    return timeouts.Silence(
        sent.ended - first.at if answered else None,
        ended - first.at,
        max(late) - first.at if len(late) == len(ends) else None,
    )


def _judged(claim: Claim, name: str, told: timeouts.Timeout) -> None:
    because = f"of {told.calls} calls of {name} to the silent dependency {told.in_time} ended in time"
    if told.verdict is Verdict.REFUTED and told.unanswered >= told.leaked:
        never = f"{told.unanswered} had no answer after {_never(claim)}"
        refute("calls do not end", f"{because}; {never}", remedy="give every call of it a timeout")
    if told.verdict is Verdict.REFUTED:
        kept = f"{told.leaked} were answered and kept their connection for {_never(claim)}"
        refute("connections are kept", f"{because}; {kept}", remedy="cancel the call itself, not only the wait for it")
    if told.verdict is Verdict.UNVERIFIABLE:
        typical = "" if told.typical_s is None else f"; half of them took {told.typical_s:.2g} s or more"
        unverifiable(given(told.reason), "neither in time nor never", because + typical)
