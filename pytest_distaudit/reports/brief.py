"""The audit in as many bytes as a place holds, in GitHub's Markdown: the verdict, then the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_distaudit.domain.audit import Audit, ClaimResult, InputError
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.reports.markup import code, fitting, prose, table
from pytest_distaudit.reports.notes import notes
from pytest_distaudit.reports.ranking import Cause, causes, unclaimed_findings
from pytest_distaudit.reports.wording import again, headline, ladder, place, shown, verdict_words

_SIGN = {
    Verdict.VERIFIED: "🟢",
    Verdict.REFUTED: "🔴",
    Verdict.UNVERIFIABLE: "🟠",
    Verdict.WAIVED: "⚪",
}
_SIGN_OF_WHOLE = {"genuine": "🟢", "facade": "🔴", "undetermined": "🔴"}
#: how many claims are named that wait for one cause
_NAMED = 8
#: what is kept free for the line that says how much was left out
_SPARE = 200


def brief(audit: Audit, room: int, *, evidence: bool = False, before: Sequence[str] = ()) -> str:
    """At most ``room`` bytes of UTF-8 (a few thousand at least): what comes ``before``, the verdict, what is open.

    ``evidence``: each claim with what was seen, and how far every system has come.
    """
    head = [*before, *_head(audit)]
    if evidence:
        head += _systems(audit, room // 4)
    foot = _foot(audit)
    entries = list(_entries(audit, evidence=evidence))
    fixed = sum(len(line.encode()) + 1 for line in (*head, *foot)) + _SPARE
    chosen = fitting(entries, room - fixed)
    if left := len(entries) - len(chosen):
        chosen.append(f"- … and {left} more: `--distaudit-markdown=PATH` and `--distaudit-json=PATH` hold them all")
    return "\n".join([*head, *chosen, *foot]) + "\n"


def verdict_sign(audit: Audit) -> str:
    """One sign for the whole: a colour to be seen from afar."""
    return _SIGN_OF_WHOLE.get(audit.verdict or "", "🟠")


def counts(audit: Audit) -> str:
    """``1 verified · 2 refuted · …``, errors and findings where there are any."""
    told = [f"{audit.count(verdict)} {verdict.value}" for verdict in Verdict]
    if audit.errors:
        told.append(f"**{counted(len(audit.errors), 'error')} in claims or targets**")
    if findings := unclaimed_findings(audit):
        told.append(f"{counted(len(findings), 'finding')} in files")
    return " · ".join(told)


def _head(audit: Audit) -> list[str]:
    target = f" of {code(audit.target, 60)}" if audit.target else ""
    lines = [f"### {verdict_sign(audit)} Audit verdict{target}", "", f"**{prose(headline(audit), 400)}**", ""]
    return [*lines, counts(audit), ""]


def _systems(audit: Audit, room: int) -> list[str]:
    lines = table(
        ("system", "rung", "", "kind"),
        [
            (code(one.name, 60), f"`{ladder(one.rung)}`", one.rung.word, prose(f"{one.kind} {one.version}", 60))
            for one in audit.systems
        ],
    )
    shown_lines = fitting(lines, room)
    if left := len(lines) - len(shown_lines):
        shown_lines += ["", f"… and {counted(left, 'more system')}"]
    return [*shown_lines, ""]


def _entries(audit: Audit, *, evidence: bool) -> Iterator[str]:
    yield from map(_of_error, audit.errors)
    yield from bullets(audit)
    for cause in causes(audit.claims):
        yield _of_cause(cause, evidence=evidence)
    yield from map(_of_finding, unclaimed_findings(audit))
    if not (audit.errors or audit.findings) and all(one.verdict is Verdict.VERIFIED for one in audit.claims):
        yield f"- {_SIGN[Verdict.VERIFIED]} {'all that was judged holds' if audit.claims else 'nothing was judged'}"


def bullets(audit: Audit, verbose: int = 0) -> Iterator[str]:
    """The run's notes as items of a list."""
    for text, markup in notes(audit, verbose):
        indented, sign = text.startswith(" "), "🔴 " if markup.get("red") else ""
        yield f"{'  ' * indented}- {sign}{prose(text.strip(), 400)}"


