"""One claim as pytest-html shows it. Everything foreign is hostile: tamed, then escaped."""

from __future__ import annotations

from html import escape

from pytest_distaudit.domain.audit import Audit, ClaimResult
from pytest_distaudit.reports.wording import headline, ladder, one_line, place, roles_words, shown, tame, verdict_words

_MOST_EVIDENCE = 2000

STYLE = """<style>
.distaudit-verdict{border-radius:4px;padding:1px 6px;color:#fff;font-weight:600;white-space:nowrap}
.distaudit-verified{background:#1a7f37}.distaudit-refuted{background:#cf222e}
.distaudit-unverifiable{background:#9a6700}.distaudit-waived{background:#6e7781}
#results-table td.col-claim,#results-table td.col-actual{color:#24292f}
.distaudit-headline{font-size:1.25em;margin:.4em 0}.distaudit-systems{border-collapse:collapse;margin:.4em 0 1em}
.distaudit-systems td{padding:2px 12px 2px 0;color:#24292f}
.distaudit-claim dt{font-weight:600;float:left;clear:left;width:7em}.distaudit-claim dd{margin:0 0 2px 7.5em}
.distaudit-claim pre{white-space:pre-wrap;max-height:16em;overflow:auto;margin:4px 0}
</style>"""


def safe(text: str) -> str:
    """Text that cannot leave its place in the page."""
    return escape(tame(text), quote=True)


def row_cells(result: ClaimResult | None) -> list[str]:
    """Cells for verdict, claim, claimed/actual; empty ones for a row that is no claim."""
    if result is None:
        return ['<td class="col-verdict"></td>', '<td class="col-claim"></td>', '<td class="col-actual"></td>']
    badge = f"distaudit-verdict distaudit-{result.verdict.value}"
    return [
        f'<td class="col-verdict"><span class="{badge}">{safe(verdict_words(result))}</span></td>',
        f'<td class="col-claim">{safe(result.key)}<br><small>{safe(place(result))}</small></td>',
        f'<td class="col-actual">{safe(one_line(result.claimed))}<br>'
        f"<strong>{safe(one_line(result.actual))}</strong></td>",
    ]


def evidence_html(result: ClaimResult) -> str:
    """The claim in full and its evidence, capped."""
    facts = (
        ("Quote", result.quote),
        ("Check", f"{result.check} ({roles_words(result)})"),
        ("Claimed", result.claimed),
        ("Actual", result.actual),
        ("Because", result.because),
        ("Blocked by", result.blocked_by or ""),
        ("Remedy", result.remedy),
        ("Shows not", result.shows_not),
    )
    told = "".join(f"<dt>{name}</dt><dd>{safe(one_line(text, 600))}</dd>" for name, text in facts if text)
    lines = [f"{line.system or 'target'} {line.asked} -> {shown(line.value, 400)}" for line in result.evidence]
    evidence = "\n".join(lines)
    left_out = len(evidence) - _MOST_EVIDENCE
    if left_out > 0:
        evidence = f"{evidence[:_MOST_EVIDENCE]}\n… {left_out} more characters in the evidence folder"
    return f'<div class="distaudit-claim"><dl>{told}</dl><pre>{safe(evidence)}</pre></div>'


def verdict_html(audit: Audit) -> str:
    """The verdict with its scope, and how far every system has come."""
    rows = "".join(
        f"<tr><td>{safe(system.name)}</td><td>{ladder(system.rung)}</td><td>{system.rung.word}</td>"
        f"<td>{safe(one_line(f'{system.kind} {system.version}', 60))}</td></tr>"
        for system in audit.systems
    )
    return f'<p class="distaudit-headline">{safe(headline(audit))}</p><table class="distaudit-systems">{rows}</table>'
