"""What a claim comes to when something goes wrong on the audit's own side."""

from __future__ import annotations

from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.record import Changed


def evidence_changed(error: Changed) -> Judgement:
    """Recorded evidence that is not as it was recorded decides nothing."""
    because, remedy = str(error), "record it again"
    return Judgement(Verdict.UNVERIFIABLE, "evidence was changed", because, remedy, Reason.NOT_RECORDED)


def audit_error(error: Exception) -> Judgement:
    """An error of the audit's is never a pass."""
    because = f"{type(error).__name__}: {error}"
    remedy = "this says nothing about the audited system"
    return Judgement(Verdict.UNVERIFIABLE, "audit-error", because, remedy, Reason.AUDIT_ERROR)
