"""What JUnit XML says of a claim: properties ``distaudit.<name>`` of its test case."""

from __future__ import annotations

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.reports.wording import one_line, place

#: characters of a value
_MOST = 1_000


def junit_properties(result: ClaimResult) -> dict[str, str]:
    """Name -> value, one tamed line each; what has nothing to say is left out."""
    told = {
        "verdict": result.verdict.value,
        "reason": result.reason.value if result.reason else "",
        "claim": result.key,
        "document": place(result),
        "area": result.area,
        "severity": result.severity,
        "check": result.check,
        "quote": result.quote,
        "claimed": result.claimed,
        "actual": result.actual,
        "because": result.because,
        "blocked_by": result.blocked_by or "",
        "remedy": result.remedy,
        "waiver": " ".join(f"{name}={value}" for name, value in (result.waiver or {}).items()),
        "baselined": "true" if result.baselined else "",
        "tolerated": result.tolerated,
    }
    lines = {name: one_line(value, _MOST) for name, value in told.items()}
    return {name: line for name, line in lines.items() if line}
