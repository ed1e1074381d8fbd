"""Foreign text in GitHub's Markdown: it is shown as it is, and does nothing.

No markup, HTML, link, mention, reference to an issue, emoji or formula can begin in it, and no table's cell end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pytest_distaudit.reports.wording import one_line

#: an invisible character that tears apart what GitHub would recognise in the rendered text, after all escaping
_GAP = "&#8203;"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
#: one pass, so that nothing is looked for in what was put in
_MEANS_SOMETHING = re.compile(
    r"(?P<escaped>[\\`*_\[\]~$])|(?P<entity>[&<>|])"
    r"|(?P<torn>@|#(?=\d)|\bGH-(?=\d)|\bwww(?=\.)|:(?=//|[\w+-]*[a-z_][\w+-]*:|[+-]1:|\d{3,4}:))",
    re.IGNORECASE,
)
#: what makes a heading, a list or a rule where a line begins
_AT_START = re.compile(r"^(\d*)([-+=.)#])(?=[ =#-]|$)")
#: what a code span cannot hold in a table's cell, or at all
_NO_SPAN = re.compile(r"[`|\\]")


def prose(text: str, limit: int = 160) -> str:
    """Text of one line, at most ``limit`` characters of it."""
    return _AT_START.sub(r"\1\\\2", _MEANS_SOMETHING.sub(_harmless, one_line(text, limit)))


def _harmless(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\{char}" if found["escaped"] else _ENTITIES[char] if found["entity"] else f"{char}{_GAP}"


def code(text: str, limit: int = 160) -> str:
    """The same in letters of one width; "" for nothing."""
    line = one_line(text, limit)
    if not line:
        return ""
    return f"<code>{prose(line, limit)}</code>" if _NO_SPAN.search(line) else f"`{line}`"


def row(cells: Iterable[str]) -> str:
    """One row of a table; the cells are markup."""
    return f"| {' | '.join(cells)} |"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; none where it would be empty."""
    body = [row(cells) for cells in rows]
    return [row(head), row("---" for _ in head), *body] if body else []


def fitting(entries: Iterable[str], room: int) -> list[str]:
    """The first of ``entries`` that ``room`` bytes of UTF-8 hold, each with a line break after it."""
    chosen: list[str] = []
    for entry in entries:
        room -= len(entry.encode()) + 1
        if room < 0:
            break
        chosen.append(entry)
    return chosen
