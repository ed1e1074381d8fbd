"""What files show by themselves: disagreements between documents and manifests, and flaws inside manifests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pytest_distaudit.checks.files import integrity, parity, references, statements, undocumented, wiring
from pytest_distaudit.checks.files.deciding import decide
from pytest_distaudit.domain.facts import Facts
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.inventory import inventory_of
from pytest_distaudit.domain.proposal import Proposal

#: Documents that tell what was, not what is.
_HISTORY = re.compile(r"(?:^|/)(?:change|history|release|migrat|upgrad|archive)[^/]*", re.IGNORECASE)

__all__ = ["decide", "findings_of"]


#: The quickest to read speak first: manifests, then the words of documents.
_OF_FILES = (integrity.findings, wiring.findings, undocumented.findings, references.findings)
_OF_STATEMENTS = (integrity.unscalable, parity.findings, statements.findings)


def findings_of(facts: Facts, proposals: Iterable[Proposal]) -> Iterator[Finding]:
    """Every finding once, in a fixed order. ``proposals`` are looked at when what needs none is told."""
    inventory = inventory_of(facts)
    seen: set[Finding] = set()
    for rule in _OF_FILES:
        yield from _fresh(rule(facts, inventory), seen)
    said = [proposal for proposal in proposals if not _HISTORY.search(proposal.document)]
    for judge in _OF_STATEMENTS:
        yield from _fresh(judge(facts, inventory, said), seen)
    yield from _fresh(wiring.code_findings(facts, inventory), seen)


def _fresh(findings: Iterable[Finding], seen: set[Finding]) -> Iterator[Finding]:
    for finding in sorted(findings, key=_order):
        if finding not in seen:
            seen.add(finding)
            yield finding


def _order(finding: Finding) -> tuple[str, ...]:
    line, against = f"{finding.at.line:08}", str(finding.against or "")
    return (finding.kind.value, finding.at.file, line, finding.component, against, finding.message)
