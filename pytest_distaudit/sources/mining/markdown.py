"""Markdown to passages: paragraphs, items, rows, headings; code and comments are no statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_distaudit.sources.embedded import is_diagram
from pytest_distaudit.sources.mining.diagrams import passages_of_diagram
from pytest_distaudit.sources.mining.html_table import rows_of_html
from pytest_distaudit.sources.mining.passage import Composer, Mark, Passage, Shape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: Characters of one block that are looked at; nobody reads a paragraph that is longer.
LONGEST = 4_000
#: Cells of one row that are looked at.
WIDEST = 40

#: What makes a line more than its words.
_MARKUP = re.compile(r"[*_`\[\]<>&\\!]")

_Text = tuple[str, tuple[tuple[int, int], ...], tuple[Mark, ...]]


def passages_of_markdown(text: str) -> Iterator[Passage]:
    """The passages of a Markdown text in order, diagrams in fences and HTML tables included."""
    references: dict[str, Any] = {}
    reader = _Reader(references)
    for token in _parser().parse(text, references):
        yield from reader.take(token)


def _as_written(address: str) -> str:
    return address


@cache
def _parser() -> MarkdownIt:
    """The Markdown reader of ``sources.blocks`` for blocks; what stands in a line is parsed where it has markup.

    Addresses of links stay as they are written.
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable("table")
    reader.core.ruler.disable("inline")
    reader.normalizeLink = _as_written  # type: ignore[assignment, method-assign]
    return reader


@dataclass
class _Reader:
    """Follows the token stream: what is open, under which headings, introduced by what."""

    references: dict[str, Any]
    headings: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    level: int = 0
    said: str = ""
    head: tuple[str, ...] | None = None
    row: list[_Text] | None = None
    in_head: bool = False

    def take(self, token: Token) -> Iterator[Passage]:
        """What one more token completes."""
        handler = getattr(self, f"_{token.type}", None)
        if handler is not None:
            yield from handler(token) or ()

    def _heading_open(self, token: Token) -> None:
        self.level = int(token.tag[1:])

    def _heading_close(self, token: Token) -> None:
        self.level = 0

    def _bullet_list_open(self, token: Token) -> None:
        self.leads.append(self.items[-1] if self.items else self.said)

    def _bullet_list_close(self, token: Token) -> None:
        self.leads.pop()

    _ordered_list_open, _ordered_list_close = _bullet_list_open, _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        self.items.append("")

    def _list_item_close(self, token: Token) -> None:
        self.items.pop()

    def _thead_open(self, token: Token) -> None:
        self.in_head = True

    def _thead_close(self, token: Token) -> None:
        self.in_head = False

    def _tr_open(self, token: Token) -> None:
        self.row = []

    def _tr_close(self, token: Token) -> Iterator[Passage]:
        row, self.row = self.row or [], None
        if self.in_head:
            self.head = tuple(text for text, _, _ in row)
        elif row:
            yield row_passage(row[:WIDEST], self.head or (), self._headings(), self.said)

    def _inline(self, token: Token) -> Iterator[Passage]:
        line = token.map[0] + 1 if token.map else 1
        if self.row is not None:
            if len(self.row) < WIDEST:
                self.row.append(text_of_inline(token.content, line, self.references))
            return
        text, starts, marks = text_of_inline(token.content, line, self.references)
        if not text:
            return
        if self.level:
            yield Passage(Shape.HEADING, text, starts, self._headings(), marks=marks)
            self._open_section(text)
        elif self.items:
            first = not self.items[-1]
            self.items[-1] = self.items[-1] or text
            shape = Shape.ITEM if first else Shape.PARAGRAPH
            yield Passage(shape, text, starts, self._headings(), self.leads[-1], marks)
        else:
            yield Passage(Shape.PARAGRAPH, text, starts, self._headings(), marks=marks)
            self.said = text

    def _open_section(self, text: str) -> None:
        del self.headings[self.level - 1 :]
        self.headings += [""] * (self.level - 1 - len(self.headings)) + [text]
        self.said = ""

    def _headings(self) -> tuple[str, ...]:
        return tuple(heading for heading in self.headings if heading)

    def _fence(self, token: Token) -> Iterator[Passage]:
        if is_diagram(token.info, token.content):
            first = (token.map[0] if token.map else 0) + 2
            yield from passages_of_diagram(token.content, first, self._headings())

    def _html_block(self, token: Token) -> Iterator[Passage]:
        first = token.map[0] + 1 if token.map else 1
        yield from rows_of_html(token.content, first, self._headings())


def row_passage(row: Sequence[_Text], head: tuple[str, ...], headings: tuple[str, ...], lead: str) -> Passage:
    """A row as one line, its cells between bars; an empty cell has its place in ``cells`` and none in the text."""
    parts, cells, marks, at = [], [], [], 2
    for text, _, inner in row:
        cells.append((at, at + len(text)))
        if text:
            parts.append(text)
            marks += [Mark(mark.kind, mark.start + at, mark.end + at, mark.target) for mark in inner]
            at += len(text) + 3
    line = next((starts[0][1] for _, starts, _ in row if starts), 1)
    text = f"| {' | '.join(parts)} |"
    return Passage(Shape.ROW, text, ((0, line),), headings, lead, tuple(marks), tuple(cells), head)


def text_of_inline(content: str, line: int, references: dict[str, Any]) -> _Text:
    """The rendered text of a block's content that starts in ``line``, where its lines start, and its marks."""
    composer = Composer(line, LONGEST)
    if _MARKUP.search(content):
        children: list[Token] = []
        _parser().inline.parse(content, _parser(), references, children)
        opened: list[tuple[str, int, str]] = []
        for child in children:
            _compose(composer, child, opened)
    else:
        for number, text in enumerate(content.split("\n")):
            if number:
                composer.lines()
            composer.add(text)
    text, starts = composer.result()
    return text, starts, tuple(sorted(composer.marks, key=lambda mark: (mark.start, -mark.end)))


_PAIRS = {"link_open": "link", "strong_open": "strong"}


def _compose(composer: Composer, child: Token, opened: list[tuple[str, int, str]]) -> None:
    if child.type in ("text", "text_special"):
        composer.add(child.content)
    elif child.type in ("code_inline", "image"):
        start = composer.length
        composer.add(child.content)
        composer.mark("code" if child.type == "code_inline" else "image", start)
    elif child.type in ("softbreak", "hardbreak"):
        composer.lines()
    elif child.type == "html_inline":
        composer.lines(child.content.count("\n"))
    elif child.type in _PAIRS:
        opened.append((_PAIRS[child.type], composer.length, str(child.attrGet("href") or "")))
    elif child.type in ("link_close", "strong_close") and opened:
        composer.mark(*opened.pop())
