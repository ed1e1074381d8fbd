"""``--distaudit-markdown``: the forensic report in ten sections. A section that has nothing to say tells why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_distaudit.domain.audit import Audit, ClaimResult, SystemResult
from pytest_distaudit.domain.verdict import Rung, Verdict
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.reports.brief import bullets, counts, evidence_words, names, state, verdict_sign, waiver_words
from pytest_distaudit.reports.edges import Edge, edges
from pytest_distaudit.reports.markup import code, prose, table
from pytest_distaudit.reports.ranking import Cause, causes, fails, is_open, unclaimed_findings, worst_first
from pytest_distaudit.reports.wording import again, coverage_words, headline, ladder, place

#: what a report holds at most; the JSON holds the rest
_MOST_CLAIMS = 3_000
_MOST_LISTED = 500
_MOST_STEPS = 12
_MEANS = {
    "genuine": "Everything that was judged holds.",
    "facade": "At least one system is there only on the surface: no claim that it is used holds.",
    "partial": "Some of it holds, some does not.",
    "undetermined": "Nothing could be judged, which is no good news: it says nothing about the systems.",
}


def document(audit: Audit) -> str:
    """The file's text."""
    lines = ["# Forensic audit report", "", *_of_what(audit)]
    for number, (title, section) in enumerate(_SECTIONS, 1):
        lines += ["", f"## {number}. {title}", "", *section(audit)]
    return "\n".join(lines) + "\n"


def _of_what(audit: Audit) -> Iterator[str]:
    target = f"Target {code(audit.target)}" if audit.target else "No target was declared"
    commit = f", commit {code(audit.commit)}{' with changes' if audit.dirty else ''}" if audit.commit else ""
    took = f"begun {prose(audit.started)}, {audit.duration_s:g} s"
    yield f"{target}{commit}; {took}; pytest-distaudit {prose(audit.tool)}"


def _verdict(audit: Audit) -> Iterator[str]:
    yield f"**{verdict_sign(audit)} {prose(headline(audit), 400)}**"
    yield ""
    meaning = _MEANS.get(audit.verdict or "", "A part was selected, so that nothing is said of the whole.")
    yield f"{meaning} {counts(audit)}."
    worst = [cause for cause in causes(audit.claims) if cause.claim is None or fails(cause.claim)][:5]
    if worst:
        yield ""
        yield from (f"- **{_what(cause)}**{_blocks(cause)}" for cause in worst)


def _what(cause: Cause) -> str:
    if cause.claim is None:
        return f"{prose(cause.key)} is in the way, which nobody claims"
    return f"{prose(cause.claim.claimed, 200)}: {prose(cause.claim.actual, 200)}"


def _blocks(cause: Cause) -> str:
    return f"; {counted(len(cause.waiting), 'claim')} cannot be judged because of it" if cause.waiting else ""


def _scope(audit: Audit) -> Iterator[str]:
    came = {"replay": "recorded evidence was judged again", "merge": "the evidence of several runs was judged as one"}
    came["files"] = "files alone were read, no system was asked"
    yield f"- Scope: {prose(audit.scope)}; {came.get(audit.provision, f'systems came by {prose(audit.provision)}')}"
    yield f"- Claims: {len(audit.claims)} judged, {audit.selected} selected, {audit.total} in all"
    percent = f" ({audit.coverage.percent:.0f} %)" if audit.coverage.percent is not None else ""
    yield f"- Documents: {coverage_words(audit.coverage)}{percent}"
    systems = sum(bool(one.claims) for one in audit.systems)
    yield f"- Systems: {counted(systems, 'system')} that claims are about"
    yield from bullets(audit, verbose=1)


def _systems(audit: Audit) -> Iterable[str]:
    if not audit.systems:
        return ["No claim is about a system, so that none was looked at."]
    rungs = ", ".join(rung.word for rung in Rung if rung > Rung.ABSENT)
    head = ("System", "Kind", "Comes from", "Proven", "Claims", "Stands in the way")
    return [
        f"How far each system has come, of {rungs}. A rung is proven by a verified claim, never by presence alone.",
        "",
        *table(head, [_of_system(one, audit) for one in audit.systems[:_MOST_LISTED]]),
        *_more(audit.systems, _MOST_LISTED, "system"),
    ]


