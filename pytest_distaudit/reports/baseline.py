"""The baseline as it is written: JSON, one entry for each claim that is known not to hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.audit import Audit, ClaimResult
from pytest_distaudit.domain.tolerance import Known, is_blocked
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.reports.wording import one_line

_MOST = 200


@dataclass(frozen=True, slots=True)
class Outlived:
    """An entry that has nothing left to excuse, and why."""

    entry: Known
    why: str


def baseline_text(entries: Iterable[Known]) -> str:
    """The file's text, sorted, so that two versions of it compare well."""
    told = [_entry(one) for one in sorted(entries, key=lambda one: (one.target, one.claim))]
    return json.dumps({"schema": "distaudit-baseline/1", "claims": told}, indent=1, ensure_ascii=False) + "\n"


def known_of(audit: Audit, before: Sequence[Known] = ()) -> list[Known]:
    """An entry for every claim of the audit that does not hold or waits for one; of ``before`` what is said of other
    targets, and since when."""
    target = audit.target or ""
    old = {one.claim: one for one in before if one.target == target}
    kept = [one for one in before if one.target != target]
    for claim in audit.claims:
        if claim.pending or not (claim.verdict is Verdict.REFUTED or (is_blocked(claim) and claim.blocked_by)):
            continue
        known = old.get(claim.key)
        since = known.since if known is not None and known.covers(claim) else audit.started[:10]
        kept.append(_known(claim, target, since))
    return kept


def outlived(entries: Iterable[Known], audit: Audit) -> list[Outlived]:
    """What a whole audit shows to be no longer so. What could not be looked at, or was not asked, stays."""
    results = {claim.key: claim for claim in audit.claims}
    elsewhere = {one.id for one in audit.not_judged}
    mine = (entry for entry in entries if entry.target == (audit.target or ""))
    return [Outlived(entry, why) for entry in mine if (why := _why_over(entry, results, elsewhere))]


def _why_over(entry: Known, results: Mapping[str, ClaimResult], elsewhere: set[str]) -> str:
    result = results.get(entry.claim)
    if result is None:
        return "" if entry.claim in elsewhere else "the claim is gone"
    if (result.check, result.statement) != (entry.check, entry.statement):
        return "the claim says something else now"
    if result.verdict in (Verdict.VERIFIED, Verdict.WAIVED):
        return f"{result.verdict.value} now"
    if entry.verdict is Verdict.UNVERIFIABLE and result.verdict is Verdict.REFUTED:
        return "judged now, and refuted"
    return ""


def _known(claim: ClaimResult, target: str, since: str) -> Known:
    return Known(
        claim=claim.key,
        target=target,
        check=claim.check,
        statement=claim.statement,
        severity=claim.severity,
        verdict=claim.verdict,
        blocked_by=claim.blocked_by if is_blocked(claim) else None,
        actual="".join(char for char in one_line(claim.actual, _MOST) if char.isprintable()),
        since=since,
    )


def _entry(one: Known) -> dict[str, Any]:
    told = {
        "claim": one.claim,
        "target": one.target or None,
        "check": one.check,
        "statement": one.statement,
        "severity": one.severity,
        "verdict": one.verdict.value,
        "blocked_by": one.blocked_by,
        "actual": one.actual or None,
        "since": one.since or None,
    }
    return {name: value for name, value in told.items() if value is not None}
