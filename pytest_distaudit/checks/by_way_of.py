"""Claims about the order of a path: that work reaches a system by way of others, and not past them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from pytest_distaudit.checks._arrived import at_rest
from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._halted import LAGS, Halt, Timing, Way, halts
from pytest_distaudit.checks._watched import one_process
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look, Need, Rest
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.traffic import Traffic
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

_WATCH = (Look("into", Work.ask()),)
_HALTED_S, _STEADY_S, _PATIENCE_S, _REST_S = 5.0, 2.0, 30.0, 2.0
#: how long work takes to arrive where the claim does not say it, in seconds; so many times that is waited
_ARRIVES_S, _TIMES = 1.0, 5


def _arrives_s(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _ARRIVES_S


def _needs(claim: Claim) -> tuple[Need, ...]:
    waits = _TIMES * _arrives_s(claim)
    # the first lag of either time tells of what came before it
    course = Course(_HALTED_S + waits, _PATIENCE_S, steady_s=_STEADY_S + waits, lags=1 + LAGS)
    return Rest(_WATCH, _REST_S), Disturb(Fault.FREEZE, "via", course, _WATCH)


@check(
    "wiring.by-way-of",
    claims="the work of the operations does not reach a system while any of those before it on the path stands still",
    says="nothing arrives past any of them",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles={
        "via": Role("the systems before it on the path; who takes work over (a worker) belongs to them", many=True),
        "into": Role("the system that the work reaches last"),
    },
    params={
        "work": Parameter(ParameterType.TEXT, "the sort of work that is meant, as the system counts it", None),
    },
    takes_operation=True,
    changes_target=True,
    cost_s=45.0,
    needs=_needs,
    shows_not="in which order the systems before it come, and that none of them is merely waited for: name who takes "
    "work over (a worker) beside what keeps it (a broker)",
)
def by_way_of(claim: Claim, evidence: Evidence) -> Judgement:
    """Each system before it is halted once: what still arrives behind it came another way (behaviours 0.1).

    Where the caller halts with it, that nothing arrives shows nothing. ``within`` says how long work takes to arrive.
    """
    looks, resting = evidence.history(Work, "into"), evidence.shared(Resting)
    one_process([look.identity for look in looks])
    lag = max(resting.lags.get(name, 0.0) for name in evidence.systems("into"))
    timing, idle = Timing(lag, _arrives_s(claim)), at_rest(looks, resting)
    found = {
        name: halts(told, traffics(claim, evidence, told), looks, timing, idle, claim["work"])
        for name, told in effective(evidence, Fault.FREEZE, "via").items()
    }
    for name, halt in found.items():
        _not_past(name, halt, idle, _others(claim, evidence, name))
    for name, halt in found.items():
        _only_behind(name, halt)
    stopped = set.intersection(
        *({name for name, one in halt.sorts.items() if one is Way.BEHIND} for halt in found.values())
    )
    if not stopped:
        because = "; ".join(f"behind {name}: {listed(halt.told(Way.BEHIND))}" for name, halt in found.items())
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "different work behind each", because, remedy="name it: work")
    others = {
        sort for halt in found.values() for sort, way in halt.sorts.items() if way not in (Way.BEHIND, Way.BY_ITSELF)
    }
    beside = f"; {listed(sorted(others))} also come another way" if others else ""
    return verified(
        f"{listed(sorted(stopped))} past none of {listed(list(found))}", f"none while it was halted{beside}"
    )


def _others(claim: Claim, evidence: Evidence, system: str) -> list[str]:
    """Operations that other claims had asked during the experiment."""
    asks = (one.ask for one in evidence.observations if one.ask.capability == Traffic.capability)
    mine = (ask.arg("operation") for ask in asks if ask.arg("system") == system and ask.arg("fault") == Fault.FREEZE)
    return sorted({name or "" for name in mine} - set(claim.operations))


def _not_past(name: str, halt: Halt, idle: Mapping[str, float], others: Sequence[str]) -> None:
    """Refute where all that arrives comes past the halted hop, some of it for nobody but the operations."""
    past = halt.told(Way.PAST)
    if not past or len(past) + len(halt.told(Way.BY_ITSELF)) < len(halt.sorts):
        return
    theirs = sorted({*past} - {*idle})
    if not theirs:
        _busy(f"{listed(past)} move while nothing is asked")
    if others:
        _busy(f"{listed(others)} were asked for other claims at the same time")
    if waiting := sorted({*theirs} & {*halt.waiting}):
        _busy(f"{listed(waiting)} may have waited on its way: no whole number comes for a request")
    because = f"{listed(theirs)} came as before while {name} was halted"
    refute(f"not by way of {name}", because, remedy=f"let nothing but what comes through {name} do this work")


def _busy(because: str) -> NoReturn:
    remedy = "audit a quieter target, or name the work that is meant: work"
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, "too busy to tell", because, remedy=remedy)


def _only_behind(name: str, halt: Halt) -> None:
    """Raise unverifiable unless some work stopped with the hop, for no other reason than that."""
    behind = halt.told(Way.BEHIND)
    if not behind:
        ways = "; ".join(f"{listed(halt.told(way))} come {way}" for way in Way if halt.told(way))
        remedy = "say within what time work arrives: within" if halt.told(Way.AT_TIMES) else ""
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"nothing comes only behind {name}", ways, remedy=remedy)
    if not halt.goes_on:
        because = f"the operations failed while {name} was halted, so that nothing could arrive by any way"
        unverifiable(Reason.NO_OBSERVABLE, "the caller halts as well", because)
    if not halt.resumed:
        because = f"{listed(behind)} did not come after {name} went on: what had been under way may be lost"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"not seen to go on behind {name}", because)
