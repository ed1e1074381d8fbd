"""Claims that work is divided among services: each is needed for a part of it, and none for all of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_distaudit.checks import services
from pytest_distaudit.checks._disturbed import ENOUGH, effective, traffics, without
from pytest_distaudit.domain.check import check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Need
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Traffic

#: long enough for requests that wait until it is back to be told from those that are merely under way then
_AWAY_S, _PATIENCE_S = 2.5, 30.0
#: of the requests sent while a service is away, how many fail of an operation that needs it, and of one that does not
_STOPS, _GOES_ON = 0.95, 0.02
_LEAST = 2
#: it is only promised then that something will be done
_ACCEPTED = 202
_NAME_MORE = "name operations, separated by commas, of which each service is needed for some and not for all"


def _needs(claim: Claim) -> tuple[Need, ...]:
    return (*services.looks(claim), Disturb(Fault.OUTAGE, "services", Course(_AWAY_S, _PATIENCE_S)))


@check(
    "architecture.microservices",
    claims="the system consists of services, each a program of its own, which is needed for a part of the operations "
    "and not for all of them",
    says="{count} services, each needed for a part of the work",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles=services.ROLES,
    params=services.PARAMS,
    takes_operation=True,
    judges_presence=("services",),
    cost_s=30.0,
    needs=_needs,
    shows_not="that the code that a service has alone is what answers, that requests reach it and are not merely "
    "refused in its absence, and that they have no database in common (data.per-service)",
)
def microservices(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Every service is taken away once (behaviours 1.4): an operation needs those without which it fails, or no
    longer answers what it is asked. What stands is judged first, as for ``architecture.services``.
    """
    stands = services.standing(claim, evidence)
    if isinstance(stands, NeedMore):
        return stands
    if len(claim.operations) < _LEAST:
        unverifiable(Reason.VACUOUS, "one operation has no parts", "", remedy=_NAME_MORE)
    replicas = services.service_of(claim["replicas"], evidence.systems("services"))
    if len(set(replicas.values())) < len(replicas):
        because = "each replica would have to be taken away with all others of its service"
        unverifiable(Reason.NO_CONTROL, "replicas", because, remedy="name one of each service")
    needed = _needed(claim, evidence)
    _divided(needed, claim.operations)
    because = "; ".join(f"{name} is needed for {listed(told)}" for name, told in needed.items())
    return verified(f"{len(needed)} services, each needed for a part", because)


#: service -> operations that need it
_Needed = Mapping[str, tuple[str, ...]]


def _needed(claim: Claim, evidence: Evidence) -> _Needed:
    found: dict[str, tuple[str, ...]] = {}
    for told in effective(evidence, Fault.OUTAGE, "services").values():
        flows = traffics(claim, evidence, told)
        found[told.system] = tuple(name for name, flow in flows.items() if _fails_without(told, flow))
    return found


def _fails_without(told: Experiment, flow: Traffic) -> bool:
    """Whether the operation fails while the service is away. Raises unverifiable where it does so now and then."""
    (one,) = told.rounds
    back = one.undone or told.ended
    away = without(flow.between(one.seen or one.injected, back), back)
    if len(away) < ENOUGH // 2:
        unverifiable(Reason.VACUOUS, f"{len(away)} requests", f"of {flow.operation} while {told.system} was away")
    before = flow.between(told.began, one.injected)
    echoes = all(sent.echoed for sent in before)
    share = sum(not sent.ok or (echoes and not sent.echoed) for sent in away) / len(away)
    if _GOES_ON < share < _STOPS:
        because = f"without {told.system} {share:.0%} of {flow.operation} failed"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "fails now and then", because)
    if share >= _STOPS:
        return True
    if any(sent.status == _ACCEPTED for sent in away):
        because = f"{flow.operation} is only accepted, and may be done by {told.system} later"
        unverifiable(Reason.NO_OBSERVABLE, "what follows is not seen", because, remedy="ask for what comes of it")
    return False


def _divided(needed: _Needed, operations: tuple[str, ...]) -> None:
    """Raise unless every service is needed for a part."""
    idle = [name for name, told in needed.items() if not told]
    ubiquitous = [name for name, told in needed.items() if len(told) == len(operations)]
    if len(idle) >= len(needed) - 1:
        alone = [name for name in needed if name not in idle]
        because = f"{listed(idle)} can be taken away, and {listed(operations)} go on as before"
        refute(f"all is done by {alone[0]}" if alone else "none of them is needed", because, remedy=_NAME_MORE)
    if len(ubiquitous) == len(needed):
        because = f"{listed(operations)} fail, whichever of {listed(ubiquitous)} is taken away"
        refute("none works without all others", because, remedy="let a service work without those that it does not ask")
    if idle:
        unverifiable(Reason.VACUOUS, f"{listed(idle)}: not needed", "by no operation that is named", remedy=_NAME_MORE)
    if ubiquitous:
        because = f"{listed(operations)} all need it: name one that does not"
        unverifiable(Reason.VACUOUS, f"{listed(ubiquitous)}: needed for all", because, remedy=_NAME_MORE)
