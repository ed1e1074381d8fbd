"""For how long a stream keeps its entries: by its configuration, else by what it was seen to hold or to remove."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pytest_distaudit.checks._watched import busy
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import ActivityRun
from pytest_distaudit.ports.streams import Stream

#: longer than anybody claims
_EVER_S = 1e12
_AT_LEAST = (">=", ">")


def kept(claimed: Comparison, looks: Sequence[Seen[Stream]], run: ActivityRun) -> str:
    """What shows that entries are kept as claimed; raises refuted or unverifiable otherwise."""
    stream, at = looks[-1].fact, looks[-1].at
    if stream.kept_for_ever or stream.kept_s is not None:
        known = _EVER_S if stream.kept_for_ever else stream.kept_s or 0.0
        told = "entries are kept for ever" if stream.kept_for_ever else f"entries are kept for {_span(known)}"
        if not claimed.holds(known):
            refute(told, f"by configuration; claimed {claimed}")
        if stream.also_limited:
            because = f"{told}, but no longer than they fit {stream.also_limited}"
            unverifiable(Reason.NO_OBSERVABLE, "retention depends on how much is appended", because)
        return told
    _removed(claimed, looks, run)
    if stream.oldest_at is None:
        unverifiable(Reason.NO_OBSERVABLE, "retention unknown", "the system does not tell how long it keeps entries")
    age = at - stream.oldest_at
    if claimed.operator not in _AT_LEAST or not claimed.holds(age):
        because = f"it is nowhere configured, and the oldest entry is {_span(age)} old"
        unverifiable(Reason.NO_OBSERVABLE, "retention unknown", because)
    return f"nowhere configured; the oldest entry is {_span(age)} old"


def _removed(claimed: Comparison, looks: Sequence[Seen[Stream]], run: ActivityRun) -> None:
    """Refute where the oldest entry went before the audit's eyes, younger than claimed."""
    for before, after in pairwise(looks):
        old = before.fact.oldest_at
        if old is None or old == after.fact.oldest_at:
            continue
        if before.identity != after.identity:
            busy("the server restarted", "what it had kept cannot be compared")
        age = after.at - old
        if claimed.operator in _AT_LEAST and not claimed.holds(age):
            refute(f"removed after {_span(age)}", f"the oldest entry went while the audit looked; claimed {claimed}")


def _span(seconds: float) -> str:
    for unit, factor in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * factor:
            return f"{seconds / factor:.0f} {unit}"
    return f"{seconds:.0f} s"