def _of_system(system: SystemResult, audit: Audit) -> Sequence[str]:
    about = [claim for claim in audit.claims if system.name in claim.systems and claim.verdict is Verdict.REFUTED]
    first = min(about, key=lambda claim: (claim.rung_claimed, worst_first(claim)), default=None)
    return (
        code(system.name, 60),
        prose(f"{system.kind} {system.version}", 60),
        prose(system.source or "not looked at", 30),
        f"`{ladder(system.rung)}` {system.rung.word}",
        str(len(system.claims)),
        f"{prose(first.actual, 100)} ({code(first.key, 60)})" if first else "nothing that was claimed",
    )


def _connections(audit: Audit) -> Iterable[str]:
    found = edges(audit)
    if not found:
        return ["No link is declared in the target, and no claim says that one system works through another."]
    head = ("From", "To", "Said by", "Seen")
    return [*table(head, map(_of_edge, found[:_MOST_LISTED])), *_more(found, _MOST_LISTED, "connection")]


def _of_edge(edge: Edge) -> Sequence[str]:
    said = [*edge.seen_by, *edge.refuted_by, *edge.open]
    by = [*(["the target's links"] if edge.declared else []), *(code(key, 60) for key in said[:5])]
    if edge.refuted_by:
        seen = f"🔴 no: {code(edge.refuted_by[0], 60)} is refuted"
    elif edge.seen_by:
        seen = "🟢 yes"
    else:
        seen = "🟠 not judged" if edge.open else "🟠 not claimed"
    return code(edge.source, 60), code(edge.to, 60), ", ".join(by), seen


def _causes(audit: Audit) -> Iterable[str]:
    found = [cause for cause in causes(audit.claims) if cause.waiting]
    if not found:
        return ["No claim waits for another one: whatever does not hold stands for itself in section 6."]
    lines = []
    for cause in found[:_MOST_LISTED]:
        lines.append(f"- **{_what(cause)}** ({code(cause.key)})")
        lines.append(f"  - {counted(len(cause.waiting), 'claim')} cannot be judged: {names(cause.waiting)}")
        if cause.claim is not None and cause.claim.remedy:
            lines.append(f"  - remedy: {prose(cause.claim.remedy, 400)}")
    return [*lines, *_more(found, _MOST_LISTED, "cause")]


def _claims(audit: Audit) -> Iterable[str]:
    if not audit.claims:
        return ["No claim was judged; section 8 says which were left out, and why."]
    areas: dict[str, list[ClaimResult]] = {}
    kept = sorted(audit.claims, key=worst_first)[:_MOST_CLAIMS]
    for claim in kept:
        areas.setdefault(claim.area, []).append(claim)
    lines: list[str] = []
    for area, claims in areas.items():
        lines += [f"### {prose(area, 80) or 'Without an area'}", "", *_area(claims), ""]
    return [*lines[:-1], *_more(audit.claims, _MOST_CLAIMS, "claim")]


def _area(claims: Sequence[ClaimResult]) -> Iterator[str]:
    yield from table(("Claim", "Claimed", "Actual", "Verdict", "Evidence"), map(_of_claim, claims))
    opened = [claim for claim in claims if is_open(claim)]
    if opened:
        yield ""
        yield from (line for claim in opened for line in _in_full(claim))


def _of_claim(claim: ClaimResult) -> Sequence[str]:
    seen = evidence_words(claim, 1)
    return (
        f"{code(claim.key, 80)}<br>{code(place(claim), 120)}",
        f"{prose(claim.claimed, 160)}{_quoted(claim)}",
        f"**{prose(claim.actual, 160)}**",
        state(claim),
        code(seen[0], 160) if seen else "none",
    )


def _quoted(claim: ClaimResult) -> str:
    """The document's words, where the claim's own are others."""
    return f"<br>“{prose(claim.quote, 160)}”" if claim.quote and claim.quote not in claim.claimed else ""


def _in_full(claim: ClaimResult) -> Iterator[str]:
    yield f"- {code(claim.key, 80)}: **{state(claim)}**, {prose(claim.severity, 20)}"
    told = (
        ("because", claim.because),
        ("remedy", claim.remedy),
        ("waived", waiver_words(claim)),
        ("a verified answer would not show", claim.shows_not),
    )
    yield from (f"  - {name}: {prose(text, 500)}" for name, text in told if text)
    if claim.blocked_by:
        yield f"  - waits for {code(claim.blocked_by, 80)}"
    yield from (f"  - seen: {code(seen, 400)}" for seen in evidence_words(claim, 4))
    yield f"  - again: {code(again(claim), 300)}"


