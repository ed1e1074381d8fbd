"""Claims about the order of a path: that work reaches a system by way of others, and not past them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from pytest_distaudit.checks._disturbed import effective, traffics
from pytest_distaudit.checks._watched import busy, one_process
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence, Seen
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
#: a whole number of times for each request, or nearly so: nothing is seen to wait in between
_WHOLE = 0.15
#: of the requests sent while a hop is halted, how many succeed where the caller does not halt with it
_GOES_ON = 0.95
#: requests of either half of the time in which a hop is halted
_LEAST = 10
_LOOKS, _LAGS = 3, 3
#: a request sent so shortly before the hop goes on may be answered after that
_SOON_S = 0.5


def _arrives_s(claim: Claim) -> float:
    return claim.timing.seconds if claim.timing else _ARRIVES_S


def _needs(claim: Claim) -> tuple[Need, ...]:
    waits = _TIMES * _arrives_s(claim)
    course = Course(_HALTED_S + waits, _PATIENCE_S, steady_s=_STEADY_S + waits)
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
    timing = _Timing(lag, _arrives_s(claim))
    found = {
        name: _halts(told, traffics(claim, evidence, told), looks, timing, claim["work"])
        for name, told in effective(evidence, Fault.FREEZE, "via").items()
    }
    for name, halt in found.items():
        _not_past(name, halt, looks, resting, _others(claim, evidence, name))
    for name, halt in found.items():
        _only_behind(name, halt)
    stopped = set.intersection(
        *({name for name, one in halt.sorts.items() if one is Way.BEHIND} for halt in found.values())
    )
    if not stopped:
        because = "; ".join(f"behind {name}: {listed(halt.told(Way.BEHIND))}" for name, halt in found.items())
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "different work behind each", because, remedy="name it: work")
    past = sorted({sort for halt in found.values() for sort in halt.told(Way.PAST)})
    beside = f"; {listed(past)} also come another way" if past else ""
    return verified(
        f"{listed(sorted(stopped))} past none of {listed(list(found))}", f"none while it was halted{beside}"
    )


class Way(StrEnum):
    """How a sort of work arrives, by what comes while a hop is halted."""

    BEHIND = "only behind it"
    PAST = "past it"
    PARTLY = "partly past it"


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


def _halts(
    told: Experiment, flows: Mapping[str, Traffic], looks: Sequence[Seen[Work]], timing: _Timing, only: str | None
) -> _Halt:
    """Compare what arrived for each request before, and while the hop was halted. Raises unverifiable."""
    (one,) = told.rounds
    sent = sorted((each for flow in flows.values() for each in flow.sent), key=lambda each: each.sent)
    before = _Span(looks, sent, told.began, one.injected, timing.lag)
    whole, *halves = _halted(told, one, looks, sent, timing)
    after = _Span(looks, sent, one.injected, told.ended, timing.lag)
    moving = {name: each for name, each in before.each.items() if each >= _MOVES and only in (None, name)}
    if not moving:
        because = f"before {told.system} was halted, at most {max(before.each.values(), default=0):.1f} for a request"
        unverifiable(Reason.VACUOUS, "nothing arrives", because, remedy="see wiring.used")
    sorts = {
        name: _way(whole.of(name, each), [half.of(name, each) for half in halves]) for name, each in moving.items()
    }
    behind = [name for name, way in sorts.items() if way is Way.BEHIND]
    resumed = all(after.of(name, moving[name]) >= _MOVES for name in behind)
    waiting = tuple(name for name, each in moving.items() if abs(each - round(each)) > _WHOLE)
    return _Halt(sorts, _goes_on(sent, whole, one.undone or told.ended), resumed, waiting)


def _way(share: float, halves: Sequence[float]) -> Way:
    if share <= _NO_MORE:
        return Way.BEHIND
    return Way.PAST if share >= _STILL and min(halves) >= _STILL_EITHER else Way.PARTLY


def _goes_on(sent: Sequence[Sent], whole: _Span, undone: float) -> bool:
    """Whether requests were answered while the hop was halted: what waits until it goes on has waited for it."""
    meanwhile = [each for each in sent if whole.began <= each.sent < min(whole.ended, undone - _SOON_S)]
    return sum(each.ok and each.ended <= undone for each in meanwhile) >= _GOES_ON * len(meanwhile)


def _halted(
    told: Experiment, one: Round, looks: Sequence[Seen[Work]], sent: Sequence[Sent], timing: _Timing
) -> Sequence[_Span]:
    """The time in which the hop stood still, after what was under way has arrived; and its halves."""
    began, ended = (one.seen or one.injected) + timing.lag + timing.arrives, one.undone or told.ended
    within = [look for look in looks if began <= look.at <= ended]
    if len(within) < _LOOKS or within[-1].at - within[0].at < _LAGS * timing.lag:
        busy(
            "seen too seldom", f"{len(within)} looks in {max(0.0, ended - began):.1f} s while {told.system} was halted"
        )
    middle = within[len(within) // 2].at
    spans = [_Span(looks, sent, *ends, timing.lag) for ends in ((began, ended), (began, middle), (middle, ended))]
    if any(span.asked < _LEAST for span in spans):
        busy("asked too seldom", f"{min(span.asked for span in spans)} requests while {told.system} was halted")
    return spans


class _Span:
    """A time between two looks: ``each`` is a sort of work -> how often it came for a request that was sent."""

    def __init__(
        self, looks: Sequence[Seen[Work]], sent: Sequence[Sent], began: float, ended: float, lag: float
    ) -> None:
        within = [look for look in looks if began <= look.at <= ended]
        if len(within) < 2:
            busy("seen too seldom", "fewer than two looks came back in time")
        first, last = within[0], within[-1]
        steps = ((look.fact.counts, later.fact.counts) for look, later in pairwise(within))
        if any(later.get(name, 0) < count for counts, later in steps for name, count in counts.items()):
            busy("the counters began anew", "somebody reset the server's statistics in between")
        self.began, self.ended = first.at, last.at
        self.asked = sum(first.at - lag <= each.sent < last.at - lag for each in sent)
        gained = {name: count - first.fact.counts.get(name, 0) for name, count in last.fact.counts.items()}
        self.each = {name: gain / max(1, self.asked) for name, gain in gained.items()}

    def of(self, name: str, usual: float) -> float:
        """How much of this sort came for each request, as a part of what is usual."""
        return self.each.get(name, 0.0) / usual


def _others(claim: Claim, evidence: Evidence, system: str) -> list[str]:
    """Operations that other claims had asked during the experiment."""
    asks = (one.ask for one in evidence.observations if one.ask.capability == Traffic.capability)
    mine = (ask.arg("operation") for ask in asks if ask.arg("system") == system and ask.arg("fault") == Fault.FREEZE)
    return sorted({name or "" for name in mine} - set(claim.operations))


def _not_past(name: str, halt: _Halt, looks: Sequence[Seen[Work]], resting: Resting, others: Sequence[str]) -> None:
    """Refute where all that arrives comes past the halted hop."""
    past = halt.told(Way.PAST)
    if len(past) < len(halt.sorts):
        return
    if moved := _at_rest(looks, resting, past):
        busy("too busy to tell", f"{listed(moved)} move while nothing is asked")
    if others:
        busy("too busy to tell", f"{listed(others)} were asked for other claims at the same time")
    if waiting := sorted({*past} & {*halt.waiting}):
        busy("too busy to tell", f"{listed(waiting)} may have waited on its way: no whole number comes for a request")
    because = f"{listed(past)} came as before while {name} was halted"
    refute(f"not by way of {name}", because, remedy=f"let nothing but what comes through {name} do this work")


def _at_rest(looks: Sequence[Seen[Work]], resting: Resting, sorts: Iterable[str]) -> list[str]:
    within = [look.fact.counts for look in looks if resting.opened <= look.at <= resting.closed]
    if not within:
        busy("not seen at rest", "no look came back while nothing was asked")
    return [name for name in sorts if within[-1].get(name, 0) != within[0].get(name, 0)]


def _only_behind(name: str, halt: _Halt) -> None:
    """Raise unverifiable unless some work stopped with the hop, for no other reason than that."""
    behind = halt.told(Way.BEHIND)
    if not behind:
        unverifiable(
            Reason.INCONCLUSIVE_STATISTICS, f"partly past {name}", f"less than before of {listed(sorted(halt.sorts))}"
        )
    if not halt.goes_on:
        because = f"the operations failed while {name} was halted, so that nothing could arrive by any way"
        unverifiable(Reason.NO_OBSERVABLE, "the caller halts as well", because)
    if not halt.resumed:
        because = f"{listed(behind)} did not come after {name} went on: what had been under way may be lost"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"not seen to go on behind {name}", because)
