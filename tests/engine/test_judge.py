"""Judging is pure and total; time is combined as the format says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_distaudit.domain.check import Check, Role
from pytest_distaudit.domain.claim import Claim, Expect, Span, Timing
from pytest_distaudit.domain.errors import Place, Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict, merge
from pytest_distaudit.engine.judge import by_stand_ins, judge, over_time, settled

CLAIM = Claim("c", "x.y", {"system": "web"}, Place("c.yaml", 1))
NOTHING = Evidence({"system": ("web",)}, [], lambda capability, seen: None)


def check_of(judge_function: Any) -> Check:
    return Check("x.y", "it is so", Rung.RUNNING, Scope.SNAPSHOT, {"system": Role("it")}, lambda c: (), judge_function)


def judged(answer: Any, claim: Claim = CLAIM) -> Judgement:
    result = judge(claim, check_of(answer), NOTHING)
    assert isinstance(result, Judgement)
    return result


async def _later(claim: Claim, evidence: Evidence) -> Judgement:
    return verified("never awaited")


def _unobservable(claim: Claim, evidence: Evidence) -> Judgement:
    raise Unobservable(Reason.FORBIDDEN, "no right to")


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        (lambda c, e: verified("ok"), Verdict.VERIFIED, None),
        (lambda c, e: refute("no"), Verdict.REFUTED, None),
        (lambda c, e: unverifiable("no-control"), Verdict.UNVERIFIABLE, Reason.NO_CONTROL),
        (_unobservable, Verdict.UNVERIFIABLE, Reason.FORBIDDEN),
        (lambda c, e: None, Verdict.UNVERIFIABLE, Reason.AUDIT_ERROR),
        (lambda c, e: True, Verdict.UNVERIFIABLE, Reason.AUDIT_ERROR),
        (lambda c, e: 1 / 0, Verdict.UNVERIFIABLE, Reason.AUDIT_ERROR),
        (_later, Verdict.UNVERIFIABLE, Reason.AUDIT_ERROR),
    ],
)
def test_every_answer_has_a_verdict(answer: Any, verdict: Verdict, reason: Reason | None) -> None:
    result = judged(answer)
    assert (result.verdict, result.reason) == (verdict, reason)


def test_a_wish_for_more_is_handed_on() -> None:
    assert isinstance(judge(CLAIM, check_of(lambda c, e: NeedMore(())), NOTHING), NeedMore)


def test_absence_turns_round_what_could_be_told_only() -> None:
    absent = Claim("c", "x.y", {}, Place("c"), expect=Expect.ABSENT)
    assert judged(lambda c, e: refute("0 queues"), absent).verdict is Verdict.VERIFIED
    assert judged(lambda c, e: verified("3 queues"), absent).verdict is Verdict.REFUTED
    assert judged(_unobservable, absent).verdict is Verdict.UNVERIFIABLE


YES = Judgement(Verdict.VERIFIED, "yes")
NO = Judgement(Verdict.REFUTED, "no")
BLIND = Judgement(Verdict.UNVERIFIABLE, "blind", reason=Reason.TIMED_OUT)
looks = st.lists(st.sampled_from([YES, NO, BLIND]), min_size=1, max_size=12)


@given(looks)
def test_within_is_the_last_look(judgements: list[Judgement]) -> None:
    assert over_time(Timing(Span.WITHIN, 1), judgements) is judgements[-1]


@given(looks)
@example([YES])
@example([YES, YES])
def test_holds_for_is_a_merge_that_wants_two_looks(judgements: list[Judgement]) -> None:
    result = over_time(Timing(Span.HOLDS_FOR, 1), judgements).verdict
    whole = merge(one.verdict for one in judgements)
    if whole is Verdict.VERIFIED and len(judgements) == 1:
        assert result is Verdict.UNVERIFIABLE
    else:
        assert result is whole


@given(looks)
@example([NO, NO])
@example([YES, BLIND, NO])
def test_never_for_is_verified_only_if_every_look_could_tell(judgements: list[Judgement]) -> None:
    result = over_time(Timing(Span.NEVER_FOR, 1), judgements).verdict
    seen = {one.verdict for one in judgements}
    if Verdict.VERIFIED in seen:
        assert result is Verdict.REFUTED
    elif Verdict.UNVERIFIABLE in seen or len(judgements) == 1:
        assert result is Verdict.UNVERIFIABLE
    else:
        assert result is Verdict.VERIFIED


def test_looking_stops_when_more_cannot_change_anything() -> None:
    assert settled(None, [YES])
    assert not settled(Timing(Span.WITHIN, 1), [NO])
    assert settled(Timing(Span.WITHIN, 1), [Judgement(Verdict.REFUTED, "two servers", conclusive=True)])
    assert settled(Timing(Span.HOLDS_FOR, 1), [YES, NO])
    assert not settled(Timing(Span.HOLDS_FOR, 1), [YES])
    assert settled(Timing(Span.NEVER_FOR, 1), [YES])
    assert not settled(Timing(Span.NEVER_FOR, 1), [NO])


def test_a_judgement_has_a_reason_exactly_if_it_is_unverifiable() -> None:
    with pytest.raises(ValueError, match="exactly the unverifiable"):
        Judgement(Verdict.UNVERIFIABLE, "blind")
    with pytest.raises(ValueError, match="exactly the unverifiable"):
        Judgement(Verdict.VERIFIED, "yes", reason=Reason.BASELINE)


def test_a_stand_in_refutes_and_never_verifies() -> None:
    assert [by_stand_ins((), one) for one in (YES, NO, BLIND)] == [YES, NO, BLIND]
    assert [by_stand_ins(("kong",), one) for one in (NO, BLIND)] == [NO, BLIND]
    told = by_stand_ins(("kong",), YES)
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.STAND_IN)
    assert "kong stands in for its product" in told.because
    assert "yes" in told.because