def _findings(audit: Audit) -> Iterable[str]:
    found = unclaimed_findings(audit)
    if not found:
        if any(claim.check == "files.finding" for claim in audit.claims):
            return ["What the files show is judged in section 6."]
        if audit.scope == "static":
            return ["The files were not seen to disagree."]
        return ["The files were not asked in this run; `pytest --distaudit-static` looks for findings."]
    head = ("Finding", "Where", "Against", "Said", "Found", "What to do", "Confidence")
    rows = [
        (
            one.kind.value.replace("_", " "),
            code(str(one.at), 120),
            code(str(one.against), 120) if one.against else "",
            prose(one.said, 80),
            prose(one.found, 80),
            prose(one.message, 300),
            one.confidence.value,
        )
        for one in found[:_MOST_LISTED]
    ]
    return [*table(head, rows), *_more(found, _MOST_LISTED, "finding")]


def _not_judged(audit: Audit) -> Iterable[str]:
    reasons: dict[str, list[str]] = {}
    for one in audit.not_judged:
        reasons.setdefault(one.why, []).append(one.id)
    lines = [f"- **error** in {code(f'{one.file}:{one.line}')}: {prose(one.message, 400)}" for one in audit.errors]
    for why, ids in reasons.items():
        listed = ", ".join(code(one, 80) for one in ids[:20])
        more = f" and {len(ids) - 20} more" if len(ids) > 20 else ""
        lines.append(f"- {prose(why, 200)}: {listed}{more}")
    kept = lines[:_MOST_LISTED]
    unsure = audit.count(Verdict.UNVERIFIABLE)
    if unsure:
        kept.append(f"- {counted(unsure, 'claim')} unverifiable: the reasons stand in section 6; none counts as a pass")
    return [*kept, *_more(lines, _MOST_LISTED, "line")] or ["Every claim was judged."]


def _not_claimed(audit: Audit) -> Iterable[str]:
    coverage = audit.coverage
    lines = [f"- not read: {prose(one, 200)}" for one in coverage.not_read[:_MOST_LISTED]]
    if coverage.sentences is None:
        lines.append("The documents were not searched for checkable sentences in this run.")
    lines += [
        f"- {code(f'{one.document}:{one.line}')}: {prose(one.text, 200)}" for one in coverage.unclaimed[:_MOST_LISTED]
    ]
    lines += _more(coverage.unclaimed, _MOST_LISTED, "sentence")
    return lines or ["Every checkable sentence of the documents is claimed."]


def _next(audit: Audit) -> Iterable[str]:
    steps = [f"correct {code(f'{one.file}:{one.line}')}: {prose(one.message, 300)}" for one in audit.errors[:3]]
    told = dict[str, str]()
    for cause in causes(audit.claims):
        if cause.claim is not None and fails(cause.claim):
            remedy = cause.claim.remedy or f"make it true, or correct {place(cause.claim)}"
            told.setdefault(remedy, f"{prose(remedy, 300)} ({code(again(cause.claim), 200)})")
        elif cause.claim is None:
            told.setdefault(cause.key, f"claim {code(cause.key)}, for which {len(cause.waiting)} claims wait")
    steps += told.values()
    if len(steps) > _MOST_STEPS:
        steps[_MOST_STEPS:] = [f"{len(steps) - _MOST_STEPS} more of these stand in section 6"]
    if audit.coverage.unclaimed:
        steps.append(f"claim the {counted(len(audit.coverage.unclaimed), 'sentence')} of section 9, or reword them")
    steps = steps or [
        "Nothing is left to do. `--distaudit-evidence=DIR` keeps what was seen, for `--distaudit-replay`."
    ]
    return [f"{number}. {step}" for number, step in enumerate(steps, 1)]


def _more(what: Sequence[object], most: int, noun: str) -> list[str]:
    left = len(what) - most
    return ["", f"… and {counted(left, f'more {noun}')}: `--distaudit-json=PATH` holds them all."] if left > 0 else []


_SECTIONS = (
    ("Verdict", _verdict),
    ("Scope and coverage", _scope),
    ("Systems", _systems),
    ("Who works through whom", _connections),
    ("Root causes", _causes),
    ("Claimed and actual", _claims),
    ("Findings in files", _findings),
    ("Not judged", _not_judged),
    ("Not claimed", _not_claimed),
    ("Next steps", _next),
)
