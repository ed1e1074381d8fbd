"""What a run lets pass, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_distaudit.domain.tolerance import Known, Tolerance
from pytest_distaudit.domain.verdict import Reason, Severity, Verdict
from tests.reports.sample import claim

REFUTED = claim("a", Verdict.REFUTED, statement="s")
BLOCKED = claim("a", Verdict.UNVERIFIABLE, statement="s", reason=Reason.BLOCKED, blocked_by="root")
ENTRY = Known("a", "t", "queue.consumed", "s", "major")
WAITING = replace(ENTRY, verdict=Verdict.UNVERIFIABLE, blocked_by="root")


def tolerated(result: Any, entry: Known = ENTRY, fail_on: Severity = Severity.MINOR) -> str:
    return Tolerance(fail_on, {entry.claim: entry}).applied(result).tolerated


def test_what_is_known_passes() -> None:
    assert tolerated(REFUTED).startswith("in the baseline")
    assert tolerated(replace(REFUTED, severity="minor")).startswith("in the baseline")
    assert tolerated(BLOCKED, WAITING).startswith("in the baseline")


@pytest.mark.parametrize(
    "worse",
    [
        {"id": "b"},
        {"case": "eu"},
        {"check": "queue.exists"},
        {"statement": "other"},
        {"severity": "critical"},
        {"verdict": Verdict.UNVERIFIABLE, "reason": Reason.TIMED_OUT},
        {"verdict": Verdict.UNVERIFIABLE, "reason": Reason.BLOCKED, "blocked_by": "root"},
    ],
)
def test_what_is_worse_does_not(worse: dict[str, Any]) -> None:
    assert tolerated(replace(REFUTED, **worse)) == ""


@pytest.mark.parametrize(
    "worse",
    [{"blocked_by": "another"}, {"reason": Reason.TIMED_OUT}, {"verdict": Verdict.REFUTED, "reason": None}],
)
def test_waiting_for_something_else_is_not_what_was_known(worse: dict[str, Any]) -> None:
    assert tolerated(replace(BLOCKED, **worse), WAITING) == ""


def test_pending() -> None:
    other = replace(ENTRY, claim="other")
    assert tolerated(replace(REFUTED, pending="later"), other) == "pending: later"
    assert tolerated(replace(BLOCKED, pending="later"), other) == "pending: later"
    timed_out = replace(REFUTED, verdict=Verdict.UNVERIFIABLE, reason=Reason.TIMED_OUT, pending="later")
    assert tolerated(timed_out, other) == ""
    assert tolerated(replace(REFUTED, verdict=Verdict.VERIFIED, pending="later"), other) == ""


def test_severity() -> None:
    other = replace(ENTRY, claim="other")
    minor = replace(REFUTED, severity="minor")
    assert tolerated(minor, other, Severity.MAJOR) == "minor, below --distaudit-fail-on=major"
    assert tolerated(REFUTED, other, Severity.CRITICAL)
    assert not tolerated(REFUTED, other, Severity.MAJOR)
    assert not tolerated(replace(minor, severity="unheard-of"), other, Severity.MAJOR)
    expired = {"until": "2020-01-01", "owner": "x", "reason": "y"}
    assert not tolerated(replace(minor, waiver=expired), other, Severity.MAJOR)
    crashed = replace(minor, verdict=Verdict.UNVERIFIABLE, reason=Reason.AUDIT_ERROR)
    assert not tolerated(crashed, other, Severity.MAJOR), "a crash of ours is no matter of severity"
