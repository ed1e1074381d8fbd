"""``--distaudit-json``: one object, schema ``distaudit/1``. Its shape is an interface."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pytest_distaudit.domain.audit import Audit, Change, ClaimResult, EvidenceLine, SystemResult
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.domain.weakening import Weakening
from pytest_distaudit.reports.edges import edges


def document(audit: Audit) -> str:
    """The file's text."""
    return json.dumps(audit_json(audit), indent=1, ensure_ascii=False) + "\n"


def audit_json(audit: Audit) -> dict[str, Any]:
    """The audit as the schema says."""
    return {
        "schema": "distaudit/1",
        "tool": audit.tool,
        "target": audit.target,
        "provision": audit.provision,
        "scope": audit.scope,
        "started": audit.started,
        "duration_s": audit.duration_s,
        "commit": audit.commit,
        "dirty": audit.dirty,
        "verdict": audit.verdict,
        "selected": audit.selected,
        "total": audit.total,
        "summary": {verdict.value: audit.count(verdict) for verdict in Verdict},
        "coverage": {
            "sentences": audit.coverage.sentences,
            "claimed": audit.coverage.claimed,
            "not_read": list(audit.coverage.not_read),
        },
        "not_judged": [{"id": one.id, "why": one.why} for one in audit.not_judged],
        "errors": [
            {"file": one.file, "line": one.line, "column": one.column, "message": one.message} for one in audit.errors
        ],
        "claims": [_claim(claim) for claim in audit.claims],
        "systems": [_system(system) for system in audit.systems],
        "edges": [
            {"from": edge.source, "to": edge.to, "seen_by": list(edge.seen_by)} for edge in edges(audit) if edge.seen_by
        ],
        "proved": _proved(audit),
        "base": audit.base,
        "weaker": [_weaker(one) for one in audit.weaker],
        "compared_with": audit.compared_with,
        "changed": [_change(one) for one in audit.changes],
        "findings": [_finding(finding) for finding in audit.findings],
    }


def _system(system: SystemResult) -> dict[str, Any]:
    return {
        "name": system.name,
        "kind": system.kind,
        "source": system.source,
        "version": system.version,
        "rung": system.rung.word,
        "claims": list(system.claims),
    }


def _weaker(one: Weakening) -> dict[str, Any]:
    place = one.place
    return {"id": one.claim, "what": one.what, "file": place.file, "line": place.line, "allowed": one.allowed}


def _change(one: Change) -> dict[str, Any]:
    return {
        "id": one.claim,
        "kind": one.kind,
        "verdict": {"before": one.before or None, "after": one.after or None},
        "actual": {"before": one.actual_before or None, "after": one.actual_after or None},
    }


def _proved(audit: Audit) -> dict[str, Any] | None:
    if audit.proofs is None:
        return None
    return {
        "percent": audit.proved_percent,
        "claims": [
            {"id": one.claim, "able": one.able, "by": one.by or None, "shaken": one.shaken or None, "tried": one.tried}
            for one in audit.proofs
        ],
    }


def _claim(claim: ClaimResult) -> dict[str, Any]:
    return {
        "id": claim.id,
        "nodeid": claim.nodeid,
        "case": claim.case or None,
        "quote": claim.quote,
        "document": claim.document,
        "line": claim.line,
        "area": claim.area,
        "severity": claim.severity,
        "check": claim.check,
        "check_version": claim.check_version,
        "roles": claim.roles,
        "verdict": claim.verdict.value,
        "reason": claim.reason.value if claim.reason else None,
        "claimed": claim.claimed,
        "actual": claim.actual,
        "because": claim.because,
        "shows_not": claim.shows_not,
        "rung": {
            "claimed": claim.rung_claimed.word,
            "proven": claim.rung_proven.word if claim.rung_proven is not None else None,
        },
        "blocked_by": claim.blocked_by,
        "waiver": claim.waiver,
        "baselined": claim.baselined,
        "pending": claim.pending or None,
        "tolerated": claim.tolerated or None,
        "since": claim.since or None,
        "statement": claim.statement or None,
        "replayable": claim.replayable,
        "recorded_in": claim.recorded_in or None,
        "remedy": claim.remedy,
        "duration_s": claim.duration_s,
        "evidence": [_evidence(line) for line in claim.evidence],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    against = finding.against
    return {
        "kind": finding.kind.value,
        "component": finding.component,
        "document": finding.at.file,
        "line": finding.at.line,
        "against": against.file if against else None,
        "against_line": against.line if against else None,
        "said": finding.said,
        "found": finding.found,
        "confidence": finding.confidence.value,
        "message": finding.message,
    }


def _evidence(line: EvidenceLine) -> dict[str, Any]:
    at = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds")
    return {"system": line.system, "asked": line.asked, "value": line.value, "at": at, "sha256": line.sha256}
