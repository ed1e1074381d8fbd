"""Whether an operation that does not need a part suffers from its absence."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_distaudit.checkers.percentile import interval, nearest
from pytest_distaudit.checks._degraded import Doubt, Phases
from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.domain.judgement import refute
from pytest_distaudit.domain.verdict import Reason

#: behaviours 3.5: ok shares of a verified and of a refuted one, the percentile and how many times it may grow
_OK, _BROKEN = 0.99, 0.95
_QUANTILE, _TIMES = 0.95, 3.0
#: what is faster than that is not slow, and what is not slower may be the machine's fault, in seconds
_QUICK_S, _SLOW_S = 0.05, 0.25
#: what waits so long for its turn may fail, in seconds
_WAITS_S = 1.0
_REMEDY = "give what waits for the part workers of its own, and a short time-out"


@dataclass(frozen=True, slots=True)
class Slower:
    """One such operation during one disturbance."""

    seen: Phases

    @property
    def factor(self) -> float:
        """How many times its 95th percentile grew."""
        return nearest(self.after) / max(nearest(self.before), 1e-9)

    @property
    def before(self) -> list[float]:
        """How long each request took before."""
        return [one.took for one in self.seen.before]

    @property
    def after(self) -> list[float]:
        """How long each took while the part was away."""
        return [one.took for one in self.seen.meanwhile]

    def refuted(self) -> Doubt | None:
        """Refute what fails or is slow without doubt; else what stands in the way of verified."""
        seen, sent = self.seen, self.seen.meanwhile
        good = sum(one.ok and not one.reduced for one in sent)
        if len(sent) < ENOUGH:
            return Reason.VACUOUS, f"{len(sent)} requests", f"{seen.when}; {ENOUGH} are needed"
        if good < _BROKEN * len(sent) and not seen.busy(_WAITS_S):
            refute(f"{seen.operation} suffers", f"{seen.when} {len(sent) - good} of {len(sent)} failed", remedy=_REMEDY)
        least = interval(self.after, _QUANTILE).low
        if least > max(_TIMES * max(self.before), _SLOW_S) and not seen.busy(least):
            because = f"{seen.when} the 95th percentile is at least {least:.2f} s, after {nearest(self.before):.2f} s"
            refute(f"{seen.operation} suffers", because, remedy=_REMEDY)
        slow = nearest(self.after) > max(_TIMES * nearest(self.before), _QUICK_S)
        if good < _OK * len(sent) or slow:
            reason = Reason.BUDGET if seen.busy(nearest(self.after)) else Reason.INCONCLUSIVE_STATISTICS
            told = f"{seen.operation}: {good} of {len(sent)} well, {self.factor:.1f} times as long"
            return reason, told, f"{seen.when}; that may be the machine's fault"
        return None
