"""pytest-html: our columns and evidence. It escapes little, so everything is escaped here."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.plugin.recorder import AuditRecorder
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.reports.html_row import STYLE, evidence_html, row_cells, safe, verdict_html


def _result(report: Any) -> ClaimResult | None:
    found = getattr(report, "distaudit_result", None)
    return from_json(ClaimResult, found) if isinstance(found, dict) else found


class HtmlColumns:
    """Verdict, claim, claimed and actual for every row; the evidence below it."""

    def __init__(self, recorder: AuditRecorder) -> None:
        self._recorder = recorder

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        """The page's name."""
        report.title = "Audit verdict"

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str], summary: list[str], postfix: list[str]) -> None:
        """Our colours, and the verdict before everything else."""
        prefix.append(STYLE)
        if self._recorder.audit is not None:
            prefix.append(verdict_html(self._recorder.audit))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Three sortable columns before the test's name."""
        cells[1:1] = [
            '<th class="sortable" data-column-type="verdict">Verdict</th>',
            '<th class="sortable" data-column-type="claim">Claim</th>',
            '<th class="sortable" data-column-type="actual">Claimed / actual</th>',
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        """The same three for one row; the node id escaped, which pytest-html does not do."""
        cells[:] = [safe_cell(cell, report.nodeid) for cell in cells]
        cells[1:1] = row_cells(_result(report))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: Any, data: list[str]) -> None:
        """The evidence, in one channel only."""
        result = _result(report)
        if result is not None:
            data.insert(0, evidence_html(result))


def safe_cell(cell: str, nodeid: str) -> str:
    """The cell with the node id escaped once."""
    return cell.replace(nodeid, safe(nodeid)) if nodeid in cell else cell
