"""What matters most, and what only waits for something else: one order for every report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_distaudit.domain.audit import Audit, ClaimResult
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.verdict import Verdict

_SEVERITY = {"critical": 0, "major": 1, "minor": 2}
_MILDEST = len(_SEVERITY)
_CONFIDENCE = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that does not hold, and the claims that wait for it, worst first.

    ``claim`` is None where nobody claims what is in the way (``system:postgres``).
    """

    key: str
    claim: ClaimResult | None
    waiting: tuple[ClaimResult, ...] = ()


def is_open(claim: ClaimResult) -> bool:
    """Whether something is to be said about the claim: it is not verified, or its waiver or mark can go."""
    return claim.verdict is not Verdict.VERIFIED or claim.waiver_spent or claim.pending_spent


def fails(claim: ClaimResult) -> bool:
    """Whether the claim speaks against the run: it is open, and nobody has answered for it."""
    return is_open(claim) and not claim.tolerated and claim.verdict is not Verdict.WAIVED


def worst_first(claim: ClaimResult) -> tuple[int, int, str, int, str]:
    """Sort key: what fails before what is known, refuted before unverifiable, then by severity and place."""
    known = 0 if fails(claim) else 3
    kind = 0 if claim.verdict is Verdict.REFUTED else 1 if claim.verdict is Verdict.VERIFIED else 2
    severity = _SEVERITY.get(claim.severity, _MILDEST)
    return known + kind if is_open(claim) else 9, severity, claim.document, claim.line, claim.key


def causes(claims: Iterable[ClaimResult]) -> tuple[Cause, ...]:
    """Every open claim once, worst first: as a cause, or folded under the one that it waits for."""
    opened = sorted((claim for claim in claims if is_open(claim)), key=worst_first)
    told: dict[str, ClaimResult] = {}
    for claim in opened:
        told.setdefault(claim.key, claim)
    roots = [(claim, _root(claim, told)) for claim in opened]
    waiting: dict[str, list[ClaimResult]] = {}
    for claim, root in roots:
        if root != claim.key:
            waiting.setdefault(root, []).append(claim)
    found = [Cause(root, claim, tuple(waiting.pop(root, ()))) for claim, root in roots if root == claim.key]
    unclaimed = [Cause(root, None, tuple(behind)) for root, behind in waiting.items()]
    return tuple(sorted((*unclaimed, *found), key=_cause_first))


def _root(claim: ClaimResult, told: Mapping[str, ClaimResult]) -> str:
    """The key at the end of the chain of ``blocked_by``; of a circle its first key in the alphabet."""
    chain, next_ = [claim.key], claim.blocked_by
    while next_ and next_ not in chain:
        chain.append(next_)
        next_ = told[next_].blocked_by if next_ in told else None
    return min(chain[chain.index(next_) :]) if next_ else chain[-1]


def _cause_first(cause: Cause) -> tuple[int, int, int, str, int, str]:
    """What nobody claims counts as refuted, and as much as the worst claim behind it."""
    if cause.claim is None:
        severity = min(_SEVERITY.get(claim.severity, _MILDEST) for claim in cause.waiting)
        return 0, severity, -len(cause.waiting), "", 0, cause.key
    kind, severity, *_ = worst_first(cause.claim)
    return kind, severity, -len(cause.waiting), cause.claim.document, cause.claim.line, cause.key


def unclaimed_findings(audit: Audit) -> Sequence[Finding]:
    """Findings that no claim of the audit is about already, surest first."""
    judged = {(one.document, one.line, one.area) for one in audit.claims if one.check == "files.finding"}
    left = [one for one in audit.findings if (one.at.file, one.at.line, one.kind.value) not in judged]
    return sorted(left, key=lambda one: (_CONFIDENCE[one.confidence.value], one.at, one.kind.value, one.component))
