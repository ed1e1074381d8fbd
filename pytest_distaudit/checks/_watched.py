"""Counters of one process, watched before, during and after an activity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NoReturn, TypeVar

from pytest_distaudit.domain.claim import Claim, Span
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.domain.judgement import unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import ActivityRun, Capability

C = TypeVar("C", bound=Capability)

#: looks are taken at intervals: a rest as long as the idle window may seem this much shorter
_REST = 0.9


def baseline(run: ActivityRun) -> NoReturn:
    """A failed performance may have done its work or not: nothing can be counted against it."""
    failed = [one for one in run.runs if not one.ok]
    many = f"{len(failed)} of {len(run.runs)} performances fail"
    unverifiable(Reason.BASELINE, many, failed[0].detail if failed else "it was never performed")


def busy(actual: str, because: str) -> NoReturn:
    """What moved cannot be told to be the activity's."""
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, actual, because, remedy="audit a quieter target")


class Watched(Generic[C]):
    """The looks at one thing: the last one before the activity, those after it, and what moved in between.

    ``counters`` gives everything of a fact that only ever grows; ``thing`` is what the reader calls it.
    Raises unverifiable unless it was seen at both ends, by one process.
    """

    def __init__(
        self, looks: Sequence[Seen[C]], run: ActivityRun, thing: str, counters: Callable[[C], tuple[int, ...]]
    ) -> None:
        before = [look for look in looks if look.at < run.active_from]
        after = [look for look in looks if look.at >= run.active_to]
        if not before or not after:
            busy("not seen at both ends", f"no look at the {thing} came back before the activity, or none after it")
        self._counters = counters
        self._since = [look for look in looks if look.at >= before[-1].at]
        self._rest = _REST * (run.active_from - run.idle_from)
        one_process([look.identity for look in self._since])
        self.start, self.performed, self.end = before[-1].fact, after[0].fact, after[-1].fact
        self._end = after[-1]
        self.waited = self._end.at - run.active_to
        #: a single look before cannot tell whether anything moved
        self.quiet_before = len(before) > 1 and counters(before[0].fact) == counters(self.start)

    @property
    def rested(self) -> bool:
        """Whether, once moved, the counters stood still for as long as the idle window. Only after a movement."""
        moving = [look.at for look in self._since if self._counters(look.fact) != self._counters(self.end)]
        return self._end.at - max(moving) >= self._rest


def measured_once(claim: Claim) -> None:
    """Raise unverifiable: what is measured once cannot be looked at again and again."""
    if claim.timing is not None and claim.timing.span is not Span.WITHIN:
        unverifiable(Reason.AMBIGUOUS_CLAIM, str(claim.timing), "this is measured once; leave it out")


def one_process(identities: Sequence[str]) -> None:
    """Raise unverifiable: counters of two processes cannot be subtracted."""
    if not all(identities):
        unverifiable(Reason.NO_OBSERVABLE, "which process counts is unknown", "the server does not tell its identity")
    if len(set(identities)) > 1:
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, "the server restarted", "its counters began anew in between")
