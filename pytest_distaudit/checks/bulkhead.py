"""Claims about bulkheads: that calls of a dependency that hangs are limited, and everything else goes on."""

from __future__ import annotations

from math import inf
from statistics import median

from pytest_distaudit.checkers.bulkhead import Plateau, isolation, plateau
from pytest_distaudit.checks._disturbed import undisturbed
from pytest_distaudit.checks._linked import ROLES, Called, Linked, given, linked
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict

_PATIENCE_S = 10.0
#: so many times the limit are to be in it at once, and as many where none is claimed
_TIMES, _UNTOLD = 4, 25
_SELDOM, _OFTEN = 20.0, 50.0
#: for how long they are, in seconds
_CROWDED_S = 3.0


def _limit(claim: Claim) -> int | None:
    return None if claim["limit"] is None else int(claim.number("limit"))


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    wanted, timeout_s = _TIMES * (_limit(claim) or _UNTOLD), claim.number("timeout")
    rate = min(_OFTEN, max(_SELDOM, wanted / timeout_s))
    course = Course(wanted / rate + _CROWDED_S, _PATIENCE_S, rate=rate, answer_s=timeout_s)
    return (Disturb(Fault.HALF_OPEN, "system", course, caller="caller"),)


@check(
    "bulkhead.isolates",
    claims="while a dependency hangs, no more than so many calls are in it, and whatever does not need it goes on",
    says="{free} goes on while a dependency hangs",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params={
        "free": Parameter(ParameterType.TEXT, "those of the operations that do not need the system, by name"),
        "limit": Parameter(ParameterType.NUMBER, "calls in the system at once, at most", None),
        "timeout": Parameter(ParameterType.TIME, "how long a call of a silent dependency takes at most", "5 s"),
    },
    takes_operation=True,
    cost_s=40.0,
    needs=_needs,
    connects=(("caller", "system"),),
    shows_not="that the limit holds for other callers of the same system, or for other systems of the same caller",
)
def isolates(claim: Claim, evidence: Evidence) -> Judgement:
    """By the latencies of what needs the silent system and what does not, and by how many calls were in it at once.

    Source: behaviours 3.3. Latencies before are those with as many calls of a system that answers: the control.
    """
    flows = linked(claim, evidence, Fault.HALF_OPEN, idle=_named(claim))
    free = {name: flows[name] for name in _named(claim)}
    slowest = max(_goes_on(name, found) for name, found in free.items())
    crowds = [_plateau(claim, found) for name, found in flows.items() if name not in free]
    most = max(crowd.most for crowd in crowds)
    for crowd in crowds:
        _limited(claim, crowd)
    return verified(f"at most {most} calls at once", f"the others took {slowest * 1000:.0f} ms or less, 95 % of them")


def _named(claim: Claim) -> tuple[str, ...]:
    """The free operations; some, not all, of those that are asked."""
    names = tuple(name.strip() for name in str(claim["free"]).split(","))
    if unknown := [name for name in names if name not in claim.operations]:
        asked = ", ".join(claim.operations)
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{', '.join(unknown)} is not asked", f"operation names {asked}")
    if len(names) == len(claim.operations):
        unverifiable(Reason.AMBIGUOUS_CLAIM, "every operation is free", "name one that needs the system, too")
    return names


def _goes_on(name: str, found: Linked) -> float:
    """The 95th percentile of what does not need the system, while it hangs, in seconds."""
    began, ended = found.failing
    if any(each.arrivals for each in found.calls):
        because = f"its requests arrive at {found.told.system}: name an operation that does not need that"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{name} is not free", because)
    before = [_latency(each) for each in found.calls if undisturbed(found.told, each.sent)]
    during = [_latency(each) for each in found.calls if began <= each.sent.sent < ended]
    told = isolation(before, during)
    calm_s, now_s = told.p95_s
    seen = f"{told.answered:.1%} of {len(during)} answered, 95 % within {now_s:.3g} s, before within {calm_s:.3g} s"
    if told.verdict is Verdict.REFUTED:
        remedy = f"give the calls of {found.told.system} workers, or a limit, of their own"
        refute(f"{name} fails or stalls, too", seen, remedy=remedy)
    if told.verdict is Verdict.UNVERIFIABLE:
        unverifiable(given(told.reason), f"{name} is slower", seen)
    return now_s


def _latency(each: Called) -> float:
    return each.sent.took if each.sent.ok else inf


def _plateau(claim: Claim, found: Linked) -> Plateau:
    """How many were in the silent system at once, of those that wanted to be: each for as long as the others were."""
    began, ended = found.failing
    closed = {line.number: line.closed for line in found.seen.lines}
    calls = [each for each in found.calls if began <= each.sent.sent < ended]
    arrivals = [one for each in calls for one in each.arrivals if one.at < ended]
    inside = [(one.at, min(ended, closed.get(one.connection) or ended)) for one in arrivals]
    stays_s = median(end - start for start, end in inside) if inside else 0.0
    offered = [(each.sent.sent, min(ended, each.sent.sent + stays_s)) for each in calls]
    return plateau(inside, offered, _limit(claim))


def _limited(claim: Claim, crowd: Plateau) -> None:
    seen = f"{crowd.offered} wanted to be in it at once"
    if crowd.verdict is Verdict.REFUTED and claim["limit"] is not None:
        refute(f"{crowd.most} calls at once", f"claimed are {claim['limit']}; {seen}", remedy="limit them as claimed")
    if crowd.verdict is Verdict.REFUTED:
        because = f"{crowd.most} calls were in it, {seen}; the rest goes on: say the limit, if that is claimed"
        unverifiable(Reason.AMBIGUOUS_CLAIM, "no limit seen", because)
    if crowd.verdict is Verdict.UNVERIFIABLE:
        unverifiable(given(crowd.reason), "no limit seen", f"{crowd.most} in it, {seen}")
