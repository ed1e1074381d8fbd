"""What does not fail the run although it does not hold: the baseline, pending claims, a floor of severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Severity, Verdict, severity_rank


@dataclass(frozen=True, slots=True)
class Known:
    """One claim that is known not to hold, as the baseline names it.

    ``statement`` is what it says (:attr:`Claim.statement`), ``blocked_by`` what stood before it: only then its
    verdict may be unverifiable. ``actual`` and ``since`` (a day) are for readers.
    """

    claim: str
    target: str
    check: str
    statement: str
    severity: str
    verdict: Verdict = Verdict.REFUTED
    blocked_by: str | None = None
    actual: str = ""
    since: str = ""

    def covers(self, result: ClaimResult) -> bool:
        """Whether ``result`` is what was known, and nothing worse."""
        same = (self.claim, self.check, self.statement) == (result.key, result.check, result.statement)
        if not same or severity_rank(result.severity) < severity_rank(self.severity):
            return False
        if self.verdict is Verdict.REFUTED:
            return result.verdict is Verdict.REFUTED
        return is_blocked(result) and result.blocked_by == self.blocked_by


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What one run lets pass. ``known``: claim key -> what the baseline says of it for this run's target."""

    fail_on: Severity = Severity.MINOR
    known: Mapping[str, Known] = field(default_factory=dict)

    def applied(self, result: ClaimResult) -> ClaimResult:
        """The result with what keeps it from failing the run; as it is where nothing does."""
        if result.verdict not in (Verdict.REFUTED, Verdict.UNVERIFIABLE):
            return result
        entry = self.known.get(result.key)
        if entry is not None and entry.covers(result):
            return replace(result, baselined=True, tolerated=f"in the baseline since {entry.since or 'its beginning'}")
        if result.pending and (result.verdict is Verdict.REFUTED or is_blocked(result)):
            return replace(result, tolerated=f"pending: {result.pending}")
        if self._minor(result):
            return replace(result, tolerated=f"{result.severity}, below --distaudit-fail-on={self.fail_on.value}")
        return result

    def _minor(self, result: ClaimResult) -> bool:
        """An expired waiver and an error of the audit are no matter of severity."""
        if result.waiver or result.reason is Reason.AUDIT_ERROR:
            return False
        return severity_rank(result.severity) > severity_rank(self.fail_on.value)


def is_blocked(result: ClaimResult) -> bool:
    """Whether it was not judged because something else does not run."""
    return result.verdict is Verdict.UNVERIFIABLE and result.reason is Reason.BLOCKED
