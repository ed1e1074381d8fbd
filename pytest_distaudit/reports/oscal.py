"""``--distaudit-oscal``: the audit as OSCAL assessment results (NIST, pages.nist.gov/OSCAL), for compliance tools.

Every judged claim is an observation. Only what was decided is a finding: OSCAL knows satisfied and not satisfied, and
what could not be looked at is neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pytest_distaudit.domain.audit import Audit, ClaimResult, EvidenceLine
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.markup import prose
from pytest_distaudit.reports.ranking import worst_first
from pytest_distaudit.reports.wording import headline, one_line, place, roles_words, shown, verdict_words

VERSION = "1.2.1"
_MOST_EVIDENCE = 4
_NOT_IN_A_TOKEN = re.compile(r"[^\w.-]+")
_STATES = {Verdict.VERIFIED: "satisfied", Verdict.REFUTED: "not-satisfied", Verdict.WAIVED: "not-satisfied"}


def document(audit: Audit) -> str:
    """The results, the worst first."""
    return json.dumps({"assessment-results": _results(audit)}, indent=1, ensure_ascii=False) + "\n"


def _results(audit: Audit) -> dict[str, Any]:
    ended = datetime.fromisoformat(audit.started) + timedelta(seconds=audit.duration_s)
    plan = _uuid(audit, "plan")
    return {
        "uuid": _uuid(audit, "results"),
        "metadata": {
            "title": _line(f"Audit of the documentation's claims, target {audit.target or 'none'}"),
            "last-modified": ended.isoformat(timespec="seconds"),
            "version": _line(audit.commit or audit.started),
            "oscal-version": VERSION,
            "remarks": _line(f"made by pytest-distaudit {audit.tool}"),
        },
        "import-ap": {"href": f"#{plan}", "remarks": "There is no plan but the claims."},
        "results": [_result(audit, ended)],
        "back-matter": {"resources": [{"uuid": plan, "title": "The claims of the project, as they were judged"}]},
    }


def _result(audit: Audit, ended: datetime) -> dict[str, Any]:
    claims = sorted(audit.claims, key=worst_first)
    found: dict[str, Any] = {
        "uuid": _uuid(audit, "result"),
        "title": _line(f"Verdict: {audit.verdict or 'none on the whole'}"),
        "description": prose(headline(audit), 400),
        "start": audit.started,
        "end": ended.isoformat(timespec="seconds"),
        "reviewed-controls": {"control-selections": [{"description": "Every claim of this run.", "include-all": {}}]},
    }
    if claims:
        found["observations"] = [_observation(audit, claim) for claim in claims]
    if findings := list(_findings(audit, claims)):
        found["findings"] = findings
    return found


def _observation(audit: Audit, claim: ClaimResult) -> dict[str, Any]:
    first = min((line.at for line in claim.evidence), default=None)
    collected = audit.started if first is None else datetime.fromtimestamp(first, UTC).isoformat(timespec="seconds")
    found: dict[str, Any] = {
        "uuid": _uuid(audit, "observation", claim.key),
        "title": _line(claim.key),
        "description": prose(f"{verdict_words(claim)}: claimed {claim.claimed}, found {claim.actual}", 600),
        "methods": ["TEST"],
        "collected": collected,
        "remarks": prose(f"{claim.check} {roles_words(claim)}; {place(claim)}: {claim.quote}", 600),
    }
    if claim.evidence:
        found["relevant-evidence"] = [{"description": _evidence(line)} for line in claim.evidence[-_MOST_EVIDENCE:]]
    return found


def _evidence(line: EvidenceLine) -> str:
    return prose(f"{line.system} {one_line(line.asked, 120)} -> {shown(line.value, 300)} (sha256 {line.sha256})", 600)


def _findings(audit: Audit, claims: list[ClaimResult]) -> Iterator[dict[str, Any]]:
    for claim in claims:
        if claim.verdict not in _STATES:
            continue
        waiver = "waived until {until} by {owner}: {reason}".format_map(claim.waiver) if claim.waiver else ""
        remarks = "; ".join(filter(None, (claim.because, waiver, claim.tolerated, claim.remedy)))
        status = {"state": _STATES[claim.verdict], "reason": "pass" if claim.verdict is Verdict.VERIFIED else "fail"}
        yield {
            "uuid": _uuid(audit, "finding", claim.key),
            "title": _line(claim.key),
            "description": prose(claim.quote or claim.claimed or claim.key, 600) or "-",
            "target": {"type": "objective-id", "target-id": _token(claim.key), "status": status},
            "related-observations": [{"observation-uuid": _uuid(audit, "observation", claim.key)}],
            **({"remarks": prose(remarks, 1_000)} if remarks.strip() else {}),
        }


def _uuid(audit: Audit, *names: str) -> str:
    """The same for the same run, whoever writes the report, and again after a replay."""
    return str(uuid5(NAMESPACE_URL, json.dumps(["distaudit", audit.target, audit.started, *names])))


def _line(text: str) -> str:
    """OSCAL's string: one line that neither begins nor ends with white space, never empty."""
    return one_line(text, 200).strip() or "-"


def _token(text: str) -> str:
    """OSCAL's token: letters, digits, dots, hyphens and underscores, a letter or an underscore first."""
    token = _NOT_IN_A_TOKEN.sub("_", one_line(text, 200))
    return token if token[:1].isalpha() else f"_{token}"
