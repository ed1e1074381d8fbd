"""The verdict in the terminal: claimed against actual, root causes folded, rungs, the next command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_distaudit.domain.audit import Audit, ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.reports.notes import Line, notes
from pytest_distaudit.reports.ranking import causes, worst_first
from pytest_distaudit.reports.wording import again, headline, ladder, one_line, place, verdict_words

_COLOUR = {
    Verdict.VERIFIED: {"green": True},
    Verdict.REFUTED: {"red": True},
    Verdict.UNVERIFIABLE: {"yellow": True},
    Verdict.WAIVED: {"yellow": True},
}
#: why a mined sentence is not judged
NEEDS_SYSTEM = "needs a running system"
#: why a configuration file is not validated
NEEDS_VALIDATE = "native validators run on request (--distaudit-validate)"


def summary(audit: Audit, *, verbose: int = 0, written: Sequence[Path] = ()) -> Iterator[Line]:
    """Lines with their markup: broken claims worst first, systems, totals, the verdict, what next."""
    yield from _broken(audit)
    yield from _systems(audit)
    if audit.not_judged:
        yield from _not_judged(audit, verbose)
    if audit.scope != "static":
        yield from _named("not claimed", [str(one) for one in audit.coverage.unclaimed], "sentences", verbose)
    yield from _named("not read", audit.coverage.not_read, "files", verbose)
    yield from notes(audit, verbose)
    if audit.errors:
        yield f"errors in claims or targets: {len(audit.errors)}; see above, file:line:column first", {"red": True}
    if audit.provision == "merge":
        recorded = Counter(claim.recorded_in or "no run" for claim in audit.claims)
        names = [f"{name} ({counted(number, 'claim')})" for name, number in sorted(recorded.items())]
        yield f"merged: {', '.join(names)}", {}
    counts = ", ".join(f"{audit.count(verdict)} {verdict.value}" for verdict in Verdict)
    yield f"{counts} of {audit.selected} selected, {audit.total} claims in all", {}
    yield headline(audit), {"bold": True, **_verdict_colour(audit)}
    for path in written:
        yield f"written: {path}", {}
    yield f"next: {_next(audit)}", {}


def _broken(audit: Audit) -> Iterator[Line]:
    """Every claim that does not hold; those that only wait for another one are folded below it."""
    for cause in causes(audit.claims):
        if cause.claim is None:
            yield f"  (not claimed) {cause.key}", {"red": True}
        else:
            yield from _one(cause.claim)
        yield from _folded(cause.waiting)


def _spent(claim: ClaimResult) -> str:
    """Which mark of a claim that holds has to be deleted."""
    if claim.waiver_spent:
        return "WAIVER SPENT"
    return "TRUE NOW" if claim.pending_spent else ""


def _one(claim: ClaimResult) -> Iterator[Line]:
    word = _spent(claim) or verdict_words(claim).upper()
    known = f", {one_line(claim.tolerated, 80)}" if claim.tolerated else ""
    yield f"{word} {claim.key} ({place(claim)}){known}", {"yellow": True} if known else _COLOUR[claim.verdict]
    yield f"    claimed: {one_line(claim.claimed, 110)}", {}
    yield f"    actual:  {one_line(claim.actual, 110)}", {}
    if claim.because:
        yield f"    because: {one_line(claim.because, 300)}", {}
    if claim.remedy:
        yield f"    remedy:  {one_line(claim.remedy, 160)}", {}


def _folded(claims: Sequence[ClaimResult]) -> Iterator[Line]:
    if claims:
        names = ", ".join(claim.key for claim in claims[:8])
        more = f" and {len(claims) - 8} more" if len(claims) > 8 else ""
        yield f"    blocks {len(claims)}: {names}{more}", {"yellow": True}


def _systems(audit: Audit) -> Iterator[Line]:
    if not audit.systems:
        return
    width = max(len(system.name) for system in audit.systems)
    for system in audit.systems:
        version = f" {one_line(system.version, 30)}" if system.version else ""
        yield f"  {system.name:{width}}  {ladder(system.rung)}  {system.rung.word:10} {system.kind}{version}", {}


def _not_judged(audit: Audit, verbose: int) -> Iterator[Line]:
    reasons: dict[str, list[str]] = {}
    for one in audit.not_judged:
        reasons.setdefault(one.why, []).append(one.id)
    for why, ids in reasons.items():
        shown = ids if verbose > 0 else ids[:5]
        more = f" and {len(ids) - len(shown)} more (-v)" if len(ids) > len(shown) else ""
        yield f"not judged, {one_line(why)}: {', '.join(shown)}{more}", {"yellow": True}


def _named(what: str, texts: Sequence[str], of: str, verbose: int) -> Iterator[Line]:
    """What must not be silently fine: a few of them, all with -v."""
    shown = texts if verbose > 0 else texts[:2]
    for text in shown:
        yield f"{what}: {one_line(text, 110)}", {"yellow": True}
    if len(texts) > len(shown):
        yield f"{what}: {len(texts) - len(shown)} more {of} (-v)", {"yellow": True}


def _verdict_colour(audit: Audit) -> dict[str, bool]:
    if audit.verdict == "genuine":
        return {"green": True}
    return {"red": True} if audit.verdict in ("facade", "undetermined") else {"yellow": True}


def _next(audit: Audit) -> str:
    """The one command that helps most now."""
    if not audit.total:
        return "write a claim: claims/first.yaml (pytest --distaudit-checks lists what can be claimed)"
    refuted = (c for c in audit.claims if c.verdict is Verdict.REFUTED and not c.blocked_by and not c.tolerated)
    broken = sorted(refuted, key=worst_first)
    target = f" --distaudit-target={audit.target}" if audit.target else ""
    if broken:
        return again(broken[0], target)
    if weaker := next((one for one in audit.weaker if not one.allowed), None):
        return f"take back what was done to {one_line(weaker.claim, 110)}, or have the gate allow it"
    if audit.scope == "static":
        return _next_of_files(audit)
    if audit.count(Verdict.UNVERIFIABLE) or audit.not_judged or audit.errors:
        return f"pytest --distaudit{target} -v --distaudit-evidence=.distaudit/evidence"
    return f"pytest --distaudit{target} --distaudit-html=audit.html"


def _next_of_files(audit: Audit) -> str:
    if any(one.why == NEEDS_SYSTEM for one in audit.not_judged):
        return "pytest --distaudit-init (writes claims/ and distaudit.toml, so that running systems can be asked)"
    return "pytest --distaudit-checks (what else can be claimed)"
