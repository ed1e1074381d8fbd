"""Telemetry goes the same way for traces and metrics: which of them a sentence speaks of."""

from __future__ import annotations

import re

from pytest_distaudit.sources.mining.statement import Statement

_METRIC = re.compile(r"\bmetrics?\b|@timed|\bcounters?\b", re.IGNORECASE)
_TRACE = re.compile(r"\btrac(?:e|ing)|\bspans?\b", re.IGNORECASE)


def is_about_metrics(statement: Statement) -> bool:
    """Whether the sentence, else its heading, names metrics and no traces."""
    if _METRIC.search(statement.text):
        return not _TRACE.search(statement.text)
    heading = " ".join(statement.passage.headings[-1:])
    return bool(_METRIC.search(heading)) and not _TRACE.search(heading + statement.text)
