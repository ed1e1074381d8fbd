"""How long a service was away, and which share of its probes it answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from pytest_distaudit.checkers.binomial import share_bounds
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two answered probes: ``failed`` ones in between, and how long the service was away.

    At least ``least_ns``: from the first failure that had returned to the call of the last. At most ``most_ns``: from
    the call of the answered probe before to the return of the one after; inf if there is none. A gap without failures
    is how long nobody looked.
    """

    since_ns: int
    failed: int
    least_ns: int
    most_ns: float


@dataclass(frozen=True, slots=True)
class Availability:
    """``gaps``: those with failures. ``most_ns``: the longest time that the service may have been away, seen or unseen.

    ``share``: the exact 95 % interval of answered probes, ``outside`` the same without the longest gap; None where
    there are none. Probes are taken to be independent, which those of one outage are not: a share speaks of probes.
    """

    probes: int
    answered: int
    gaps: tuple[Gap, ...]
    most_ns: float
    share: tuple[float, float] | None
    outside: tuple[float, float] | None

    @property
    def longest(self) -> Gap | None:
        """The gap that lasted longest for certain, then at most."""
        return max(self.gaps, key=lambda gap: (gap.least_ns, gap.most_ns, gap.failed), default=None)

    def verdict(self, limit_ns: float) -> tuple[Verdict, Reason | None]:
        """Whether it was never away for longer than ``limit_ns``: verified only if no time is left for that."""
        if not self.probes:
            return Verdict.UNVERIFIABLE, Reason.VACUOUS
        if self.longest is not None and self.longest.least_ns > limit_ns:
            return Verdict.REFUTED, None
        if self.most_ns <= limit_ns:
            return Verdict.VERIFIED, None
        return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS


def windows(probes: Iterable[Operation]) -> Availability:
    """Judge probes of one service, sent by a schedule of their own; whatever is not ok was not answered.

    Rule: an unavailability window reaches from its first failure to its last; as a probe fails at some moment between
    its call and its return, both an inner and an outer bound are given.
    """
    ordered = sorted(probes, key=lambda each: each.call_ns)
    gaps = tuple(_gaps(ordered))
    seen = tuple(gap for gap in gaps if gap.failed)
    answered = sum(_answered(each) for each in ordered)
    most = max((gap.most_ns for gap in gaps), default=inf)
    found = Availability(len(ordered), answered, seen, most, _share(answered, len(ordered)), None)
    missed = found.longest.failed if found.longest else 0
    outside = _share(answered, len(ordered) - missed)
    return Availability(found.probes, answered, seen, most, found.share, outside)


def _gaps(ordered: Sequence[Operation]) -> Iterable[Gap]:
    before: Operation | None = None
    failed: list[Operation] = []
    for each in ordered:
        if not _answered(each):
            failed.append(each)
            continue
        if before is not None or failed:
            yield _gap(before, failed, each)
        before, failed = each, []
    if failed:
        yield _gap(before, failed, None)


def _gap(before: Operation | None, failed: Sequence[Operation], after: Operation | None) -> Gap:
    since = before.call_ns if before is not None else failed[0].call_ns
    returned = min((each.return_ns for each in failed if each.return_ns is not None), default=None)
    least = 0 if returned is None else max(0, failed[-1].call_ns - returned)
    ends = inf if after is None else after.ends_ns
    return Gap(since, len(failed), least, ends - since)


def _answered(probe: Operation) -> bool:
    return probe.outcome is Outcome.OK


def _share(answered: int, probes: int) -> tuple[float, float] | None:
    return share_bounds(answered, probes) if probes else None