def _of_error(error: InputError) -> str:
    where = f"{error.file}:{error.line}:{error.column}"
    return f"- {_SIGN[Verdict.REFUTED]} **error** in {code(where, 200)}: {prose(error.message, 400)}"


def _of_cause(cause: Cause, *, evidence: bool) -> str:
    if cause.claim is None:
        lines = [f"- {_SIGN[Verdict.REFUTED]} **not claimed, but in the way**: {code(cause.key)}"]
    else:
        lines = list(_of_claim(cause.claim, evidence=evidence))
    if cause.waiting:
        lines.append(f"blocks {len(cause.waiting)}: {names(cause.waiting)}")
    return "<br>\n  ".join(lines)


def names(claims: Sequence[ClaimResult]) -> str:
    """The first claims by their keys, and how many more there are."""
    more = f" and {len(claims) - _NAMED} more" if len(claims) > _NAMED else ""
    return ", ".join(code(one.key, 80) for one in claims[:_NAMED]) + more


def _of_claim(claim: ClaimResult, *, evidence: bool) -> Iterator[str]:
    where = f"{code(claim.key)} ({code(place(claim))})"
    yield f"- {_SIGN[claim.verdict]} **{state(claim)}**, {prose(claim.severity, 20)}: {where}"
    yield f"claimed: {prose(claim.claimed, 200)}"
    yield f"actual: **{prose(claim.actual, 200)}**"
    told = (("because", claim.because), ("remedy", claim.remedy), ("waived", waiver_words(claim)))
    yield from (f"{name}: {prose(text, 300)}" for name, text in told if text)
    if evidence:
        yield from (f"seen: {code(seen)}" for seen in evidence_words(claim, 3))
        yield f"again: {code(again(claim), 200)}"


def _of_finding(finding: Finding) -> str:
    against = f", against {code(str(finding.against), 120)}" if finding.against else ""
    kind, sure = finding.kind.value.replace("_", " "), f"{finding.confidence.value} confidence"
    return f"- 🔎 **{kind}** in {code(str(finding.at))}{against}: {prose(finding.message, 300)} ({sure})"


def state(claim: ClaimResult) -> str:
    """The verdict with what became of it: waived, in the baseline, a waiver or a mark that can go."""
    if claim.waiver_spent or claim.pending_spent:
        return "waived, but true again" if claim.waiver_spent else "pending, but true now"
    return f"{verdict_words(claim)}, {prose(claim.tolerated, 120)}" if claim.tolerated else verdict_words(claim)


def waiver_words(claim: ClaimResult) -> str:
    """``until 2027-01-31 by platform: broker upgrade``; "" without a waiver."""
    waiver = claim.waiver
    return f"until {waiver['until']} by {waiver['owner']}: {waiver['reason']}" if waiver else ""


def evidence_words(claim: ClaimResult, most: int) -> list[str]:
    """The last observations, one line each."""
    return [f"{one.system or 'target'} {one.asked[:80]} -> {shown(one.value, 200)}" for one in claim.evidence[-most:]]


def _foot(audit: Audit) -> list[str]:
    told = [f"{counted(len(audit.not_judged), 'claim')} not judged"] if audit.not_judged else []
    if audit.coverage.unclaimed and audit.scope != "static":
        told.append(f"{counted(len(audit.coverage.unclaimed), 'checkable sentence')} not claimed")
    told += [f"{counted(len(audit.coverage.not_read), 'file')} not read"] if audit.coverage.not_read else []
    commit = f", commit {code(audit.commit[:12])}{' with changes' if audit.dirty else ''}" if audit.commit else ""
    lines = ["", f"{'; '.join(told)}."] if told else []
    return [*lines, "", f"<sub>pytest-distaudit {prose(audit.tool)}, {prose(audit.started)}{commit}</sub>"]
