"""Claims about throughput as it is, by the system's own counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from math import inf

from pytest_distaudit.checks._exchange import LEVEL
from pytest_distaudit.checks._poisson import means
from pytest_distaudit.checks._watched import busy, measured_once, one_process
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Rest
from pytest_distaudit.domain.verdict import Reason, Rung
from pytest_distaudit.domain.wording import listed
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

#: so many times as long is watched again where the first time leaves it open
_LONGER = 4
_ALL = "*"


def _rest(claim: Claim, times: int = 1) -> Rest:
    return Rest((Look("system", Work.ask()),), times * claim.number("over"))


@check(
    "throughput.observed",
    claims="the system does so much work for others as its own counters tell, while the audit performs nothing",
    says="{rate} observed, of {work}",
    rung=Rung.USED,
    roles={"system": Role("the system whose counters are read")},
    params={
        "rate": Parameter(ParameterType.NUMBER, "how often, such as '>= 50/s'"),
        "work": Parameter(ParameterType.TEXT, "which work, as the product names its counts; a name or glob", _ALL),
        "over": Parameter(ParameterType.TIME, "for how long it is watched at least, such as '30 s'", "5 s"),
    },
    cost_s=6.0,
    needs=lambda claim: (_rest(claim),),
    shows_not="what the system is able to do: this is what was asked of it in that time (a load test shows the "
    "rest); that it is so at other times, that work succeeds, and that those who ask are no script",
)
def observed(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """A rate between readings of one process, bounded by chance, by the looks' length and by how far counts lag.

    It speaks of demand: a system that nobody asks anything of does 0/s, however much it could do. What it did before,
    its housekeeping and what the audit asks are no work. Several counts may tell of one piece of work: the
    largest alone and all of them together bound how much there was.
    """
    wanted = _rate(claim)
    seen = _Rate(evidence.history(Work), evidence.shared(Resting), evidence.systems()[0], claim["work"])
    by_one, by_all = (seen.holds(wanted, many) for many in (seen.largest, seen.together))
    if by_one is None or by_all is None:
        return _left_open(claim, evidence, seen)
    if by_one is not by_all:
        because = f"{seen.because}; these may be one and the same work: say which is meant with 'work'"
        unverifiable(Reason.AMBIGUOUS_CLAIM, seen.told, because)
    if seen.unseen and wanted.holds(inf) is not by_all:
        unverifiable(Reason.NO_OBSERVABLE, f"{seen.told} that can be seen", f"not seen: {seen.unseen}")
    if not by_all:
        remedy = "audit when it is used, or correct the document"
        refute(seen.told, f"{seen.because}; this is what is asked of it, not what it could do", remedy=remedy)
    if not seen.together:
        unverifiable(Reason.VACUOUS, seen.told, "nothing is asked of it: no limit could be exceeded")
    return verified(seen.told, seen.because)


def _rate(claim: Claim) -> Comparison:
    wanted: Comparison = claim["rate"]
    if wanted.dimension != "rate" or wanted.operator in ("==", "!="):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"rate {wanted}", "a limit to a rate is meant, such as '>= 50/s'")
    if claim["over"].operator != "==" or claim["over"].quantity.value <= 0:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"over {claim['over']}", "a length of time is meant, such as '30 s'")
    measured_once(claim)
    return wanted


def _left_open(claim: Claim, evidence: Evidence, seen: _Rate) -> Judgement | NeedMore:
    """More time once, then say so. Raises unverifiable."""
    rests = {one.ask for one in evidence.observations if one.ask.capability == Resting.capability}
    if len(rests) > 1:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, seen.told, seen.because, remedy="watch for longer with 'over'")
    return NeedMore((_rest(claim, _LONGER),))


@dataclass(frozen=True, slots=True)
class _Span:
    """How many seconds lie between what two readings tell of, at least and at most."""

    least: float
    most: float


class _Rate:
    """What moved between the readings around a rest. Raises unverifiable unless one process counted on."""

    def __init__(self, looks: Sequence[Seen[Work]], rest: Resting, system: str, work: str) -> None:
        inside = [look for look in looks if rest.opened <= look.at <= rest.closed]
        if not inside or inside[0].at > rest.began or inside[-1].at < rest.ended:
            busy("not seen at both ends", "a look before or after the time of rest did not come back")
        one_process([look.identity for look in inside])
        lag = rest.lags.get(system, 0.0)
        self._span = _Span(rest.ended - rest.began - lag, rest.closed - rest.opened + lag)
        self._seconds = rest.ended - rest.began
        self.unseen = inside[-1].fact.unseen
        self._moved = _moved([look.fact.counts for look in inside], work)
        #: pieces of work, if each is counted once, or by all counts at once
        self.together, self.largest = sum(self._moved.values()), max(self._moved.values(), default=0)

    def holds(self, wanted: Comparison, many: int) -> bool | None:
        """Whether so many are as wanted, whatever chance did; None: that cannot be said."""
        low, high = means(many, LEVEL)
        holds = {wanted.holds(low / self._span.most), wanted.holds(high / self._span.least)}
        return holds.pop() if len(holds) == 1 else None

    @property
    def told(self) -> str:
        """The rate, or between which two it is."""
        low, high = (f"{many / self._seconds:.3g}/s" for many in (self.largest, self.together))
        return low if low == high else f"{low} to {high}"

    @property
    def because(self) -> str:
        """What moved, in words."""
        moved = [f"{name} {many}" for name, many in self._moved.items() if many]
        low, high = means(self.largest, LEVEL)[0], means(self.together, LEVEL)[1]
        bounds = f"{low / self._span.most:.3g} to {high / self._span.least:.3g}/s"
        return f"{listed(moved, 'nothing')} in {self._seconds:.1f} s, so that it is {bounds}"


def _moved(counts: Sequence[Mapping[str, int]], work: str) -> dict[str, int]:
    """Count -> by how much it grew, of those that are meant. A count may begin with its first event."""
    names = sorted({name for one in counts for name in one})
    meant = [name for name in names if name == work or fnmatchcase(name, work)]
    if names and not meant:
        unverifiable(Reason.NO_OBSERVABLE, f"no count of {work}", f"it has counted {listed(names)}")
    if any(later.get(name, 0) < one.get(name, 0) for one, later in pairwise(counts) for name in meant):
        busy("the counters began anew", "somebody reset the server's statistics in between")
    return {name: counts[-1].get(name, 0) - counts[0].get(name, 0) for name in meant}
