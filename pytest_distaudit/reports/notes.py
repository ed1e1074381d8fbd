"""What a run says beside its verdicts: of the gate, of what green is worth, of what has changed."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.drift import drift_lines
from pytest_distaudit.reports.gate import gate_lines
from pytest_distaudit.reports.proofs import proof_lines

Line = tuple[str, dict[str, bool]]


def notes(audit: Audit, verbose: int = 0) -> Iterator[Line]:
    """Lines with the terminal's markup; what belongs to the line before is indented."""
    yield from gate_lines(audit)
    yield from proof_lines(audit, verbose)
    for line in drift_lines(audit, verbose):
        yield line, {}
