"""The baseline as it is written and read again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.audit import NotJudged
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.reports.baseline import baseline_text, known_of, outlived
from pytest_distaudit.sources.baseline_file import parse_baseline
from tests.reports.sample import audit, claim


@given(st.text(max_size=40) | st.text(alphabet="\x1b\x85\u202e\ufffe\ud800\\\"'#:{}[]&*!|>%@`\n\t ", max_size=20))
def test_whatever_was_found_the_file_can_be_read_again(actual: str) -> None:
    run = audit(claims=(claim("a", Verdict.REFUTED, actual=actual, statement="s"),))
    text = baseline_text(known_of(run))
    [entry] = parse_baseline(text.encode(), "known.json")
    assert (entry.claim, entry.target, entry.statement, entry.since) == ("a", "staging", "s", "2026-01-01")
    assert baseline_text([entry]) == text
    assert entry.actual.isprintable()


@given(st.binary(max_size=200))
def test_bytes_that_are_no_baseline_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_baseline(data, "known.json")
    assert all(problem.place.file == "known.json" and problem.message for problem in caught.value.problems)


def test_what_is_entered_and_what_is_not() -> None:
    entries = {one.claim: one for one in known_of(audit())}
    assert set(entries) == {"two-consumers", "primary-running", "replicated"}
    assert entries["replicated"].blocked_by == "primary-running"
    assert "\x1b" not in baseline_text(entries.values())


def test_since_is_kept_while_the_entry_is_the_same() -> None:
    old = [replace(one, since="2020-01-01") for one in known_of(audit())]
    assert {one.since for one in known_of(audit(), old)} == {"2020-01-01"}
    changed = [replace(one, statement="other") for one in old]
    assert {one.since for one in known_of(audit(), changed)} == {"2026-01-01"}


def test_what_was_not_asked_stays() -> None:
    entries = known_of(audit(claims=(claim("a", Verdict.REFUTED), claim("b", Verdict.REFUTED))))
    timed_out = claim("a", Verdict.UNVERIFIABLE, reason=Reason.TIMED_OUT)
    later = audit(claims=(timed_out,), not_judged=(NotJudged("b", "of another target"),))
    assert outlived(entries, later) == []
    elsewhere = [replace(one, target="far") for one in entries]
    assert outlived(elsewhere, audit(claims=())) == []


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ("verdict: unverifiable", "'x' is unverifiable without 'blocked_by'"),
        ("verdict: refuted, blocked_by: y", "'x' is refuted and 'blocked_by'"),
        ("verdict: verified", "'verdict' cannot be 'verified'"),
        ("verdict: refuted, severity: huge", "duplicate key 'severity'"),
        ("verdict: refuted, colour: red", "unknown key 'colour'"),
    ],
)
def test_what_an_entry_may_not_be(claims: str, said: str) -> None:
    entry = f"{{claim: x, check: c, statement: s, severity: major, {claims}}}"
    text = f"schema: distaudit-baseline/1\nclaims:\n  - {entry}\n"
    with pytest.raises(InvalidInput) as caught:
        parse_baseline(text.encode(), "known.yaml")
    assert any(said in one.message for one in caught.value.problems), caught.value
    assert {one.place.line for one in caught.value.problems} == {3}


def test_one_claim_has_one_entry() -> None:
    entry = "{claim: x, check: c, statement: s, severity: major, verdict: refuted}"
    text = f"schema: distaudit-baseline/1\nclaims:\n  - {entry}\n  - {entry}\n"
    with pytest.raises(InvalidInput, match=r"known.yaml:4:5: duplicate entry for 'x', first given at known.yaml:3:5"):
        parse_baseline(text.encode(), "known.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": "distaudit-baseline/2", "claims": []}', "known.json:1:12: 'schema' cannot be"),
        ('{"schema": \n', "known.json:2:1: this is no YAML"),
        ("[]", "known.json:1:1: this must be a mapping"),
        ("", "known.json: this must be a mapping, not empty"),
    ],
)
def test_what_is_no_baseline(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_baseline(text.encode(), "known.json")
    assert str(caught.value).startswith(said)
