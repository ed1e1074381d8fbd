"""Comment, step summary and annotations: worst first, never too long, and what was left out is counted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports import comment, github
from pytest_distaudit.reports.brief import brief
from pytest_distaudit.reports.ranking import causes
from tests.reports.sample import audit, claim


def many(number: int, text: str = "é" * 300) -> Audit:
    severities = ("minor", "major", "critical")
    claims = (
        claim(f"claim-{n}", Verdict.REFUTED, severity=severities[n % 3], because=text, remedy=text, line=n)
        for n in range(number)
    )
    return audit(claims=tuple(claims), errors=(), findings=())


def test_a_comment_is_below_60_kb_and_says_how_many_were_left_out() -> None:
    text = comment.document(many(2_000))
    assert 50_000 < len(text.encode()) < 60_000
    (left,) = re.findall(r"^- … and (\d+) more", text, re.MULTILINE)
    assert text.count("**refuted**") + int(left) == 2_000
    assert set(re.findall(r"\*\*refuted\*\*, (\w+)", text)) == {"critical"}


def test_a_step_summary_is_below_900_kb_with_what_stands_there() -> None:
    whole = github.summary(many(4_000))
    assert 800_000 < len(whole.encode()) < 900_000
    assert len(github.summary(many(4_000), taken=700_000).encode()) + 700_000 < 900_000
    assert github.summary(many(1), taken=890_000) == ""


def test_many_systems_leave_room_for_claims() -> None:
    one = audit()
    systems = tuple(replace(one.systems[0], name=f"system-{n}") for n in range(5_000))
    text = brief(replace(one, systems=systems), 60_000, evidence=True)
    assert len(text.encode()) < 60_000
    assert "`two-consumers`" in text
    assert re.search(r"and \d+ more systems", text)


def test_ten_annotations_are_shown_as_they_are() -> None:
    assert len(github.workflow_commands(many(10))) == 10
    assert "more" not in github.workflow_commands(many(10))[9]


def test_of_eleven_annotations_nine_are_shown_and_a_tenth_counts() -> None:
    lines = github.workflow_commands(many(11))
    assert len(lines) == 10
    assert lines[9] == "::error title=audit verdict::and 2 more, see the summary"
    assert "title=refuted%3A claim-2::" in lines[0]


def test_what_somebody_answers_for_is_no_annotation() -> None:
    claims = (
        claim("known", Verdict.REFUTED, tolerated="in the baseline since 2025"),
        claim("waived", Verdict.WAIVED, waiver={"until": "2027-01-31", "owner": "a", "reason": "b"}),
        claim("fine", Verdict.VERIFIED),
    )
    assert github.workflow_commands(audit(claims=claims, errors=())) == []
    spent = claim("spent", Verdict.VERIFIED, waiver_spent=True)
    (line,) = github.workflow_commands(audit(claims=(spent,), errors=()))
    assert "title=waived%2C but true again%3A spent::" in line


def test_annotations_point_from_the_root_of_the_repository() -> None:
    (line,) = github.workflow_commands(audit(claims=(claim("x", Verdict.REFUTED),), errors=(), folder="shop/"))
    assert line.startswith("::error file=shop/docs/messaging.md,line=12,title=refuted%3A x::")


def test_nothing_open_is_said() -> None:
    fine = audit(claims=(claim("x", Verdict.VERIFIED),), errors=(), findings=())
    assert "all that was judged holds" in comment.document(fine)
    assert "nothing was judged" in comment.document(replace(fine, claims=()))
    assert "holds" not in comment.document(replace(fine, claims=()))


@pytest.mark.parametrize("target", ["staging", "--> <b>", "-->", "a--b", None])
def test_the_marker_is_one_comment(target: str | None) -> None:
    marked = comment.marker(target)
    inside = marked.removeprefix("<!-- ").removesuffix(" -->")
    assert "--" not in inside
    assert ">" not in inside


class TestCauses:
    def test_claims_are_folded_under_the_end_of_their_chain(self) -> None:
        root = claim("root", Verdict.REFUTED)
        middle = claim("middle", Verdict.UNVERIFIABLE, blocked_by="root")
        leaf = claim("leaf", Verdict.UNVERIFIABLE, blocked_by="middle")
        (found,) = causes([leaf, middle, root])
        assert found.claim is root
        assert {one.id for one in found.waiting} == {"middle", "leaf"}

    def test_a_circle_loses_nobody(self) -> None:
        circle = [claim(name, Verdict.UNVERIFIABLE, blocked_by=to) for name, to in ("ab", "bc", "ca")]
        (found,) = causes(circle)
        assert {found.key, *(one.key for one in found.waiting)} == {"a", "b", "c"}

    def test_a_claim_that_waits_for_itself_is_a_cause(self) -> None:
        (found,) = causes([claim("a", Verdict.UNVERIFIABLE, blocked_by="a")])
        assert (found.key, found.waiting) == ("a", ())

    def test_claims_of_one_name_are_all_told(self) -> None:
        assert len(causes([claim("a", Verdict.REFUTED), claim("a", Verdict.REFUTED)])) == 2

    def test_order(self) -> None:
        claims = [
            claim("waived", Verdict.WAIVED, severity="critical"),
            claim("known", Verdict.REFUTED, severity="critical", tolerated="in the baseline since 2025"),
            claim("open", Verdict.UNVERIFIABLE, severity="critical"),
            claim("minor", Verdict.REFUTED, severity="minor"),
            claim("blocked", Verdict.UNVERIFIABLE, severity="critical", blocked_by="system:x"),
            claim("fine", Verdict.VERIFIED),
            claim("major", Verdict.REFUTED),
        ]
        assert [one.key for one in causes(claims)] == ["system:x", "major", "minor", "open", "known", "waived"]
