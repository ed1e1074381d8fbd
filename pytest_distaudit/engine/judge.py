"""Judging: pure, safe against broken checks, the same offline as live."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Sequence

from pytest_distaudit.domain.check import Check
from pytest_distaudit.domain.claim import Claim, Expect, Span, Timing
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, Refuted, Unverifiable
from pytest_distaudit.domain.verdict import Reason, Verdict


def judge(claim: Claim, check: Check, evidence: Evidence) -> Judgement | NeedMore:
    """One judgement of one look. A crash or a non-answer of the check is the audit's error, never a pass."""
    try:
        answer = check.judge(claim, evidence)
    except (Refuted, Unverifiable) as decided:
        answer = decided.judgement
    except Unobservable as error:
        answer = Judgement(Verdict.UNVERIFIABLE, error.reason.value, error.detail, reason=error.reason)
    except Exception:  # noqa: BLE001 - checks are extensions: whatever they raise must not pass
        return _audit_error(f"check {check.name} raised:\n{traceback.format_exc(limit=-3)}")
    if isinstance(answer, NeedMore):
        return answer
    if not isinstance(answer, Judgement):
        if inspect.iscoroutine(answer):
            answer.close()
        return _audit_error(f"check {check.name} returned {type(answer).__name__}, not a judgement")
    return _expected(claim, answer)


def _expected(claim: Claim, judgement: Judgement) -> Judgement:
    """Turn the answer round when the document says that something is not so."""
    if claim.expect is Expect.PRESENT or judgement.verdict is Verdict.UNVERIFIABLE:
        return judgement
    present = judgement.verdict is Verdict.VERIFIED
    because = f"the document says it is not so; {judgement.because}".rstrip("; ")
    remedy = "correct the document, or remove what it says is not there" if present else ""
    return Judgement(Verdict.REFUTED if present else Verdict.VERIFIED, judgement.actual, because, remedy)


def _audit_error(because: str) -> Judgement:
    remedy = "fix the check; this says nothing about the audited system"
    return Judgement(Verdict.UNVERIFIABLE, "audit-error", because, remedy, Reason.AUDIT_ERROR)


def settled(timing: Timing | None, judgements: Sequence[Judgement]) -> bool:
    """Whether further looks cannot change the verdict (time running out aside)."""
    last = judgements[-1]
    if timing is None or timing.span is Span.WITHIN:
        return last.verdict is Verdict.VERIFIED or last.conclusive
    if timing.span is Span.HOLDS_FOR:
        return last.verdict is Verdict.REFUTED
    return last.verdict is Verdict.VERIFIED


def over_time(timing: Timing | None, judgements: Sequence[Judgement]) -> Judgement:
    """The verdict over all looks.

    within: verified as soon as one look is; else the last look's answer.
    holds_for: every look must be verified; a refuted one refutes, else an unverifiable one decides.
    never_for: no look may be verified; every look must have been able to tell.
    """
    if timing is None or timing.span is Span.WITHIN:
        return judgements[-1]
    wanted = Verdict.VERIFIED if timing.span is Span.HOLDS_FOR else Verdict.REFUTED
    unwanted = Verdict.REFUTED if timing.span is Span.HOLDS_FOR else Verdict.VERIFIED
    for number, judgement in enumerate(judgements, 1):
        if judgement.verdict is unwanted:
            because = f"look {number} of {len(judgements)} over {timing}: {judgement.because or judgement.actual}"
            return Judgement(Verdict.REFUTED, judgement.actual, because, judgement.remedy)
    blind = [judgement for judgement in judgements if judgement.verdict is not wanted]
    if blind:
        return blind[0]
    if len(judgements) < 2:
        return Judgement(
            Verdict.UNVERIFIABLE, "one look only", f"{timing} needs at least two looks", reason=Reason.VACUOUS
        )
    return Judgement(
        Verdict.VERIFIED, judgements[-1].actual, f"so in all {len(judgements)} looks over {timing.seconds:g} s"
    )
