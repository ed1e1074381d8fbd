"""How a caller fares that is started while a part is away: what it answers, and in which process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_distaudit.checks._degraded import Doubt, Phases, phases
from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.checks._same_process import gone_on, served
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.ports.traffic import Sent, Traffic

#: behaviours 3.5: ok shares of what goes on and of what is broken
_OK, _BROKEN = 0.99, 0.95
_BUSY = "the machine may be too busy to tell"
_LISTEN = "let it listen at once, and connect when it has to"
_FIND = "let it find the part without being started again"


@dataclass(frozen=True, slots=True)
class Start:
    """One start of ``caller`` while the part was away, in seconds since the epoch.

    It was ``killed``, which showed soon; ``began`` is when it was, or when the audit had to start it; whoever is asked
    ``since`` is no longer the one before. It ``answered`` first then, None if never; ``until``: the part began to come
    back.
    """

    caller: str
    told: Experiment
    killed: float
    began: float
    since: float
    answered: float | None
    until: float

    @property
    def part(self) -> str:
        """What was away."""
        return self.told.system

    @property
    def without(self) -> str:
        """When that was."""
        return f"while {self.part} was away"

    def fared(self, flow: Traffic, evidence: Evidence) -> Phases:
        """The operation before, from the start on, and when the part is back."""
        seen = phases(flow.operation, self.told, flow, evidence, self.since)
        return replace(seen, fault=Fault.OUTAGE.value)

    def one_process(self, evidence: Evidence) -> None:
        """By the kernel's word: those that serve are others than before, and go on when the part is back."""
        looks = evidence.histories(Runs, "caller")[self.caller]
        if isinstance(looks, Unobservable):
            raise looks
        if self.answered is None:  # that is refuted
            return
        killed = set[str]().union(*served(self.caller, looks, self.told.began, self.killed))
        since = served(self.caller, looks, self.answered, self.until)
        new = [found for one in since if (found := tuple(run for run in one if run not in killed))]
        if not killed or not new:
            unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{self.caller}: not seen that another process serves")
        gone_on(self.caller, new[0], since, f"{self.caller} ended again", self.without, _LISTEN)
        back = served(self.caller, looks, self.until, self.told.ended)
        what = f"{self.caller} was started a second time"
        gone_on(self.caller, new[-1], back, what, f"when {self.part} was back", _FIND)

    def too_late(self, sent: Sent, bound_s: float) -> bool:
        """Whether it was answered only when the part was back, and not because it was under way just then."""
        return sent.ended >= self.until and sent.took > bound_s

    def one_name(self, flow: Traffic) -> None:
        """By the name that who answers gives itself, if it does: another than before, and the same to the end."""
        before = _names(flow.between(self.told.began, self.killed))
        new = _names([one for one in flow.between(self.since, self.until) if one.ended < self.until])
        back = flow.between(self.until, self.told.ended)
        if old := before & new:
            because = f"{min(old)} still answers {flow.operation}: ask what {self.caller} itself answers"
            unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{self.caller} is not shown to be another one", because)
        # it takes a moment until it knows that the part is back
        if new and (last := _names(back[-ENOUGH:])) and not new & last:
            because = f"when {self.part} was back: {flow.operation} is answered by another one than without it"
            refute(f"{self.caller} was started a second time", because, remedy=_FIND)
        if new and (later := _names(back) - new):
            because = f"{min(later)} answers {flow.operation} only since {self.part} is back"
            unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{self.caller}: not all of it went on", because)


def start_of(told: Experiment, caller: str, flows: Sequence[Traffic]) -> Start:
    """The one start; ``flows`` do not need the part. Raises Unverifiable if nothing showed that it was killed."""
    (one,) = told.rounds
    crash = one.anew[0] if one.anew else None
    if crash is None or crash.seen is None:
        because = crash.witness if crash else "it was not killed"
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, f"{caller} not started anew", because)
    began, since = crash.undone or crash.injected, crash.undone or crash.seen
    until = one.undone or one.back or told.ended
    ends = [sent.ended for flow in flows for sent in flow.between(since, until) if sent.ok and sent.ended < until]
    return Start(caller, told, crash.injected, began, since, min(ends, default=None), until)


