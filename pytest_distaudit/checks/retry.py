"""Claims about retries: that what failed is tried again, later and later."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import pstdev

from pytest_distaudit.checkers import backoff
from pytest_distaudit.checkers.backoff import Backoff, Jitter, Schedule
from pytest_distaudit.checks._disturbed import undisturbed
from pytest_distaudit.checks._linked import ROLES, Linked, given, linked
from pytest_distaudit.checks._steps import every
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
#: requests that are rejected and watched to the end; fewer than so many tell nothing
_REJECTED, _ENOUGH = 20, 10
#: the answer to the last try may take so much longer, in seconds
_LONGER_S = 2.0
_WORDS = {
    Schedule.NONE: "not tried again",
    Schedule.IMMEDIATE: "tried again at once",
    Schedule.CONSTANT: "tried again after the same time",
    Schedule.LINEAR: "the time between tries grows by the same amount",
}
_NOT = "what is tried again after a timeout or a refusal, and that what must not be done twice is not"
_UNSEEN = "that what works at a later try reaches the client"
_REMEDY = "wait twice as long before each further try"


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    lasts_s = claim.number("lasts")
    course = Course(lasts_s + _WATCHED / _RATE, _PATIENCE_S, rate=_RATE, answer_s=lasts_s + _LONGER_S)
    shorter = replace(course, hold_s=lasts_s + _REJECTED / _RATE, brief=True)
    rejecting = (Disturb(Fault.REJECT, "system", shorter, caller="caller"),) if claim["rejected"] else ()
    return (Disturb(Fault.ERROR, "system", course, caller="caller"), *rejecting)


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
        "rejected": Parameter(
            ParameterType.FLAG, "whether what the dependency rejects (400) must not be tried again", default=False
        ),
    },
    takes_operation=True,
    cost_s=30.0,
    needs=_needs,
    connects=(("caller", "system"),),
    shows_not=_NOT,
)
def backs_off(claim: Claim, evidence: Evidence) -> Judgement:
    """The schedule by the arrivals of each request, told apart by nonces (behaviours 3.2); log lines do not count."""
    steps: list[Callable[[], Judgement]] = [lambda: _tried_again(claim, evidence)]
    if claim["rejected"]:
        steps.append(lambda: _let_be(claim, evidence))
    return every(steps)[0]


def _tried_again(claim: Claim, evidence: Evidence) -> Judgement:
    reached = []
    for name, found in _told_apart(claim, evidence, Fault.ERROR).items():
        told = backoff.check(_gaps(claim, found))
        # what does not reach the client needs no clock
        _, arrives = every([partial(_scheduled, claim, name, found, told), partial(_reached, name, found)])
        reached.append(arrives)
    gaps = ", ".join(f"{gap:.2g}" for gap in told.gaps_s)
    shows_not = _NOT if all(reached) else f"{_NOT}; {_UNSEEN}"
    return verified(f"{told.attempts} tries, {gaps} s apart", _grown(told), shows_not=shows_not)


def _scheduled(claim: Claim, name: str, found: Linked, told: Backoff) -> bool:
    """Raise unless the times between tries are as claimed, and can be told."""
    _refuse_noise(name, found, told)
    _judged(claim, name, told)
    return True


def _told_apart(claim: Claim, evidence: Evidence, fault: Fault) -> dict[str, Linked]:
    found = linked(claim, evidence, fault)
    for name, one in found.items():
        if not one.by_nonce:
            because = f"of {name}, none carries what was asked, so that tries of one request cannot be told"
            unverifiable(
                Reason.NO_OBSERVABLE, "retries not told apart", because, remedy="pass on a header of the request"
            )
    return found


def _reached(name: str, found: Linked) -> bool:
    """Whether what worked at a later try, the errors being over by then, was seen to reach the client; False where
    too few were tried at the right time.
    """
    (one,) = found.told.rounds
    began, ended = found.failing
    back = one.back or found.told.ended
    before = [each.sent for each in found.calls if undisturbed(found.told, each.sent)]
    echoes = all(sent.echoed for sent in before)
    later = [
        each.sent
        for each in found.calls
        if each.arrivals and began <= each.arrivals[0].at < ended and back <= each.arrivals[-1].at
        # what the audit itself gave up, or was declared to be less, tells nothing
        if each.sent.status is not None and not each.sent.reduced
    ]
    lost = [sent for sent in later if not (sent.ok and (sent.echoed or not echoes))]
    if len(later) < _ENOUGH:
        return False
    because = f"{len(lost)} of {len(later)} requests of {name} whose last try worked were answered otherwise"
    if len(lost) * 2 > len(later):
        first = f"{lost[0].status} {lost[0].detail}".rstrip()
        refute("what works at a later try does not reach the client", f"{because}: {first}", remedy="answer with it")
    if len(lost) * 10 > len(later):
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "not all that works at a later try reaches the client", because)
    return True


def _let_be(claim: Claim, evidence: Evidence) -> Judgement:
    """What is rejected once is rejected again: nobody should ask twice."""
    for name, found in _told_apart(claim, evidence, Fault.REJECT).items():
        gaps = _gaps(claim, found)
        again = sum(bool(each) for each in gaps)
        because = f"{again} of {len(gaps)} requests of {name} that were answered 400"
        if len(gaps) < _ENOUGH:
            unverifiable(Reason.VACUOUS, f"{len(gaps)} rejected requests", f"{name}: {_ENOUGH} are needed")
        if again * 10 > len(gaps):
            refute("what is rejected is tried again", because, remedy="try again what may work at another time only")
        if again:
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, "some of what is rejected is tried again", because)
    return verified("what is rejected is let be")


def _gaps(claim: Claim, found: Linked) -> list[list[float]]:
    """Of each request whose last try must have been seen: the seconds between its arrivals."""
    began, ended = found.failing
    late = ended - claim.number("lasts")
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
