"""Drift: what is different from an earlier audit, and since when each claim has its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pytest_distaudit.domain.audit import Audit, Change, ClaimResult


class ChangeKind(StrEnum):
    """In what a claim differs from the earlier audit; the first that applies."""

    NEW = "new"
    GONE = "gone"
    STATEMENT = "statement"
    VERDICT = "verdict"
    ACTUAL = "actual"


@dataclass(frozen=True, slots=True)
class EarlierClaim:
    """One claim as the earlier audit left it; ``verdict`` with its reason, ``since`` when it got it (ISO 8601)."""

    verdict: str
    actual: str
    since: str
    statement: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier audit, read from ``file``; ``target`` "" where there was none."""

    file: str
    started: str
    target: str
    claims: Mapping[str, EarlierClaim] = field(default_factory=dict)


def compared(audit: Audit, earlier: Earlier, *, whole: bool) -> Audit:
    """The audit with its ``changes``, and with ``since`` in each of its claims.

    ``whole``: every claim of the target was looked at, so that what is missing is gone.
    """
    claims = tuple(_dated(claim, earlier.claims.get(claim.key), audit.started) for claim in audit.claims)
    changes = [change for claim in claims if (change := _change(claim, earlier.claims.get(claim.key)))]
    gone = _gone(audit, earlier) if whole else ()
    return replace(audit, claims=claims, changes=(*changes, *gone), compared_with=earlier.started)


def _dated(claim: ClaimResult, before: EarlierClaim | None, now: str) -> ClaimResult:
    same = before is not None and before.verdict == claim.verdict_words and before.statement == claim.statement
    return replace(claim, since=before.since if before is not None and same else now)


def _change(claim: ClaimResult, before: EarlierClaim | None) -> Change | None:
    verdict = claim.verdict_words
    if before is None:
        return Change(claim.key, ChangeKind.NEW.value, "", verdict, "", claim.actual)
    if before.statement and before.statement != claim.statement:
        kind = ChangeKind.STATEMENT
    elif before.verdict != verdict:
        kind = ChangeKind.VERDICT
    elif before.actual != claim.actual:
        kind = ChangeKind.ACTUAL
    else:
        return None
    return Change(claim.key, kind.value, before.verdict, verdict, before.actual, claim.actual)


def _gone(audit: Audit, earlier: Earlier) -> Iterator[Change]:
    here = {claim.key for claim in audit.claims} | {one.id for one in audit.not_judged}
    for key, before in earlier.claims.items():
        if key not in here:
            yield Change(key, ChangeKind.GONE.value, before.verdict, "", before.actual, "")
