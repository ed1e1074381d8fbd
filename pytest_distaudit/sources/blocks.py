"""Documents as blocks of rendered text: paragraphs, headings, list items, table rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pytest_distaudit.sources.embedded import is_diagram, lines_of_diagram, lines_of_html

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Block:
    """A block's text as (line, folded text of that line) pairs; never empty, lines count from 1."""

    pieces: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The whole block in one line."""
        return " ".join(text for _, text in self.pieces)


def fold(text: str) -> str:
    """``text`` with every run of white space made one space."""
    return " ".join(text.split())


def lines_of(text: str) -> list[str]:
    """The lines as editors and Markdown count them; ``str.splitlines`` knows more line ends than they do."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@cache
def parser() -> MarkdownIt:
    """The Markdown reader of the project: CommonMark with tables."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def blocks_of_markdown(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text in order. Code is no text of the document, nor is HTML but for tables.

    Diagrams are: each of their lines is a block, and so is each line of a table in HTML.
    """
    row: list[Block] | None = None
    for token in parser().parse(text):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield from _row(row)
            row = None
        elif token.type in ("fence", "html_block"):
            yield from _embedded(token)
        elif token.type == "inline":
            block = block_of_inline(token)
            if block is None:
                continue
            if row is None:
                yield block
            else:
                row.append(block)


def _embedded(token: Token) -> Iterator[Block]:
    first = token.map[0] + 1 if token.map else 1
    if token.type == "html_block":
        yield from (Block(((line, text),)) for line, _, text in lines_of_html(token.content, first) if text)
    elif is_diagram(token.info, token.content):
        yield from (Block((piece,)) for piece in lines_of_diagram(token.content, first + 1))


def _row(cells: Sequence[Block]) -> Iterator[Block]:
    """A row as it is written and as it is read aloud; each cell is a part of both."""
    if cells:
        line = cells[0].pieces[0][0]
        texts = [cell.text for cell in cells]
        yield Block(((line, f"| {' | '.join(texts)} |"),))
        if len(texts) > 1:
            yield Block(((line, " ".join(texts)),))


def block_of_inline(token: Token) -> Block | None:
    """The rendered text of one inline token; None if nothing is left of it."""
    return block_of_children(token.children or (), token.map[0] + 1 if token.map else 1)


def block_of_children(children: Sequence[Token], line: int) -> Block | None:
    """The rendered text of inline tokens that start in ``line``: links and emphasis give their words."""
    lines: dict[int, str] = {}
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        elif child.type == "html_inline":
            line += child.content.count("\n")
        elif child.type in ("text", "code_inline", "image"):
            lines[line] = lines.get(line, "") + child.content
    pieces = tuple((number, folded) for number, text in lines.items() if (folded := fold(text)))
    return Block(pieces) if pieces else None


def blocks_of_text(text: str) -> Iterator[Block]:
    """Paragraphs between blank lines; for reStructuredText, AsciiDoc, diagrams and plain text."""
    pieces: list[tuple[int, str]] = []
    for number, line in enumerate([*lines_of(text), ""], start=1):
        folded = fold(line)
        if folded:
            pieces.append((number, folded))
        elif pieces:
            yield Block(tuple(pieces))
            pieces = []
