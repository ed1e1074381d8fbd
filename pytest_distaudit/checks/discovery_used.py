"""The claim that calls go where a service registry says, and not where they would go anyhow."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from pytest_distaudit.checks._disturbed import ENOUGH, steady_before
from pytest_distaudit.checks.registry import SERVICE
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Divert
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.diversion import Diversion, enough, spoilt
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how soon callers take up what a registry tells where the claim does not say it, in seconds (behaviours 1.1)
_WITHIN_S = 30.0
#: of the calls, so many without a nonce may be the calls themselves
_AS_MANY = 0.5


def _within(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _WITHIN_S


def _needs(claim: Claim) -> tuple[Divert, ...]:
    return (Divert(claim["service"], _within(claim), claim.number("rate")),)


@check(
    "discovery.used",
    claims="calls of the service go to whichever instance the registry tells of, soon after it does",
    says="callers of {service} go where the registry says",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles={
        "registry": Role("the service registry"),
        "caller": Role("who calls the service", many=True),
        "callee": Role("the service's instances", many=True),
    },
    params={
        "service": SERVICE,
        "rate": Parameter(ParameterType.NUMBER, "requests of the operation a second", "20"),
    },
    takes_operation=True,
    connects=(("caller", "registry"),),
    changes_target=True,
    cost_s=75.0,
    needs=_needs,
    shows_not="callers that other operations use, and what happens when the registry is gone; it is shown of requests "
    "that bear the audit's nonce",
)
def used(claim: Claim, evidence: Evidence) -> Judgement:
    """Calls that come to an instance which only the registry knows of, and whose answers count, show that it is used.

    Refuted only where the registry told of no other instance, the callers had started anew, and all went on as
    before: a caller may keep what it was told, an answer may be thrown away.
    """
    operation = claim.operations[0]
    told = evidence.one(Diversion, "registry", Diversion.ask(service=claim["service"], operation=operation))
    ask = Traffic.ask(operation=operation, fault=Diversion.capability, system=claim["service"])
    flow = evidence.shared(Traffic, ask)
    before = _before(told, flow)
    echoes = all(one.echoed for one in before.sent if one.ok)
    if not spoilt(flow.sent, told.nonces, echoes):
        _not_taken(told, flow, echoes)
    last = max(one.at for one in told.came if one.nonce)
    _left(told, flow, last, _within(claim))
    many, met = _asked(told, flow), [one for one in flow.sent if one.nonce in told.nonces]
    anew = ", once they had started anew" if told.alone else ""
    return verified(
        f"{len(met)} of {many} calls went to the audit's own instance{anew}",
        f"it was registered beside {told.others} of {told.service}; "
        f"none came later than {max(0.0, last - (told.withdrawn or 0.0)):.1f} s after it was gone",
    )


def _before(told: Diversion, flow: Traffic) -> Traffic:
    """The steady state. Raises Unverifiable where nothing was done, or nothing can be learned of it."""
    before = flow.part(told.began, told.entered or told.ended)
    steady_before(before)
    if len(before.sent) < ENOUGH:
        unverifiable(Reason.VACUOUS, f"{len(before.sent)} requests before it", f"{ENOUGH} are needed")
    if told.entered is None:
        unverifiable(Reason.VACUOUS, "nothing to be beside", told.trouble)
    if told.registered is None:
        unverifiable(Reason.NO_CONTROL, "not registered", told.trouble)
    if not told.restored:
        because = "in the end the registry did not tell of the same instances as before"
        unverifiable(Reason.BASELINE, "not as before", because, remedy="look after its instances")
    return before


def _asked(told: Diversion, flow: Traffic) -> int:
    """Requests while the audit's instance was registered."""
    assert told.registered is not None
    return len(flow.between(told.registered, told.withdrawn or told.ended))


def _left(told: Diversion, flow: Traffic, last: float, within_s: float) -> None:
    """Raise Unverifiable unless callers leave what is gone in time, and then work as before."""
    withdrawn = told.withdrawn or told.ended
    if last > withdrawn + within_s:
        because = f"calls still came {last - withdrawn:.1f} s after the audit's instance was gone"
        unverifiable(Reason.BUDGET, "not left in time", because, remedy="claim how long callers keep an address")
    after = flow.part(max(last, withdrawn), told.ended)
    settled = [one for one in after.sent if one.nonce not in told.nonces]
    if len(settled) < enough(told.others):
        because = f"{len(settled)} requests after it was gone; {enough(told.others)} are needed"
        unverifiable(Reason.BUDGET, "not seen to be left", because)
    if not _works_at_last(settled):
        unverifiable(Reason.BASELINE, "not as before", f"after it was gone {after.told}")


def _works_at_last(sent: list[Sent]) -> bool:
    """Whether the latest requests succeeded: callers that were started anew fail before."""
    return all(one.ok for one in sent[-ENOUGH:])


def _done_in(flow: Traffic, began: float, ended: float) -> Traffic:
    """What was sent and answered in this time: what was under way at its end may have met what was done next."""
    part = flow.part(began, ended)
    return replace(part, sent=tuple(one for one in part.sent if one.ended <= ended))


def _not_taken(told: Diversion, flow: Traffic, echoes: bool) -> NoReturn:
    """What it means that no call is seen to be answered by the audit's instance."""
    many = _asked(told, flow)
    if told.nonces:
        met = f"{len(told.nonces)} of {many} calls went to the audit's own instance"
        because = "their answers were those of other requests: they were thrown away, or nobody waits for them"
        unverifiable(Reason.NO_OBSERVABLE, met, because)
    actual = f"0 of {many} calls went to the audit's own instance"
    if told.alone is None:
        because = told.trouble or "the callers were not started anew"
        unverifiable(Reason.NO_CONTROL, actual, because, remedy="set disposable = true for the callers where they are")
    alone = _done_in(flow, *told.alone)
    if len(alone.sent) < enough(told.others):
        unverifiable(Reason.VACUOUS, actual, f"{len(alone.sent)} were asked when it was alone")
    if (nameless := told.nameless(*told.alone)) >= _AS_MANY * len(alone.sent):
        because = f"{nameless} requests without a nonce came to it, which may be the calls"
        unverifiable(Reason.NO_OBSERVABLE, actual, because)
    if not alone.steady or (echoes and not all(one.echoed for one in alone.sent if one.ok)):
        unverifiable(Reason.NO_OBSERVABLE, actual, f"while the registry told of no other, {alone.told}")
    _needed(told, flow, echoes)
    because = f"the registry told of no other, the callers started anew, and {len(alone.sent)} calls went on as before"
    refute(actual, because, remedy="let the callers go where the registry says, or correct the document")


def _needed(told: Diversion, flow: Traffic, echoes: bool) -> None:
    """Raise Unverifiable unless the operation is seen to need the service: else nobody had to be called."""
    if told.without is None:
        if not echoes:
            unverifiable(Reason.NO_OBSERVABLE, "no call is seen", "answers without the nonce show no call")
        return
    without = _done_in(flow, *told.without)
    if not without.sent or any(one.ok for one in without.sent):
        because = f"without the service, {without.told}: it does not call it each time"
        unverifiable(
            Reason.NO_OBSERVABLE, "no call is seen", because, remedy="name an operation that calls the service"
        )
