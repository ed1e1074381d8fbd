"""What files show by themselves: disagreements between documents and manifests, and flaws inside manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_distaudit.checks.files import integrity, parity, references, statements, undocumented, wiring
from pytest_distaudit.checks.files.deciding import decide
from pytest_distaudit.domain.facts import Facts
from pytest_distaudit.domain.finding import Finding
from pytest_distaudit.domain.inventory import inventory_of
from pytest_distaudit.domain.proposal import Proposal

#: Documents that tell what was, not what is.
_HISTORY = re.compile(r"(?:^|/)(?:change|history|release|migrat|upgrad|archive)[^/]*", re.IGNORECASE)

__all__ = ["decide", "findings_of"]


#: Manifests, then documents, then source code: the quickest to read speak first.
_RULES = (
    integrity.findings,
    wiring.findings,
    undocumented.findings,
    parity.findings,
    references.findings,
    statements.findings,
    wiring.code_findings,
)


def findings_of(facts: Facts, proposals: Sequence[Proposal]) -> Iterator[Finding]:
    """Every finding once, in a fixed order: what manifests show first, which needs neither documents nor code."""
    inventory = inventory_of(facts)
    proposals = [proposal for proposal in proposals if not _HISTORY.search(proposal.document)]
    seen: set[Finding] = set()
    for rule in _RULES:
        for finding in sorted(rule(facts, inventory, proposals), key=_order):
            if finding not in seen:
                seen.add(finding)
                yield finding


def _order(finding: Finding) -> tuple[str, ...]:
    line, against = f"{finding.at.line:08}", str(finding.against or "")
    return (finding.kind.value, finding.at.file, line, finding.component, against, finding.message)
