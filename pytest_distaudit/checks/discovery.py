"""Claims about discovery: how soon a registry tells where a service is."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from statistics import fmean, median
from typing import NoReturn

from pytest_distaudit.checkers.percentile import least, ranks
from pytest_distaudit.checks._exchange import LEVEL
from pytest_distaudit.checks._watched import measured_once
from pytest_distaudit.checks.registry import REGISTRY, SERVICE
from pytest_distaudit.domain.check import Parameter, ParameterType, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.discovery import LookupTimes
from pytest_distaudit.ports.registrations import Registry

#: so many times the fewest that could do are made where those leave it open
_MORE = 5
#: a question without a look-up that takes more than this part of the limit was held up by something else
_HELD_UP = 4
#: for each of these so many look-ups may have been, which are more work
_AS_MANY = 2


@check(
    "discovery.latency",
    claims="so large a share of the look-ups of the service in the registry is answered within the time",
    says="{share} of look-ups of {service} take {time}",
    rung=Rung.HEALTHY,
    roles=REGISTRY,
    params={
        "service": SERVICE,
        "time": Parameter(ParameterType.TIME, "until the whole answer is there, such as '< 10 ms'"),
        "share": Parameter(ParameterType.NUMBER, "which share of the look-ups, such as '99 %'", "95 %"),
    },
    # look-ups come when everything else has been asked, so that nothing of the audit's own delays them
    needs=lambda claim: (Look("system", Registry.ask()),),
    cost_s=3.0,
    # services register themselves when they start
    settles_s=3.0,
    shows_not="how long look-ups take where the callers are, under their load, on a new connection or by DNS: the "
    "audit asks over HTTP from its own host, one question after the other on one connection; that callers look up at "
    "all (registry.queried); that it tells of changes soon",
)
def latency(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Ranks of what was measured bound the share's time, however look-ups are distributed; their mean says nothing.

    What is no answer about the service was not answered in time. Look-ups that the audit's machine or the way may
    have held up, as it held up questions without a look-up, refute nothing.
    """
    share, limit = _share(claim), _limit(claim)
    fewest = least(share, LEVEL)
    asked = {one.ask for one in evidence.observations if one.ask.capability == LookupTimes.capability}
    if not asked:
        _registered(claim, evidence)
        return NeedMore((_look(claim, fewest),))
    seen = _Measured([look.fact for look in evidence.history(LookupTimes)], share, limit)
    if seen.invented:
        because = f"for a name that nobody can have registered it names {counted(seen.invented, 'instance')}, too"
        refute("canned answers", because, remedy="ask the registry itself", conclusive=True)
    if seen.nothing:
        _nothing_named(evidence)
    _others_named(claim, evidence)
    if seen.upper is not None and limit.holds(seen.upper):
        return verified(seen.told, seen.because)
    if not limit.holds(seen.least_lower):
        remedy = "find what delays the registry's answers, or correct the document"
        refute(seen.told, seen.because, remedy=remedy, conclusive=True)
    if not seen.cut and len(asked) == 1:
        return NeedMore((_look(claim, _MORE * fewest),))
    return seen.left_open()


def _share(claim: Claim) -> float:
    wanted: Comparison = claim["share"]
    share = float(wanted.quantity.value)
    if wanted.operator != "==" or wanted.dimension != "share" or not 0 < share < 1:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"share {wanted}", "a part of the look-ups is meant, such as '95 %'")
    return share


def _limit(claim: Claim) -> Comparison:
    wanted: Comparison = claim["time"]
    if wanted.operator not in ("<", "<="):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"time {wanted}", "an upper limit is meant, such as '< 10 ms'")
    measured_once(claim)
    return wanted


def _look(claim: Claim, times: int) -> Look:
    return Look("system", LookupTimes.ask(service=claim["service"], times=times))


def _registered(claim: Claim, evidence: Evidence) -> None:
    """Refute what the registry does not hold; where it may not be read, the look-ups have to tell."""
    try:
        held = [one.name for one in evidence.one(Registry).services]
    except Unobservable:
        return
    name = claim["service"]
    if name.lower() not in map(str.lower, held):
        remedy = "register it, or correct the document"
        refute(f"no service {name}", f"the registry holds {listed(held)}", remedy=remedy)


def _nothing_named(evidence: Evidence) -> NoReturn:
    """Raises Unobservable where the registry may not be read: it may hide the service from the audit."""
    evidence.one(Registry)
    because = "its catalog holds the service, and look-ups name no instance of it"
    refute("empty answers", because, remedy="ask the registry itself", conclusive=True)


