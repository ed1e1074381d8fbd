"""From what happened in an item to the report: the standard categories with the audit's words."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult, InputError
from pytest_distaudit.domain.errors import Place, Problem
from pytest_distaudit.domain.judgement import Judgement, Refuted, Unverifiable
from pytest_distaudit.domain.verdict import Reason, Rung, Verdict
from pytest_distaudit.plugin.claim_item import NotVerified
from pytest_distaudit.plugin.fixtures import UnusableInput
from pytest_distaudit.plugin.state import RESULT, claim_of, worker_id, written
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.reports.junit import junit_properties
from pytest_distaudit.reports.wording import defused, failure_text, tame, tolerated_word
from pytest_distaudit.wiring import Bench


class Outcomes:
    """Attaches the claim's result to its reports and words them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The verdict travels on the call's report (or on the setup's, when that failed)."""
        report = yield
        marker = None if written(item) else item.get_closest_marker("distaudit")
        if marker is None and written(item) is None:
            return report
        # What was captured is foreign text, too: pytest prints it below the failure.
        report.sections = [(name, defused(text)) for name, text in report.sections]
        if report.when == "setup" and report.failed:
            self._setup_failed(item, call, report)
        elif report.when == "call":
            result = self._marked(item, marker, call, report) if marker else item.stash.get(RESULT, None)
            if result is not None:
                self._judged(item, call, report, result)
        return report

    def _marked(
        self, item: pytest.Item, marker: pytest.Mark, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> ClaimResult | None:
        """An ordinary test that is a claim; what is tolerated of claims is tolerated of it."""
        found = _marked_result(item, marker, call, report)
        result = found and self._bench.tolerance.applied(found)
        if result and result.tolerated and report.failed and not item.config.option.runxfail:
            report.outcome, report.wasxfail = "skipped", result.tolerated
        return result

    def _judged(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, result: ClaimResult
    ) -> None:
        _attach(item, report, "result", result)
        item.user_properties.extend((f"distaudit.{name}", value) for name, value in junit_properties(result).items())
        ours = call.excinfo is None or isinstance(call.excinfo.value, (NotVerified, Refuted, Unverifiable))
        if report.failed and ours:
            report.longrepr = defused(tame(failure_text(result)))
        elif report.failed and defused(report.longreprtext) != report.longreprtext:
            report.longrepr = defused(report.longreprtext)

    def _setup_failed(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, UnusableInput):
            report.longrepr, problems = defused(tame(str(error))), error.problems
        else:
            claim = claim_of(item)
            message = f"{item.name} could not be set up: {type(error).__name__}: {error}"
            problems = [Problem(claim.place if claim else Place(str(item.path)), message)]
        found = [InputError(one.place.file, one.place.line, one.place.column, one.message) for one in problems]
        _attach(item, report, "errors", found)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        """Standard categories, so that summaries, colours and exit codes stay right; our letters and words."""
        verdict = getattr(report, "distaudit_verdict", None)
        if verdict is None or report.when != "call":
            return None
        if verdict == Verdict.VERIFIED and report.passed:
            return "passed", "V", ("VERIFIED", {"green": True})
        if verdict == Verdict.WAIVED and report.skipped:
            return "xfailed", "w", ("WAIVED", {"yellow": True})
        if report.skipped and (word := getattr(report, "distaudit_tolerated", None)):
            return "xfailed", word[0].lower(), (word, {"yellow": True})
        if verdict == Verdict.UNVERIFIABLE:
            return ("skipped", "u", ("UNVERIFIABLE", {"yellow": True})) if report.skipped else _UNVERIFIABLE
        if report.failed:
            word = getattr(report, "distaudit_spent", "REFUTED")
            return "failed", "R", (word, {"red": True})
        return None


_UNVERIFIABLE = ("error", "U", ("UNVERIFIABLE", {"red": True}))


def _attach(item: pytest.Item, report: pytest.TestReport, name: str, value: Any) -> None:
    """Plain JSON for a worker's report, which travels; the object itself where it stays."""
    if isinstance(value, ClaimResult):
        vars(report)["distaudit_verdict"] = value.verdict.value
        if value.tolerated:
            vars(report)["distaudit_tolerated"] = tolerated_word(value)
        if value.waiver_spent or value.pending_spent:
            vars(report)["distaudit_spent"] = "WAIVER SPENT" if value.waiver_spent else "TRUE NOW"
    if worker_id(item.config):
        value = [to_json(one) for one in value] if isinstance(value, list) else to_json(value)
    vars(report)[f"distaudit_{name}"] = value


def _marked_result(
    item: pytest.Item, marker: pytest.Mark, call: pytest.CallInfo[None], report: pytest.TestReport
) -> ClaimResult | None:
    """The result of an ordinary test that is a claim."""
    if report.skipped and not hasattr(report, "wasxfail"):
        return None
    judgement = _judgement_of(call)
    told = marker.kwargs
    return ClaimResult(
        id=str(told.get("id", item.name)),
        nodeid=item.nodeid,
        case="",
        quote=str(told.get("quote", "")),
        document=str(told.get("doc", "")),
        line=int(told.get("line") or 0),
        area=str(told.get("area", "")),
        severity=str(told.get("severity", "major")),
        check="test",
        check_version=1,
        roles={},
        systems=(),
        verdict=judgement.verdict,
        reason=judgement.reason,
        claimed=str(told.get("quote", item.name)),
        actual=judgement.actual,
        because=judgement.because,
        remedy=judgement.remedy,
        shows_not="",
        rung_claimed=Rung.DECLARED,
        rung_proven=None,
        blocked_by=None,
        waiver=None,
        duration_s=round(report.duration, 4),
        replayable=False,
    )


def _judgement_of(call: pytest.CallInfo[None]) -> Judgement:
    """AssertionError refutes, unverifiable() leaves open, anything else is the audit's error."""
    if call.excinfo is None:
        return Judgement(Verdict.VERIFIED, "the test passed")
    error = call.excinfo.value
    if isinstance(error, (Refuted, Unverifiable)):
        return error.judgement
    text = str(error).strip()
    if isinstance(error, AssertionError):
        return Judgement(Verdict.REFUTED, text.splitlines()[0] if text else "assertion failed", text)
    because = f"{type(error).__name__}: {text}"
    return Judgement(Verdict.UNVERIFIABLE, "audit-error", because, "fix the test", Reason.AUDIT_ERROR)
