"""Findings of small trees, and proposals as the miner writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_distaudit.checks.files import findings_of
from pytest_distaudit.domain.finding import Finding, FindingKind
from pytest_distaudit.domain.proposal import Figure, Proposal
from pytest_distaudit.sources.facts import read_facts
from tests.sources.facts.planting import SHORT, plant


def proposal(
    pattern: str, component: str, quote: str = "", *, said: str = "", of: str = "", at: str = "README.md:1"
) -> Proposal:
    """A proposal at ``file:line`` with at most one figure."""
    document, _, line = at.rpartition(":")
    figures = (Figure(said, of=of),) if said else ()
    return Proposal(document, int(line), quote or component, component, pattern, "rule", figures=figures)


def findings(root: Path, kind: FindingKind, files: dict[str, str], proposals: Sequence[Proposal] = ()) -> list[Finding]:
    """The findings of one kind."""
    facts = read_facts(plant(root, {SHORT.get(name, name): text for name, text in files.items()}))
    return [finding for finding in findings_of(facts, proposals) if finding.kind is kind]


def words(found: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Component, what is said and what is found."""
    return [(item.component, item.said, item.found) for item in found]