def _others_named(claim: Claim, evidence: Evidence) -> None:
    """Refute answers that name nothing of what the catalog holds, before and after: they are remembered, or made up.

    Once alone the catalog may have changed in between; a claim that settles is looked at again.
    """
    try:
        looks = evidence.history(Registry)
    except Unobservable:
        return
    measured = evidence.history(LookupTimes)[-1]
    named, held = set(measured.fact.instances), [_places(look.fact, claim["service"]) for look in looks]
    if not named or any(named & places for places in held):
        return
    because = f"look-ups name {listed(sorted(named))}, the catalog holds {listed(sorted(held[-1]))}"
    if looks[-1].at < measured.at:
        unverifiable(Reason.BASELINE, "other instances", f"{because}; it may have changed in between")
    refute("old answers", because, remedy="ask the registry itself", conclusive=True)


def _places(registry: Registry, service: str) -> set[str]:
    """``host:port`` of the service's instances."""
    meant = [one for one in registry.services if one.name.lower() == service.lower()]
    return {f"{instance.address}:{instance.port}" for one in meant for instance in one.instances}


class _Measured:
    """All look-ups of the service, and what they say of the time within which the share is answered."""

    def __init__(self, facts: Sequence[LookupTimes], share: float, limit: Comparison) -> None:
        self._share, self._limit = share, limit
        self.invented = max(fact.invented or 0 for fact in facts)
        self.cut = facts[-1].cut
        self._said = next((fact.said for fact in facts if fact.said), "")
        self._took = sorted(took for fact in facts for took in fact.took)
        self._control = sorted(took for fact in facts for took in fact.control)
        self._late = [fact.patience for fact in facts for _ in range(fact.late)]
        self._wrong, self._empty = sum(fact.wrong for fact in facts), sum(fact.empty for fact in facts)
        self._many = len(self._took) + len(self._late) + self._wrong + self._empty
        #: whether all that was answered is that there is no instance
        self.nothing = self._empty == self._many > 0
        first, last = ranks(self._many, share, 1 - 2 * LEVEL)
        self.upper = None if last > self._many else self._at(last, late=inf)
        #: None where too few were made to say
        self._lower = self._at(first) if first else None
        #: the same if what may have been held up had been answered at once
        self.least_lower = self._at(first, held_up=_AS_MANY * self._slow_controls) if first else 0.0

    def _at(self, rank: int, late: float | None = None, held_up: int = 0) -> float:
        """The time of that rank; what was late took at least as long as it was waited for."""
        slow = sorted([*self._took, *(self._late if late is None else [late] * len(self._late))], reverse=True)
        times = [*[0.0] * len(slow[:held_up]), *slow[held_up:], *[inf] * (self._wrong + self._empty)]
        return sorted(times)[rank - 1]

    @property
    def _slow_controls(self) -> int:
        """Questions without a look-up that something else held up."""
        return sum(not self._limit.holds(_HELD_UP * took) for took in self._control)

    @property
    def told(self) -> str:
        """The time of the share, between its bounds."""
        if self._lower is None or self._lower == inf:
            return f"{len(self._took)} of {self._many} look-ups answered"
        upper = "or more" if self.upper is None or self.upper == inf else f"to {_ms(self.upper)}"
        return f"{self._share * 100:g} % within {_ms(self._lower)} {upper}"

    @property
    def because(self) -> str:
        """What was measured, in words."""
        parts = [f"{self._many} look-ups"]
        if self._took:
            parts.append(f"on average {_ms(fmean(self._took))}, the slowest {_ms(self._took[-1])}")
        parts += [f"{many} {what}" for many, what in self._unanswered if many]
        if self._control:
            parts.append(f"without a look-up {_ms(median(self._control))}, the slowest {_ms(self._control[-1])}")
        return "; ".join(parts)

    @property
    def _unanswered(self) -> Sequence[tuple[int, str]]:
        said = f" ({self._said})" if self._said else ""
        late = f"not answered in {self._late[0]:g} s" if self._late else ""
        return (
            (len(self._late), late),
            (self._wrong, f"answered with an error or something else{said}"),
            (self._empty, "answered with no instance"),
        )

    def left_open(self) -> Judgement:
        """Say why it cannot be told. Raises unverifiable in any case."""
        if self._lower is not None and not self._limit.holds(self._lower):
            held_up = f"{self._slow_controls} of {len(self._control)} questions without a look-up were slow, too"
            because = f"{held_up}: the audit's machine or the way may be; {self.because}"
            unverifiable(Reason.BASELINE, "too slow to tell", because, remedy="audit from a host nearby, at rest")
        if self.upper is None:
            because = f"{self.because}; {least(self._share, LEVEL)} look-ups are needed, and took too long"
            unverifiable(Reason.BUDGET, self.told, because)
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, self.told, self.because, remedy="claim a limit with some margin")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"
