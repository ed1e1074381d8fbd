"""Claims about the order of a path: that work reaches a system by way of others, and not past them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from pytest_distaudit.checks._arrived import Arrived, Looks, at_rest
from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._watched import busy, one_process
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look, Need, Rest
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.traffic import Sent, Traffic
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

_WATCH = (Look("into", Work.ask()),)
_HALTED_S, _STEADY_S, _PATIENCE_S, _REST_S = 5.0, 2.0, 30.0, 2.0
#: how long work takes to arrive where the claim does not say it, in seconds; so many times that is waited
_ARRIVES_S, _TIMES = 1.0, 5
#: what arrives for a request counts as work of the operations
_MOVES = 0.5
#: of what arrives as a rule: it still arrives, in either half of the time, too; it arrives no more
_STILL, _STILL_EITHER, _NO_MORE = 0.7, 0.4, 0.1
#: a whole number of times for each request, or nearly so: nothing is seen to wait in between. Counters that are told
#: once a second blur it by less
_WHOLE = 0.2
#: of the requests sent while a hop is halted, how many succeed where the caller does not halt with it
_GOES_ON = 0.95
#: requests of either half of the time in which a hop is halted
_LEAST = 10
_LOOKS, _LAGS = 3, 3
#: a request sent so shortly before the hop goes on may be answered after that
_SOON_S = 0.5
#: looks are so far apart
_BETWEEN_S = 0.5


def _arrives_s(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _ARRIVES_S


def _needs(claim: Claim) -> tuple[Need, ...]:
    waits = _TIMES * _arrives_s(claim)
    # the first lag of either time tells of what came before it
    course = Course(_HALTED_S + waits, _PATIENCE_S, steady_s=_STEADY_S + waits, lags=1 + _LAGS)
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
    timing, idle = _Timing(lag, _arrives_s(claim)), at_rest(looks, resting)
    found = {
        name: _halts(told, traffics(claim, evidence, told), looks, timing, idle, claim["work"])
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


class Way(StrEnum):
    """How a sort of work arrives, by what comes while a hop is halted."""

    BEHIND = "only behind it"
    PAST = "past it"
    PARTLY = "partly past it"
    AT_TIMES = "at times, so that it may have come past it"
    BY_ITSELF = "by itself"
    NOT_ASKED = "while nothing is asked, too"


@dataclass(frozen=True, slots=True)
class _Timing:
    """In seconds: how far the counters may be behind, and how long work takes to arrive."""

    lag: float
    arrives: float


@dataclass(frozen=True, slots=True)
class _Halt:
    """What one halted hop shows: sort of work -> its way; ``goes_on``: whether the caller did; ``resumed``: whether
    what had stopped came later. ``waiting``: sorts of which some may have waited between the hop and the system.
    """

    sorts: Mapping[str, Way]
    goes_on: bool
    resumed: bool
    waiting: tuple[str, ...]

    def told(self, way: Way) -> list[str]:
        """The sorts of work that arrive so."""
        return sorted(name for name, one in self.sorts.items() if one is way)


@dataclass(frozen=True, slots=True)
class _Spans:
    """The times around and while a hop stood still; ``again``: when it had served for long enough, if it did."""

    before: Arrived
    whole: Arrived
    halves: Sequence[Arrived]
    after: Arrived
    again: Arrived | None

    def way(self, name: str, idle: float, timing: _Timing) -> Way:
        """How this sort arrives; ``idle``: how often for a request's time it comes while nothing is asked."""
        usual, came = self.before.each[name], self.whole.each.get(name, 0.0)
        halves = [half.each.get(name, 0.0) for half in self.halves]
        if usual - idle < _MOVES:
            return Way.BY_ITSELF if _still(came, halves, usual) else Way.NOT_ASKED
        if (late := self.whole.late(name)) <= timing.lag * self.before.rate * usual:
            # it was done before, and is told of only now
            came -= late / max(1, self.whole.asked)
        if came <= _NO_MORE * usual:
            return Way.AT_TIMES if self.resumed(name) and self._at_times(name, timing) else Way.BEHIND
        of_requests = [half - idle for half in halves]
        return Way.PAST if _still(came - idle, of_requests, usual - idle) else Way.PARTLY

    def resumed(self, name: str) -> bool:
        """Whether it came again, and what had waited with it."""
        return self.after.each.get(name, 0.0) >= _MOVES * self.before.each[name]

    def _at_times(self, name: str, timing: _Timing) -> bool:
        """Whether it stands still while nothing is halted, too, and for longer than work takes to arrive."""
        usually = timing.lag + timing.arrives + _BETWEEN_S
        return any(span.stood_still(name) > usually for span in (self.before, self.again) if span)


