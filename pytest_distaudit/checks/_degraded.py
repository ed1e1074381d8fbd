"""How an operation that needs a part fares while it is away, and afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.checkers.percentile import nearest
from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Sent, Traffic
from pytest_distaudit.ports.work import Work

#: reason, what, because
Doubt = tuple[Reason, str, str]
#: one or two may be the machine's fault
_AN_ACCIDENT = 2
#: the audit gives up soon after that, in seconds
_GIVEN_UP_S = 4.5
#: an answer passes through more hands than a request on its way out
_LATER = 10
#: of all answered nonces, how many lie in a store for all to lie there
_ALL = 0.99
#: a look may have missed what was under way, in seconds
_UNDER_WAY_S = 0.3
_TRACES = ("Traceback (most recent call last)", "Exception in thread", "\tat ")
_BUSY = "that may be the machine's fault"
_REMEDY = "answer in the declared way, after a short time-out of its own"


@dataclass(frozen=True, slots=True)
class Phases:
    """The requests before the fault, those that ended while it lasted, all that were sent meanwhile, and those after.

    ``echoes``: whether as good as every answer before held its nonce. ``kept``: nonces that lay in the part
    afterwards, None if those answered before did not all lie in it. ``crowded``: whether the machine was busy.
    """

    operation: str
    system: str
    fault: str
    back: float | None
    before: tuple[Sent, ...]
    during: tuple[Sent, ...]
    meanwhile: tuple[Sent, ...]
    after: tuple[Sent, ...]
    echoes: bool
    kept: frozenset[str] | None
    crowded: bool = False

    @property
    def when(self) -> str:
        """Which disturbance it is about."""
        return f"during the {self.fault} of {self.system}"

    def busy(self, seconds: float) -> bool:
        """Whether it may be the machine that is slow by so much: by how late the audit itself sent, or how long its
        own work took.
        """
        late = not self.meanwhile or nearest([one.sent - one.due for one in self.meanwhile]) * _LATER > seconds
        return late or self.crowded

    def full(self, sent: Sent) -> bool:
        """Whether it is answered as before the fault."""
        return sent.ok and not sent.reduced and (sent.echoed or not self.echoes)

    def refuted(self, bound_s: float, within_s: float) -> Doubt | None:
        """Refute what is no declared answer in time, or does not recover; else what stands in the way of verified."""
        self._declared(bound_s)
        doubts = (self._in_time(bound_s), self.recovers(within_s), self._made_up(), self._by_accident())
        return next(filter(None, doubts), None)

    @property
    def _failed(self) -> list[Sent]:
        """What was answered neither in full nor in the declared way."""
        return [one for one in self.during if not one.reduced and not one.ok]

    def _by_accident(self) -> Doubt | None:
        if not (failed := self._failed):
            return None
        many = f"{self.operation}: {len(failed)} of {len(self.during)} failed"
        return Reason.INCONCLUSIVE_STATISTICS, many, f"{self.when}, with {failed[0].status}: {_BUSY}"

    def _declared(self, bound_s: float) -> None:
        for one in self.during:
            if one.reduced and any(trace in one.detail for trace in _TRACES):
                self._refute("answers with a stack trace", one)
        if len(failed := self._failed) > _AN_ACCIDENT:
            self._refute(f"answers {failed[0].status}", failed[0], f"{len(failed)} of {len(self.during)}")
        if odd := [one for one in self.during if one.ok and not one.reduced and not self.full(one)]:
            what = "answers something else, with neither a declared status nor the marker"
            self._refute(what, odd[0], f"{len(odd)} of {len(self.during)} did not hold what was asked")

    def _in_time(self, bound_s: float) -> Doubt | None:
        late = [one for one in self.meanwhile if one.took > bound_s]
        lost = [one for one in self.meanwhile if one.status is None and one.took <= bound_s]
        quick = [one for one in lost if one.took < _GIVEN_UP_S]
        if len(quick) > _AN_ACCIDENT:
            self._refute("does not answer", quick[0], f"{len(quick)} of {len(self.meanwhile)}")
        if len(late) > _AN_ACCIDENT and not self.busy(bound_s):
            self._refute("hangs", late[0], f"{len(late)} of {len(self.meanwhile)} took longer than {bound_s:g} s")
        if late or lost:
            many = f"{len(late)} late and {len(lost)} without an answer of {len(self.meanwhile)}"
            reason = Reason.BUDGET if self.busy(bound_s) else Reason.INCONCLUSIVE_STATISTICS
            return reason, f"{self.operation}: {many}", f"{self.when}; {_BUSY}"
        return None

    def recovers(self, within_s: float) -> Doubt | None:
        """Refute what is not answered in full again so soon after the part is back; else what stands in the way."""
        if self.back is None:
            return Reason.BLOCKED, f"{self.system} did not come back", f"after the {self.fault}"
        last = max((at for at, one in enumerate(self.after) if not self.full(one)), default=-1)
        again, afterwards = self.after[last + 1 :], [o for o in self.after if o.sent > self.back + within_s]
        again_s = again[0].sent - self.back if again else None
        because = f"{within_s:g} s after {self.system} was back from its {self.fault}"
        if again_s is not None and again_s <= within_s and len(again) >= ENOUGH:
            return None
        failed = [one for one in afterwards if not self.full(one)]
        if self.busy(within_s):
            return Reason.BUDGET, f"{self.operation}: {len(failed)} of {len(afterwards)} failed", f"{because}; {_BUSY}"
        if len(failed) > _AN_ACCIDENT and len(failed) > len(afterwards) / 2:
            self._refute("does not recover", failed[-1], because)
        if again_s is not None and again_s > within_s and len(failed) > _AN_ACCIDENT:
            self._refute(f"works again after {again_s:.1f} s", failed[-1], because)
        return Reason.INCONCLUSIVE_STATISTICS, f"{self.operation} fails now and then", because

    def _made_up(self) -> Doubt | None:
        full = [one for one in self.during if self.full(one)]
        reduced = len(self.during) - len(full)
        if full and self.echoes and self.kept is not None:
            lost = [one for one in full if one.nonce not in (self.kept or ())]
            if len(lost) > _AN_ACCIDENT:
                because = f"{len(lost)} of {len(self.during)} answers held what never lay in it"
                self._refute(f"answers as if {self.system} were there", lost[0], because)
        if full:
            because = f"{self.when}; such answers do not need it, or are made up: name an operation that needs it"
            return Reason.VACUOUS, f"{self.operation} answered {len(full)} times as ever", because
        if reduced < ENOUGH:
            return Reason.VACUOUS, f"{reduced} requests", f"{self.when}; {ENOUGH} are needed"
        return None

    def _refute(self, what: str, sent: Sent, because: str = "") -> None:
        words = ": ".join(filter(None, (because, f"{sent.status or ''} {sent.detail}".strip())))
        refute(f"{self.operation} {what}", f"{self.when}; {words}", remedy=_REMEDY)


def phases(operation: str, told: Experiment, flow: Traffic, evidence: Evidence, since: float | None = None) -> Phases:
    """Cut the traffic at the fault, or later, ``since``, and at its end. Raises Unverifiable if answers were reduced
    before.
    """
    (one,) = told.rounds
    assert one.seen is not None
    until = one.undone or one.back or told.ended
    before, meanwhile = flow.between(told.began, one.injected), flow.between(since or one.seen, until)
    if len(reduced := [sent for sent in before if sent.reduced]) > len(before) * (1 - _ALL):
        unverifiable(Reason.BASELINE, "not steady", f"{operation} was reduced {len(reduced)} times before the fault")
    during = tuple(sent for sent in meanwhile if sent.status is not None and sent.ended < until)
    after = flow.between(one.back, told.ended) if one.back is not None else ()
    answered = [sent for sent in before if sent.ok]
    echoes = sum(sent.echoed for sent in answered) > _ALL * len(answered)
    kept = _kept(answered, one.injected, one.back, evidence)
    return Phases(
        operation, told.system, told.fault, one.back, before, during, meanwhile, after, echoes, kept, flow.busy
    )


def _kept(answered: list[Sent], injected: float, back: float | None, evidence: Evidence) -> frozenset[str] | None:
    """Nonces in the part after the fault, if it held those answered before."""
    (part,) = evidence.systems()
    looks = evidence.histories(Work, "system")[part]
    if isinstance(looks, Unobservable) or back is None:
        return None
    earlier = [look for look in looks if look.at < injected and look.fact.nonces is not None]
    later = [look for look in looks if look.at > back and look.fact.nonces is not None]
    if not earlier or not later:
        return None
    due = {sent.nonce for sent in answered if sent.ended < earlier[-1].at - _UNDER_WAY_S}
    inside = {nonce for look in earlier for nonce in look.fact.nonces or ()}
    if len(due) < ENOUGH or len(due & inside) < _ALL * len(due):
        return None
    return frozenset(nonce for look in later for nonce in look.fact.nonces or ())
