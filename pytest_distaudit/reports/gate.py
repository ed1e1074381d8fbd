"""What a pull request does to the claims, in the terminal's lines."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_distaudit.domain.audit import Audit
from pytest_distaudit.reports.wording import one_line

_SHOWN = 50


def gate_lines(audit: Audit) -> Iterator[tuple[str, dict[str, bool]]]:
    """What was read from where, then one line for each claim that the change removes or weakens."""
    if audit.base is None:
        return
    yield f"gate: targets, waivers, pending claims and the baseline are those of {audit.base[:12]}", {}
    ordered = sorted(audit.weaker, key=lambda one: one.allowed)
    for one in ordered[:_SHOWN]:
        word, colour = ("weaker, allowed", {"yellow": True}) if one.allowed else ("WEAKER", {"red": True})
        yield f"{word} {one_line(one.claim, 110)} ({one_line(str(one.place), 110)}): {one_line(one.what, 200)}", colour
    if len(ordered) > _SHOWN:
        yield f"and {len(ordered) - _SHOWN} more that are removed or weaker", {"red": True}
    if any(not one.allowed for one in ordered):
        yield "    a change that is meant needs --distaudit-allow-weaker=ID on the gate's own command line", {}
