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
from pytest_distaudit.domain.verdict import Reason, Verdict, merge


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
    told = [_as_claimed(timing, judgement.verdict) for judgement in judgements]
    verdict = merge(told)
    first = told.index(verdict)
    decisive = judgements[first]
    if verdict is Verdict.UNVERIFIABLE:
        return decisive
    if verdict is Verdict.REFUTED:
        because = f"look {first + 1} of {len(told)} over {timing}: {decisive.because or decisive.actual}"
        return Judgement(Verdict.REFUTED, decisive.actual, because, decisive.remedy)
    if len(told) < 2:
        because = f"{timing} needs at least two looks"
        return Judgement(Verdict.UNVERIFIABLE, "one look only", because, reason=Reason.VACUOUS)
    because = f"so in all {len(told)} looks over {timing.seconds:g} s"
    return Judgement(Verdict.VERIFIED, judgements[-1].actual, because)


def _as_claimed(timing: Timing, verdict: Verdict) -> Verdict:
    """What one look says of the claim: for ``never_for`` a look at the thing itself refutes."""
    swapped = {Verdict.VERIFIED: Verdict.REFUTED, Verdict.REFUTED: Verdict.VERIFIED}
    return swapped.get(verdict, verdict) if timing.span is Span.NEVER_FOR else verdict


def by_stand_ins(stand_ins: Sequence[str], judgement: Judgement) -> Judgement:
    """What the judgement is worth where ``stand_ins`` play the claim's roles: a double refutes, it never verifies."""
    if not stand_ins or judgement.verdict is not Verdict.VERIFIED:
        return judgement
    because = f"{', '.join(stand_ins)} stands in for its product; of the stand-in it is true: {judgement.actual}"
    remedy = "audit a target where the product itself runs"
    return Judgement(Verdict.UNVERIFIABLE, "stand-in", because, remedy, Reason.STAND_IN)
