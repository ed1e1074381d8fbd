"""Documents as a report shows them: what its readers see, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_distaudit.domain.audit import Page
from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.sources.blocks import Block, blocks_of_markdown, blocks_of_text, lines_of
from pytest_distaudit.sources.documents import is_markdown
from pytest_distaudit.sources.source_text import read_text

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s")


def pages(root: Path, documents: Iterable[str]) -> Iterator[Page]:
    """The documents below ``root`` that can be read, in that order; the audit says elsewhere of those that cannot."""
    for name in documents:
        try:
            text = read_text(root / name, name)
        except InvalidInput:
            continue
        markdown = is_markdown(root / name)
        blocks = blocks_of_markdown(text) if markdown else blocks_of_text(text)
        yield Page(name, tuple(_shown(blocks, lines_of(text) if markdown else [])))


def _shown(blocks: Iterable[Block], lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Line, level of the heading (0: none) and text; a row of a table once, not also as it is read aloud."""
    row = 0
    for block in blocks:
        line = block.pieces[0][0]
        if line == row:
            continue
        row = line if block.text.startswith("| ") else 0
        heading = _HEADING.match(lines[line - 1]) if line <= len(lines) else None
        yield line, len(heading[1]) if heading else 0, block.text
