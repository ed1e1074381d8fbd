"""What has changed since an earlier audit, in the terminal's lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pytest_distaudit.domain.audit import Audit, Change
from pytest_distaudit.reports.wording import one_line

_SHOWN = 20
_ORDER = ("verdict", "statement", "gone", "new", "actual")


def drift_lines(audit: Audit, verbose: int = 0) -> Iterator[str]:
    """One line a change, verdicts first; of those that only found another value, and of many, the number alone."""
    if audit.compared_with is None:
        return
    counts = Counter(change.kind for change in audit.changes)
    told = ", ".join(f"{counts[kind]} {_WORDS[kind]}" for kind in _ORDER if counts[kind]) or "nothing is different"
    yield f"since {one_line(audit.compared_with, 40)}: {told}"
    worth = [one for one in audit.changes if one.kind != "actual" or verbose > 0]
    worth.sort(key=lambda one: _ORDER.index(one.kind))
    shown = worth if verbose > 0 else worth[:_SHOWN]
    for change in shown:
        yield f"    {one_line(change.claim, 110)}: {_line(change)}"
    if len(worth) > len(shown):
        yield f"    and {len(worth) - len(shown)} more (-v)"


_WORDS = {
    "verdict": "changed verdict",
    "statement": "claim something else",
    "gone": "gone",
    "new": "new",
    "actual": "found another value",
}


def _line(change: Change) -> str:
    before = f"{one_line(change.before, 60)} ({one_line(change.actual_before, 60)})"
    after = f"{one_line(change.after, 60)} ({one_line(change.actual_after, 60)})"
    if change.kind == "new":
        return f"new, {after}"
    if change.kind == "gone":
        return f"gone, was {before}"
    return f"{before} -> {after}"