def answers(start: Start, seen: Phases, bound_s: float) -> tuple[float, Doubt | None]:
    """How many seconds after the start an operation that does not need the part was answered, and then every time; and
    what stands in the way of verified.

    Refutes where it was not. One whose answers never held what was asked shows nothing: a canned answer looks the same.
    """
    if not seen.echoes:
        because = "its answers do not hold what is asked: a canned one looks the same"
        unverifiable(Reason.VACUOUS, f"{seen.operation} shows nothing", because, remedy="name one that says it back")
    first = min((one.ended for one in seen.during if seen.full(one)), default=None)
    if first is None:
        return 0.0, _never(start, seen, bound_s)
    # what stands before it may keep one waiting until it listens, and turn those away that come in between
    later = [one for one in seen.meanwhile if one.sent >= first]
    return first - start.began, _goes_on(start, seen, later, bound_s) or _late(start, seen, first, bound_s)


def needs_it(start: Start, seen: Phases) -> None:
    """Cannot tell if an operation that is said to need the part was answered as ever without it."""
    if full := [one for one in seen.during if seen.full(one)]:
        because = f"{start.without}; name an operation that needs it"
        unverifiable(Reason.VACUOUS, f"{seen.operation} answered {len(full)} times as ever", because)
    if len(seen.meanwhile) < ENOUGH:
        unverifiable(Reason.VACUOUS, f"{len(seen.meanwhile)} requests", f"{start.without}; {ENOUGH} are needed")


def _never(start: Start, seen: Phases, bound_s: float) -> Doubt:
    lasted = start.until - start.began
    if other := _other(seen, seen.meanwhile):
        _refute_other(start, seen, other)
    if lasted <= bound_s or len(seen.meanwhile) < ENOUGH:
        return Reason.VACUOUS, f"{len(seen.meanwhile)} requests in {lasted:.1f} s", f"{start.without}, which is too few"
    if seen.busy(bound_s):
        return Reason.BUDGET, f"{seen.operation} was not answered", _BUSY
    last = next((one for one in reversed(seen.meanwhile) if not one.ok), seen.meanwhile[0])
    because = f"{start.without}, {lasted:.0f} s after its start: {_answer(start, last)}"
    return refute(f"{start.caller} does not start: {seen.operation} is not answered", because, remedy=_LISTEN)


def _late(start: Start, seen: Phases, first: float, bound_s: float) -> Doubt | None:
    took = first - start.began
    if took <= bound_s:
        return None
    told = f"{seen.operation} answered after {took:.1f} s"
    if seen.busy(bound_s):
        return Reason.BUDGET, told, _BUSY
    # what was sent in time may have been answered a little late by the audit's doing alone
    failed = [one.sent for one in seen.meanwhile if one.sent < first and not seen.full(one)]
    if failed and failed[-1] - start.began > bound_s:
        refute(told, f"{start.without}; claimed are {bound_s:g} s", remedy=_LISTEN)
    return Reason.INCONCLUSIVE_STATISTICS, told, f"claimed are {bound_s:g} s"


def _goes_on(start: Start, seen: Phases, sent: Sequence[Sent], bound_s: float) -> Doubt | None:
    bad = [one for one in sent if not seen.full(one) or start.too_late(one, bound_s)]
    told = f"{len(bad)} of {len(sent)} failed"
    if len(sent) < ENOUGH:
        return Reason.VACUOUS, f"{len(sent)} requests", f"{start.without}; {ENOUGH} are needed"
    if len(bad) > (1 - _BROKEN) * len(sent):
        if other := _other(seen, bad):
            _refute_other(start, seen, other)
        if seen.busy(bound_s):
            return Reason.BUDGET, f"{seen.operation}: {told}", _BUSY
        refute(f"{seen.operation} suffers", f"{start.without} {told}: {_answer(start, bad[0])}", remedy=_LISTEN)
    if len(bad) > (1 - _OK) * len(sent):
        return Reason.INCONCLUSIVE_STATISTICS, f"{seen.operation}: {told}", f"{start.without}: {_answer(start, bad[0])}"
    return None


def _other(seen: Phases, sent: Sequence[Sent]) -> list[Sent]:
    """Successes that are no answers as before."""
    return [one for one in sent if one.ok and not seen.full(one)]


def _answer(start: Start, sent: Sent) -> str:
    """What came of it, in words."""
    if not sent.ok:
        return f"{sent.status or ''} {sent.detail}".strip()
    if sent.ended < start.until:
        return "answered with something else"
    return f"answered when {start.part} was back, after {sent.took:.1f} s"


def _refute_other(start: Start, seen: Phases, other: Sequence[Sent]) -> None:
    because = f"{start.without} {len(other)} answers did not hold what was asked, or were reduced ones"
    refute(f"{seen.operation} answers something else", because, remedy=f"let {start.caller} itself answer it")


def _names(sent: Sequence[Sent]) -> set[str]:
    return {one.node for one in sent if one.ok and one.node}
