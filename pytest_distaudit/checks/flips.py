"""Claims about health checks: that what hangs is found out, and what works again, too."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from pytest_distaudit.checks._disturbed import effective
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.registrations import Instance, Registry

_PASSING = "passing"
#: behaviours 1.2: what a check may be late beyond its own settings, and at how many times the bound it is refuted
_SLACK_S, _REFUTED_AT = 2.0, 2.0
_LONGER_S, _PATIENCE_S = 1.0, 30.0
#: what the registry does itself, by asking over the network
_ASKS = {"http", "grpc", "h2ping"}
_REMEDY = "let the registry ask the instance a question that only a working one answers"

_Looks = Sequence[Seen[Registry]]


def _falls_s(claim: Claim) -> float:
    return claim.number("fall") * (claim.number("interval") + claim.number("timeout")) + _SLACK_S


def _rises_s(claim: Claim) -> float:
    return claim.number("rise") * claim.number("interval") + claim.number("timeout") + _SLACK_S


def _needs(claim: Claim) -> tuple[Disturb, ...]:
    hold, after = (_REFUTED_AT * bound + _LONGER_S for bound in (_falls_s(claim), _rises_s(claim)))
    course = Course(hold, _PATIENCE_S, steady_s=after)
    return (Disturb(Fault.FREEZE, "system", course, (Look("registry", Registry.ask()),)),)


@check(
    "health.flips",
    claims="an instance that hangs is soon unhealthy in the registry, and soon healthy again once it goes on",
    says="service {service} turns unhealthy when it hangs, and healthy again",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={"system": Role("the instance"), "registry": Role("the registry that checks it")},
    params={
        "service": Parameter(ParameterType.TEXT, "its name in the registry"),
        "instance": Parameter(ParameterType.TEXT, "its id in the registry, where the service has several", None),
        "interval": Parameter(ParameterType.TIME, "between two checks, as the registry is told"),
        "timeout": Parameter(ParameterType.TIME, "how long a check waits", "5 s"),
        "fall": Parameter(ParameterType.NUMBER, "failed checks until it is unhealthy", 3),
        "rise": Parameter(ParameterType.NUMBER, "passed checks until it is healthy again", 2),
    },
    cost_s=190.0,
    needs=_needs,
    shows_not="that anybody heeds it, or that the check notices what the instance itself depends on",
)
def flips(claim: Claim, evidence: Evidence) -> Judgement:
    """The processes of the instance stand still, so that their port still accepts connections (behaviours 1.2).

    Both edges are wanted: within the bound that follows from interval, timeout and thresholds verified, not even within
    twice that refuted. What is reported by others than the registry may go by the clock, and verifies nothing.
    """
    (told,) = effective(evidence, Fault.FREEZE).values()
    (one,) = told.rounds
    looks = [
        look
        for look in evidence.history(Registry, "registry")
        if told.began <= look.at <= told.ended and not _across(look, one.undone)
    ]
    mine = [(look.at, found) for look in looks if (found := _instance(claim, look.fact)) is not None]
    if not mine or len(mine) < len(looks):
        unverifiable(
            Reason.BASELINE, f"{claim['service']} is not always registered", "before, during or after the fault"
        )
    states = [(at, found.status == _PASSING) for at, found in mine]
    _steady(claim, [state for state in states if state[0] < one.injected])
    fell = _edge(states, one.injected, one.undone or told.ended, False)
    _judged(claim, "still passing", f"while {told.system} hangs", fell, _falls_s(claim))
    if one.undone is None or one.back is None:
        unverifiable(Reason.BLOCKED, f"{told.system} does not go on", "after the freeze")
    rose = _edge(states, one.undone, told.ended, True)
    _judged(claim, "still unhealthy", f"though {told.system} goes on", rose, _rises_s(claim))
    _by_the_registry(claim, [found for _, found in mine])
    _alone(looks, mine[0][1], told, one)
    return verified(f"unhealthy after {fell[1]:.1f} s, healthy again after {rose[1]:.1f} s")


def _across(look: Seen[Registry], undone: float | None) -> bool:
    """Whether it may have been read before as well as after the instance was let go."""
    return undone is not None and look.at <= undone <= look.ended


def _instance(claim: Claim, registry: Registry) -> Instance | None:
    """The claim's; none while it is not registered."""
    found = [each for one in registry.services if one.name == claim["service"] for each in one.instances]
    if claim["instance"] is not None:
        found = [each for each in found if each.id == claim["instance"]]
    if len(found) > 1:
        because = f"which of {len(found)} is meant, 'instance' has to say"
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"{claim['service']} has several instances", because)
    return found[0] if found else None


def _steady(claim: Claim, before: Sequence[tuple[float, bool]]) -> None:
    if not before or not all(passing for _, passing in before):
        failing = sum(not passing for _, passing in before)
        because = f"{failing} of {len(before)} looks before anything was done found it unhealthy"
        unverifiable(Reason.BASELINE, f"{claim['service']} not steady", because)


def _edge(states: Sequence[tuple[float, bool]], began: float, ended: float, wanted: bool) -> tuple[float, float, float]:
    """(until then it surely was not so, from then on it always was, when it was so for the first time), in seconds
    since ``began``; infinite where it never was.
    """
    inside = [(at - began, passing is wanted) for at, passing in states if began <= at < ended]
    missing = max((at for at, held in inside if not held), default=0.0)
    held = min((at for at, held in inside if held and at > missing), default=inf)
    return missing, held, min((at for at, held in inside if held), default=inf)


def _judged(claim: Claim, what: str, when: str, edge: tuple[float, float, float], bound_s: float) -> None:
    missing, held, first = edge
    if held <= bound_s:
        return
    # one that turned, and not for good, may have been asked by a registry that had no time
    if missing >= _REFUTED_AT * bound_s and first > bound_s:
        refute(f"{claim['service']} {what} after {missing:.0f} s", f"{when}; {bound_s:g} s are due", remedy=_REMEDY)
    because = f"{when}; {bound_s:g} s are due, and it is refuted at twice that"
    told = f"after {missing:.1f} to {held:.1f} s" if held < inf else "back and forth"
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{claim['service']} turned {told}", because)


def _by_the_registry(claim: Claim, mine: Sequence[Instance]) -> None:
    """A check tells whom it asked only now and then."""
    checks = [check for one in mine for check in one.checks]
    if not any(one.manner in _ASKS and one.asks.endswith(f":{mine[0].port}") for one in checks):
        manners = ", ".join(sorted({one.manner or "unknown" for one in checks}))
        because = f"its checks ({manners}) are not seen to ask it; who reports may go by the clock"
        unverifiable(Reason.NO_OBSERVABLE, f"{claim['service']} turned as it should", because)


def _alone(looks: _Looks, mine: Instance, told: Experiment, one: Round) -> None:
    """Cannot tell where everything else turned unhealthy with it, or there is nothing else."""
    inside = [look for look in looks if one.injected <= look.at <= (one.undone or told.ended)]
    found = [
        {
            each.id: each.status
            for service in look.fact.services
            for each in service.instances
            if (each.address, each.port) != (mine.address, mine.port)
        }
        for look in inside
    ]
    names = set().union(*found)
    if not names:
        unverifiable(Reason.TOPOLOGY_TOO_SMALL, "nothing else is registered", "so that all may have turned unhealthy")
    if not any(all(states.get(name) == _PASSING for states in found) for name in names):
        unverifiable(Reason.VACUOUS, "everything turned unhealthy", "not only what hangs; the cause may be another")
