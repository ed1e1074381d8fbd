"""Tables written as HTML inside Markdown: one passage a line of a cell, since a row spans many lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.sources.embedded import lines_of_html
from pytest_distaudit.sources.mining.passage import Passage, Shape

_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_HEAD_CELL = re.compile(r"<th\b", re.IGNORECASE)


def rows_of_html(content: str, first: int, headings: tuple[str, ...]) -> Iterator[Passage]:
    """The text lines of a block of HTML that starts in line ``first``.

    The first text of a row introduces the others: it stands in their ``lead``.
    """
    name = ""
    for number, source, text in lines_of_html(content, first):
        if _ROW.search(source):
            name = ""
        if not text or text.startswith("<") or _HEAD_CELL.search(source):
            continue
        yield Passage(Shape.ROW, text, ((0, number),), headings, name, cells=((0, len(text)),))
        name = name or text
