"""Claims about timeouts: that calls to a dependency that stays silent end, and let go of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pytest_distaudit.checkers import timeouts
from pytest_distaudit.checks._linked import ROLES, Called, Linked, given, linked
from pytest_distaudit.checks._steps import every
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict

_PATIENCE_S = 10.0
#: calls that are under way at once, at most: a pool of connections must not be what they wait for
_AT_ONCE, _OFTEN = 5, 10.0
#: calls of which the end is watched
_WATCHED = 15
#: requests that must have gone well before
_STEADY = 35
_SLACK_S = 2.0
#: bytes that drip in the time that is claimed: whoever only waits for the next one goes on for ever
_BYTES = 4
_SILENT, _DRIPS, _REFUSED = "silent", "drips", "refused"
_FAULTS = {_SILENT: Fault.HALF_OPEN, _DRIPS: Fault.DRIP, _REFUSED: Fault.REFUSE}
_WHEN = {
    _SILENT: "to the silent dependency",
    _DRIPS: "to the dependency whose answers drip",
    _REFUSED: "that were refused",
}


def _never(claim: Claim) -> str:
    return f"{timeouts.never_s(claim.number('time')):g} s"


def _when(claim: Claim) -> list[str]:
    return [word.strip() for word in claim["when"].split(",")]


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    limit_s = claim.number("time")
    rate = min(_OFTEN, _AT_ONCE / limit_s)
    hold_s = timeouts.never_s(limit_s) + _WATCHED / rate + _SLACK_S
    course = Course(hold_s, _PATIENCE_S, rate=rate, steady_s=_STEADY / rate, answer_s=hold_s, brief=True)
    dripping = replace(course, drip_s=limit_s / _BYTES)
    return tuple(
        Disturb(_FAULTS[word], "system", dripping if word == _DRIPS else course, caller="caller")
        for word in dict.fromkeys(_when(claim))
        if word in _FAULTS
    )


@check(
    "timeout.bounds",
    claims="a call to a dependency that does not answer, or not to the end, ends after the time, and lets go of it",
    says="calls end after {time}",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params={
        "time": Parameter(ParameterType.TIME, "after which a call is given up, such as '2 s'"),
        "when": Parameter(
            ParameterType.TEXT,
            "what the dependency does: accepts and stays silent, drips its answer byte by byte, or is refused; "
            "'silent, drips, refused' for all of them",
            _SILENT,
        ),
    },
    takes_operation=True,
    cost_s=40.0,
    needs=_needs,
    connects=(("caller", "system"),),
    shows_not="what is not said in `when`, and calls in which a gateway on the way gives up first",
)
def bounds(claim: Claim, evidence: Evidence) -> Judgement:
    """Nine of ten are answered, and their connection closed, between 0.8 and 1.2 of the time and half a second.

    Source: behaviours 3.4. Only calls that arrived at the dependency count: others did not wait for it.
    """
    if strange := [word for word in _when(claim) if word not in _FAULTS]:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"when: {strange[0]}", f"known are {', '.join(_FAULTS)}")
    steps = [partial(_bounded, claim, evidence, word) for word in _when(claim)]
    return verified(f"calls ended after {max(every(steps)):.2g} s", f"claimed are {claim['time']}")


def _bounded(claim: Claim, evidence: Evidence, when: str) -> float:
    """How long calls took while the dependency did that, in seconds; the slowest operation counts."""
    limit_s, slowest = claim.number("time"), 0.0
    for name, found in linked(claim, evidence, _FAULTS[when]).items():
        silent = when != _REFUSED
        calls = _silences(found, limit_s) if silent else _refusals(found, limit_s)
        told = timeouts.check(calls, limit_s, at_once=not silent)
        _judged(claim, f"{told.calls} calls of {name} {_WHEN[when]}", told)
        _met(found, name, when)
        slowest = max(slowest, told.typical_s or 0.0)
    return slowest


def _met(found: Linked, name: str, when: str) -> None:
    """Raise unverifiable where calls succeed as if there was nothing the matter."""
    began, ended = found.failing
    sent = [each.sent for each in found.calls if began <= each.sent.sent and each.sent.ended <= ended]
    well = sum(one.ok and not one.reduced for one in sent)
    if when != _SILENT and well * 2 > len(sent):
        because = f"{well} of {len(sent)} calls of {name} {_WHEN[when]} succeeded"
        unverifiable(Reason.VACUOUS, "calls did not fail", because, remedy="name an operation that waits for it")


def _refusals(found: Linked, limit_s: float) -> list[timeouts.Silence]:
    """The calls during which nobody could connect; they arrive nowhere, and have nothing to let go of."""
    began, ended = found.failing
    calls = [each.sent for each in found.calls if began <= each.sent.sent <= ended - timeouts.never_s(limit_s)]
    took = [(one.took if one.status is not None and one.ended <= ended else None, ended - one.sent) for one in calls]
    return [timeouts.Silence(answered, watched, answered) for answered, watched in took]


def _silences(found: Linked, limit_s: float) -> list[timeouts.Silence]:
    """The calls that came to the dependency early enough to be watched until no end is to be expected."""
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


def _judged(claim: Claim, calls: str, told: timeouts.Timeout) -> None:
    because = f"of {calls} {told.in_time} ended in time"
    if told.verdict is Verdict.REFUTED and told.unanswered >= told.leaked:
        never = f"{told.unanswered} had no answer after {_never(claim)}"
        refute("calls do not end", f"{because}; {never}", remedy="give every call of it a timeout")
    if told.verdict is Verdict.REFUTED:
        kept = f"{told.leaked} were answered and kept their connection for {_never(claim)}"
        refute("connections are kept", f"{because}; {kept}", remedy="cancel the call itself, not only the wait for it")
    if told.verdict is Verdict.UNVERIFIABLE:
        typical = "" if told.typical_s is None else f"; half of them took {told.typical_s:.2g} s or more"
        unverifiable(given(told.reason), "neither in time nor never", because + typical)
