"""``--distaudit-sarif``: SARIF 2.1.0, one result for each claim that does not hold, at its document's line.

Verified claims are left out, since code scanning makes an alert of every result. A claim that waits for another one is
a related location of that one's result. What somebody answers for (waived, in the baseline) is a suppressed note.
Errors in claims and targets are results, too: a notification about the tool's run is shown to nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.ranking import causes, unclaimed_findings
from pytest_distaudit.reports.sarif_result import (
    CAUSE_RULE,
    INPUT_RULE,
    result_of_cause,
    result_of_error,
    result_of_finding,
)
from pytest_distaudit.reports.sarif_text import sentence
from pytest_distaudit.reports.wording import coverage_words, headline

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: what code scanning takes of one run: results, and bytes of a file (its limit counts them compressed)
MOST_RESULTS = 25_000
ROOM = 9_500_000
#: characters of a description
_DESCRIBED = 1_000
_HELP = (
    "A statement of the documentation does not hold, or could not be judged. Make it true, correct the document, or "
    "waive the claim until a date. `pytest --distaudit-checks` lists what each check claims and needs; the command "
    "under `again` judges this claim alone."
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def document(audit: Audit) -> str:
    """The file's text, less than 10 MB and 25,000 results; the worst are kept."""
    results, left_out = _fitting(audit)
    run = {
        "tool": {"driver": _driver(audit, {one["ruleId"] for one in results})},
        "automationDetails": {"id": f"distaudit/{_UNSAFE.sub('-', audit.target or 'files')[:80]}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(audit, left_out)],
        **_provenance(audit),
        "results": results,
        "properties": {"distaudit": _whole(audit)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=True) + "\n"


def _fitting(audit: Audit) -> tuple[list[dict[str, Any]], int]:
    """(results that fit, worst first; how many were left out)."""
    found = list(_results(audit))
    chosen: list[dict[str, Any]] = []
    room = ROOM
    for one in found[:MOST_RESULTS]:
        room -= len(json.dumps(one, ensure_ascii=True)) + 2
        if room < 0:
            break
        chosen.append(one)
    return chosen, len(found) - len(chosen)


def _results(audit: Audit) -> Iterator[dict[str, Any]]:
    yield from (result_of_error(audit, error) for error in audit.errors)
    yield from (result_of_cause(audit, cause) for cause in causes(audit.claims))
    yield from (result_of_finding(audit, finding) for finding in unclaimed_findings(audit))


def _driver(audit: Audit, used: set[str]) -> dict[str, Any]:
    known = {note.name: note for note in audit.checks}
    rules = []
    for name in sorted(used):
        note = known.get(name)
        says = note.claims if note else _RULES.get(name, f"a claim that is decided by {name}")
        not_shown = f" Not shown: {note.shows_not}." if note and note.shows_not else ""
        rules.append(_rule(name, says, f"{says}.{not_shown}"))
    return {"name": "pytest-distaudit", "semanticVersion": audit.tool, "version": audit.tool, "rules": rules}


_RULES = {
    INPUT_RULE: "claims and targets are well-formed",
    CAUSE_RULE: "what claims depend on is there, though nobody claims it",
    "test": "a test of the project's own that stands for a claim passes",
}


def _rule(name: str, short: str, full: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": sentence(short, 200)},
        "fullDescription": {"text": sentence(full, _DESCRIBED)},
        "help": {"text": _HELP},
        "properties": {"tags": ["architecture", "documentation", name.partition(".")[0]]},
    }


def _invocation(audit: Audit, left_out: int) -> dict[str, Any]:
    """How the run went: successful means that all of its input could be read."""
    told: dict[str, Any] = {"executionSuccessful": not audit.errors, "startTimeUtc": _utc(audit.started)}
    if left_out:
        text = f"{left_out} more results were left out, the mildest ones; --distaudit-json holds them all"
        told["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return told


def _utc(started: str) -> str:
    return started.removesuffix("+00:00") + ("Z" if started.endswith("+00:00") else "")


def _provenance(audit: Audit) -> dict[str, Any]:
    """What was audited; SARIF wants the repository's address with the commit."""
    if not audit.commit or not audit.repository:
        return {}
    return {"versionControlProvenance": [{"repositoryUri": audit.repository, "revisionId": audit.commit}]}


def _whole(audit: Audit) -> dict[str, Any]:
    return {
        "verdict": audit.verdict,
        "scope": audit.scope,
        "headline": sentence(headline(audit), 400),
        "coverage": coverage_words(audit.coverage),
        "notJudged": len(audit.not_judged),
    }
