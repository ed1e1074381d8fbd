"""One SARIF result: of a claim with those that wait for it, of an error in the input, of a finding in files."""

from __future__ import annotations

import hashlib
from typing import Any

from pytest_distaudit.domain.audit import Audit, ClaimResult, InputError
from pytest_distaudit.domain.finding import Confidence, Finding
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.ranking import Cause, fails
from pytest_distaudit.reports.sarif_text import is_inside, relative_uri, sentence
from pytest_distaudit.reports.wording import again, one_line, shown, verdict_words

INPUT_RULE = "distaudit.input"
CAUSE_RULE = "distaudit.in-the-way"
FINDING_RULE = "files.finding"
#: what a finding's confidence, a refuted claim's severity come to
_OF_FINDING = {Confidence.HIGH: "warning", Confidence.MEDIUM: "note", Confidence.LOW: "note"}
_OF_REFUTED = {"minor": "warning"}
#: characters of a message, claims named as waiting, observations shown
_MESSAGE = 2_000
_RELATED = 100
_EVIDENCE = 3


def result_of_cause(audit: Audit, cause: Cause) -> dict[str, Any]:
    """At the claim's line; where nobody claims the cause, at that of the first claim that waits for it."""
    claim = cause.claim or cause.waiting[0]
    if cause.claim is None:
        told = [f"{cause.key} is in the way, which nobody claims.", f"{len(cause.waiting)} claims wait for it."]
    else:
        told = _told(claim)
        told += [f"{len(cause.waiting)} claims wait for this one."] if cause.waiting else []
    result = {
        "ruleId": claim.check if cause.claim else CAUSE_RULE,
        "level": _level(claim) if cause.claim else "error",
        "message": {"text": sentence(" ".join(told), _MESSAGE)},
        "locations": [_location(audit, claim.document, claim.line, claim)],
        "partialFingerprints": _fingerprint("claim" if cause.claim else "cause", cause.key),
        "properties": {"distaudit": _properties(claim)} if cause.claim else {},
    }
    if cause.waiting:
        related = [_related(audit, one, number) for number, one in enumerate(cause.waiting[:_RELATED], 1)]
        result["relatedLocations"] = related
    if justification := _answered_for(claim) if cause.claim else "":
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _told(claim: ClaimResult) -> list[str]:
    told = [f"{verdict_words(claim)}: claimed {one_line(claim.claimed, 300)}, found {one_line(claim.actual, 300)}."]
    if claim.waiver_spent:
        told.insert(0, "The claim is waived, but true again.")
    parts = (("Because", claim.because), ("Remedy", claim.remedy))
    return told + [f"{name}: {one_line(text, 500)}." for name, text in parts if text]


def _level(claim: ClaimResult) -> str:
    if not fails(claim):
        return "note"
    refuted = claim.verdict is Verdict.REFUTED
    return _OF_REFUTED.get(claim.severity, "error") if refuted else "warning"


def _answered_for(claim: ClaimResult) -> str:
    """Why the result is suppressed; "" where it is not."""
    if claim.verdict is Verdict.WAIVED:
        waiver = claim.waiver or {}
        return one_line(
            f"waived until {waiver.get('until')} by {waiver.get('owner')}: {waiver.get('reason')}", _MESSAGE
        )
    return one_line(claim.tolerated, _MESSAGE)


def _properties(claim: ClaimResult) -> dict[str, Any]:
    told = {
        "claim": claim.key,
        "verdict": claim.verdict.value,
        "reason": claim.reason.value if claim.reason else "",
        "severity": claim.severity,
        "area": claim.area,
        "quote": claim.quote,
        "again": again(claim),
        "showsNot": claim.shows_not,
    }
    properties: dict[str, Any] = {name: one_line(value, 500) for name, value in told.items() if value}
    seen = [f"{one.system or 'target'} {one.asked[:100]} -> {shown(one.value, 300)}" for one in claim.evidence]
    return {**properties, "evidence": [one_line(one, 500) for one in seen[-_EVIDENCE:]]}


def _related(audit: Audit, claim: ClaimResult, number: int) -> dict[str, Any]:
    text = sentence(f"{claim.key}: {claim.claimed}", 300)
    return {"id": number, **_location(audit, claim.document, claim.line, claim), "message": {"text": text}}


def result_of_error(audit: Audit, error: InputError) -> dict[str, Any]:
    """Something wrong with claims or targets."""
    return {
        "ruleId": INPUT_RULE,
        "level": "error",
        "message": {"text": sentence(error.message, _MESSAGE)},
        "locations": [_location(audit, error.file, error.line, column=error.column)],
        "partialFingerprints": _fingerprint("input", error.file, error.message),
    }


def result_of_finding(audit: Audit, finding: Finding) -> dict[str, Any]:
    """What files were seen to show; the other place is a related location."""
    said = (finding.kind.value, finding.component, finding.at.file, finding.said, finding.found)
    result: dict[str, Any] = {
        "ruleId": FINDING_RULE,
        "level": _OF_FINDING[finding.confidence],
        "message": {"text": sentence(finding.message, _MESSAGE)},
        "locations": [_location(audit, finding.at.file, finding.at.line)],
        "partialFingerprints": _fingerprint("finding", *said),
        "properties": {"distaudit": {"kind": finding.kind.value, "confidence": finding.confidence.value}},
    }
    if finding.against:
        other = _location(audit, finding.against.file, finding.against.line)
        result["relatedLocations"] = [{"id": 1, **other, "message": {"text": "what speaks against it"}}]
    return result


def _location(
    audit: Audit, file: str, line: int, claim: ClaimResult | None = None, *, column: int = 0
) -> dict[str, Any]:
    """A place in the repository; that of the claim itself where its document is none, the root where nothing is."""
    where = file if is_inside(file) else claim.nodeid.partition("::")[0] if claim else ""
    line = line if where == file else 0
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": relative_uri(f"{audit.folder}{where if is_inside(where) else '.'}")}
    }
    region = {name: value for name, value in (("startLine", line), ("startColumn", column)) if value > 0}
    physical["region"] = region if line > 0 else {"startLine": 1}
    return {"physicalLocation": physical}


def _fingerprint(*parts: str) -> dict[str, str]:
    """What tells a result from others, and stays when text around it or the claim's own words change."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
    return {"primaryLocationLineHash": f"{digest[:16]}:1", "distaudit/v1": digest}