def _still(came: float, halves: Sequence[float], usual: float) -> bool:
    return came >= _STILL * usual and min(halves) >= _STILL_EITHER * usual


def _halts(
    told: Experiment,
    flows: Mapping[str, Traffic],
    looks: Looks,
    timing: _Timing,
    idle: Mapping[str, float],
    only: str | None,
) -> _Halt:
    """Compare what arrived for each request before, and while the hop was halted. Raises unverifiable."""
    sent = sorted((each for flow in flows.values() for each in flow.sent), key=lambda each: each.sent)
    spans = _spans(told, looks, sent, timing)
    before = spans.before
    moving = {name: each for name, each in before.each.items() if each >= _MOVES and only in (None, name)}
    if not moving:
        because = f"before {told.system} was halted, at most {max(before.each.values(), default=0):.1f} for a request"
        unverifiable(Reason.VACUOUS, "nothing arrives", because, remedy="see wiring.used")
    sorts = {name: spans.way(name, idle.get(name, 0.0) / max(before.rate, 0.001), timing) for name in moving}
    resumed = all(spans.resumed(name) for name, way in sorts.items() if way is Way.BEHIND)
    waiting = tuple(name for name, each in moving.items() if abs(each - round(each)) > _WHOLE * each)
    (one,) = told.rounds
    return _Halt(sorts, _goes_on(sent, spans.whole, one.undone or told.ended), resumed, waiting)


def _spans(told: Experiment, looks: Looks, sent: Sequence[Sent], timing: _Timing) -> _Spans:
    (one,) = told.rounds
    late = timing.lag + timing.arrives
    before = Arrived(looks, sent, told.began + timing.lag, one.injected, timing.lag)
    whole, *halves = _halted(told, one, looks, sent, timing)
    after = Arrived(looks, sent, one.injected, told.ended, timing.lag)
    again = None if one.back is None else Arrived(looks, sent, one.back + late, told.ended, timing.lag)
    return _Spans(before, whole, halves, after, again)


def _goes_on(sent: Sequence[Sent], whole: Arrived, undone: float) -> bool:
    """Whether requests were answered while the hop was halted: what waits until it goes on has waited for it."""
    meanwhile = [each for each in sent if whole.began <= each.sent < min(whole.ended, undone - _SOON_S)]
    return sum(each.ok and each.ended <= undone for each in meanwhile) >= _GOES_ON * len(meanwhile)


def _halted(told: Experiment, one: Round, looks: Looks, sent: Sequence[Sent], timing: _Timing) -> Sequence[Arrived]:
    """The time in which the hop stood still, after what was under way has arrived; and its halves."""
    began, ended = (one.seen or one.injected) + timing.lag + timing.arrives, one.undone or told.ended
    within = [look for look in looks if began <= look.at <= ended]
    if len(within) < _LOOKS or within[-1].at - within[0].at < _LAGS * timing.lag:
        busy(
            "seen too seldom", f"{len(within)} looks in {max(0.0, ended - began):.1f} s while {told.system} was halted"
        )
    middle = within[len(within) // 2].at
    spans = [Arrived(looks, sent, *ends, timing.lag) for ends in ((began, ended), (began, middle), (middle, ended))]
    if any(span.asked < _LEAST for span in spans):
        busy("asked too seldom", f"{min(span.asked for span in spans)} requests while {told.system} was halted")
    return spans


def _others(claim: Claim, evidence: Evidence, system: str) -> list[str]:
    """Operations that other claims had asked during the experiment."""
    asks = (one.ask for one in evidence.observations if one.ask.capability == Traffic.capability)
    mine = (ask.arg("operation") for ask in asks if ask.arg("system") == system and ask.arg("fault") == Fault.FREEZE)
    return sorted({name or "" for name in mine} - set(claim.operations))


def _not_past(name: str, halt: _Halt, idle: Mapping[str, float], others: Sequence[str]) -> None:
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


def _only_behind(name: str, halt: _Halt) -> None:
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
