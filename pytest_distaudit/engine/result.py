"""From a conducted claim to the line that every report reads."""

from __future__ import annotations

from datetime import date

from pytest_distaudit.domain.audit import ClaimResult, EvidenceLine
from pytest_distaudit.domain.claim import Claim, Expect
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine.conduct import Conducted
from pytest_distaudit.engine.plan import Planned
from pytest_distaudit.ports.capabilities import ActivityRun
from pytest_distaudit.ports.windows import Alternation

#: observations listed with a claim; an activity leaves dozens, all of them stand in the evidence folder
_MOST_LINES = 12
_PERFORMED = (ActivityRun.capability, Alternation.capability)


def result_of(
    planned: Planned,
    conducted: Conducted,
    *,
    nodeid: str,
    today: date,
    duration_s: float,
    blocked_by: str | None,
    recorded_in: str = "",
) -> ClaimResult:
    """The claim's line in the audit, its waiver applied as of ``today``."""
    claim, check, judgement = planned.claim, planned.check, conducted.judgement
    verdict, spent = _waived(claim, judgement, today)
    true_now = bool(claim.pending) and judgement.verdict is Verdict.VERIFIED
    proven = check.rung if judgement.verdict is Verdict.VERIFIED and claim.expect is Expect.PRESENT else None
    return ClaimResult(
        id=claim.id,
        nodeid=nodeid,
        case=claim.case,
        quote=claim.quote,
        document=claim.document,
        line=claim.line,
        area=claim.area,
        severity=claim.severity.value,
        check=check.name,
        check_version=check.version,
        roles=dict(claim.roles),
        systems=planned.systems,
        verdict=verdict,
        reason=judgement.reason,
        claimed=claimed_words(planned),
        actual=judgement.actual,
        because="; ".join(filter(None, (judgement.because, _left_behind(conducted)))),
        remedy=_remedy(judgement, spent, true_now),
        shows_not=judgement.shows_not or check.shows_not,
        rung_claimed=check.rung,
        rung_proven=proven,
        blocked_by=blocked_by if judgement.verdict is not Verdict.VERIFIED else None,
        waiver=_waiver(claim),
        duration_s=round(duration_s, 4),
        evidence=_lines(conducted),
        waiver_spent=spent,
        pending=claim.pending,
        pending_spent=true_now,
        statement=claim.statement,
        recorded_in=recorded_in,
        connects=planned.connects if judgement.connects is None else judgement.connects,
    )


def _left_behind(conducted: Conducted) -> str:
    """What performances of an activity made and their clean-up did not remove: it has to be known."""
    told = [seen.value for seen in conducted.observations if seen.ask.capability in _PERFORMED and seen.value]
    runs = [run for value in told for part in (value, *value.get("windows", ())) for run in part.get("runs", ())]
    left = [run["nonce"] for run in runs if run["cleaned"] is False]
    if not left:
        return ""
    return f"the clean-up failed {len(left)} of {len(runs)} times, and what was made is left, first of {left[0]}"


def _waived(claim: Claim, judgement: Judgement, today: date) -> tuple[Verdict, bool]:
    """(verdict, whether an active waiver has nothing left to waive)."""
    if claim.waiver is None or not claim.waiver.active(today):
        return judgement.verdict, False
    if judgement.verdict is Verdict.REFUTED:
        return Verdict.WAIVED, False
    return judgement.verdict, judgement.verdict is Verdict.VERIFIED


def _remedy(judgement: Judgement, waiver_spent: bool, pending_spent: bool) -> str:
    if waiver_spent:
        return "delete the waiver: the claim is true again"
    return "true now: delete 'pending', it must stay true" if pending_spent else judgement.remedy


def _waiver(claim: Claim) -> dict[str, str] | None:
    if claim.waiver is None:
        return None
    return {"until": claim.waiver.until.isoformat(), "owner": claim.waiver.owner, "reason": claim.waiver.reason}


def claimed_words(planned: Planned) -> str:
    """The claim in its own numbers, else its check's sentence."""
    claim, check = planned.claim, planned.check
    quote = claim.quote or f"no {claim.id}"
    words = check.says.format_map({**claim.params, "quote": quote}) if check.says else check.claims
    return f"not: {words}" if claim.expect is Expect.ABSENT else words


def _lines(conducted: Conducted) -> tuple[EvidenceLine, ...]:
    """The first and the last observations, when there are many."""
    seen = conducted.observations
    if len(seen) > _MOST_LINES:
        seen = (*seen[: _MOST_LINES // 2], *seen[-_MOST_LINES // 2 :])
    return tuple(_line(one) for one in seen)


def _line(seen: Observation) -> EvidenceLine:
    asked = f"{seen.ask}: {seen.way}" if seen.way else str(seen.ask)
    value = seen.value if seen.reason is None else {"unobservable": seen.reason.value, "detail": seen.detail}
    return EvidenceLine(seen.system, asked, value, seen.at, seen.sha256)
