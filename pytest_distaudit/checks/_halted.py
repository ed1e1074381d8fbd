"""What a halted system shows: how each sort of work came, as a rule and while it stood still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_distaudit.checks._arrived import Arrived, Looks
from pytest_distaudit.checks._watched import busy
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.traffic import Sent, Traffic

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
_LOOKS = 3
#: the time in which it stands still lasts so many times what counters may be behind
LAGS = 3
#: a request sent so shortly before the hop goes on may be answered after that
_SOON_S = 0.5
#: looks are so far apart
_BETWEEN_S = 0.5


class Way(StrEnum):
    """How a sort of work arrives, by what comes while a hop is halted."""

    BEHIND = "only behind it"
    PAST = "past it"
    PARTLY = "partly past it"
    AT_TIMES = "at times, so that it may have come past it"
    BY_ITSELF = "by itself"
    NOT_ASKED = "while nothing is asked, too"


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds: how far the counters may be behind, and how long work takes to arrive."""

    lag: float
    arrives: float


@dataclass(frozen=True, slots=True)
class Halt:
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

    def way(self, name: str, idle: float, timing: Timing) -> Way:
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

    def _at_times(self, name: str, timing: Timing) -> bool:
        """Whether it stands still while nothing is halted, too, and for longer than work takes to arrive."""
        usually = timing.lag + timing.arrives + _BETWEEN_S
        return any(span.stood_still(name) > usually for span in (self.before, self.again) if span)


def _still(came: float, halves: Sequence[float], usual: float) -> bool:
    return came >= _STILL * usual and min(halves) >= _STILL_EITHER * usual


def halts(
    told: Experiment,
    flows: Mapping[str, Traffic],
    looks: Looks,
    timing: Timing,
    idle: Mapping[str, float],
    only: str | None,
) -> Halt:
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
    return Halt(sorts, _goes_on(sent, spans.whole, one.undone or told.ended), resumed, waiting)


def _spans(told: Experiment, looks: Looks, sent: Sequence[Sent], timing: Timing) -> _Spans:
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


def _halted(told: Experiment, one: Round, looks: Looks, sent: Sequence[Sent], timing: Timing) -> Sequence[Arrived]:
    """The time in which the hop stood still, after what was under way has arrived; and its halves."""
    began, ended = (one.seen or one.injected) + timing.lag + timing.arrives, one.undone or told.ended
    within = [look for look in looks if began <= look.at and look.ended <= ended]
    if len(within) < _LOOKS or within[-1].at - within[0].at < LAGS * timing.lag:
        busy(
            "seen too seldom", f"{len(within)} looks in {max(0.0, ended - began):.1f} s while {told.system} was halted"
        )
    middle = within[len(within) // 2]
    ends = (began, ended), (began, middle.ended), (middle.at, ended)
    spans = [Arrived(looks, sent, *each, timing.lag) for each in ends]
    if any(span.asked < _LEAST for span in spans):
        busy("asked too seldom", f"{min(span.asked for span in spans)} requests while {told.system} was halted")
    return spans
