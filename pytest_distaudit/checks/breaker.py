"""Claims about circuit breakers: that they open, fail fast, try again and close."""

from __future__ import annotations

from math import inf
from statistics import median

from pytest_distaudit.checkers import breaker
from pytest_distaudit.checks._linked import ROLES, Called, Linked, given, linked
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.verdict import Rung, Scope, Verdict

_PATIENCE_S = 10.0
#: calls a second: at least these, at most those, and so many in the open time
_SELDOM, _OFTEN, _IN_OPEN_TIME = 10.0, 50.0, 25
#: until a silent link has been seen to be silent, in seconds
_SEEN_S = 1.5
_WITHIN, _SLACK_S = 1.2, 1.0
_REMEDY = "have every call of {caller} to {system} go through one breaker that counts its failures"


def _course(claim: Claim) -> Course:
    """So long that it opens, tries in vain, and is open again; then, that it tries with success."""
    open_s, timeout_s = claim.number("open_for"), claim.number("timeout")
    rate = min(_OFTEN, max(_SELDOM, _IN_OPEN_TIME / open_s))
    again_s, some_s = _WITHIN * open_s + _SLACK_S, 2 * breaker.RUN / rate
    hold_s = _SEEN_S + timeout_s + breaker.ENOUGH / rate + again_s + timeout_s + some_s
    return Course(hold_s, _PATIENCE_S, rate=rate, after_s=again_s + some_s, steady_s=max(1.0, some_s))


def _faults(claim: Claim) -> tuple[Fault, ...]:
    return (Fault.HALF_OPEN, Fault.ERROR) if claim["errors"] else (Fault.HALF_OPEN,)


@check(
    "breaker.opens",
    claims="calls to a dependency that fails are stopped by a circuit breaker, which tries again and closes",
    says="a circuit breaker opens, tries again after {open_for} and closes",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params={
        "open_for": Parameter(ParameterType.TIME, "how long it stays open before it tries", "60 s"),
        "timeout": Parameter(ParameterType.TIME, "how long a call of a silent dependency takes at most", "5 s"),
        "errors": Parameter(
            ParameterType.FLAG, "whether error answers count as failures; only over HTTP", default=True
        ),
        "trials": Parameter(ParameterType.NUMBER, "how many calls it lets through when it tries", "10"),
        "workers": Parameter(ParameterType.NUMBER, "processes of the caller with a breaker each", "1"),
    },
    takes_operation=True,
    cost_s=170.0,
    needs=lambda claim: tuple(Disturb(each, "system", _course(claim), caller="caller") for each in _faults(claim)),
    connects=(("caller", "system"),),
    shows_not="which of several in the way it is that opens, what callers get while it is open, and refusals",
)
def opens(claim: Claim, evidence: Evidence) -> Judgement:
    """Decided by what arrives at the dependency (behaviours 3.1); what the caller says of its breaker does not count.

    A silent dependency shows that it fails fast; one that answers 503, that such answers count.
    """
    tried = [
        (breaker.check(_calls(found), _round(claim, found, fault)), name, found)
        for fault in _faults(claim)
        for name, found in linked(claim, evidence, fault).items()
    ]
    for phases, name, found in tried:
        _refuted(phases, name, found)
    for phases, name, found in tried:
        if phases.verdict is Verdict.UNVERIFIABLE:
            because = f"{name} with {found.told.done}: {phases.because}"
            unverifiable(given(phases.reason), "no breaker seen", because)
    let_through = max(phases.let_through for phases, _, _ in tried if phases.let_through is not None)
    closed_s = max(phases.closed_after_s for phases, _, _ in tried if phases.closed_after_s is not None)
    return verified(f"opened after {let_through} calls, tried again, closed {closed_s:.2g} s after the heal")


def _calls(found: Linked) -> list[breaker.Call]:
    """All but those that were under way when the link began to fail, or to heal: they may have met either."""
    return [
        _call(each) for each in found.calls if not any(each.sent.sent <= at < each.sent.ended for at in found.failing)
    ]


def _call(each: Called) -> breaker.Call:
    sent = each.sent
    return breaker.Call(sent.sent, inf if sent.status is None else sent.ended, sent.ok, len(each.arrivals))


def _round(claim: Claim, found: Linked, fault: Fault) -> breaker.Round:
    failing_s, healed_s = found.failing
    return breaker.Round(
        failing_s,
        healed_s,
        failure_s=_failure_s(found) if fault is Fault.HALF_OPEN else None,
        open_s=claim.number("open_for"),
        trials=int(claim.number("trials")),
        workers=int(claim.number("workers")),
    )


def _failure_s(found: Linked) -> float | None:
    """How long the first calls into the silence took; None if none arrived there."""
    began, ended = found.failing
    took = [each.sent.took for each in found.calls if began <= each.sent.sent < ended and each.arrivals]
    return median(took) if took else None


def _refuted(phases: breaker.Phases, name: str, found: Linked) -> None:
    if phases.verdict is not Verdict.REFUTED:
        return
    told, never = found.told, phases.let_through is None
    refute(
        "never opened" if never else "never closed again",
        f"{name} with {told.done}: {phases.because}",
        remedy=_REMEDY.format(caller=told.caller, system=told.system) if never else "let it try again",
    )
