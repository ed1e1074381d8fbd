"""A passage: the piece of a document that a reader hands to the rules, with what surrounds it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Shape(StrEnum):
    """What a passage is in its document."""

    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    HEADING = "heading"
    EDGE = "edge"
    NODE = "node"


class Mark(NamedTuple):
    """A stretch of a passage's text that is code, a link (with its target), strong or an image's caption."""

    kind: str
    start: int
    end: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage as rendered text in one line.

    ``starts`` are (offset, line) pairs: from that offset on the text stands in that line. ``lead`` is
    what introduces an item: the sentence before its list, or the item it belongs to. Rows hold where their
    ``cells`` are in ``text`` and the ``head`` of each column; edges of a diagram hold their two ends.
    """

    shape: Shape
    text: str
    starts: tuple[tuple[int, int], ...]
    headings: tuple[str, ...] = ()
    lead: str = ""
    marks: tuple[Mark, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()
    head: tuple[str, ...] = ()

    def line(self, offset: int) -> int:
        """The line, from 1, of the character at ``offset``."""
        return self.starts[max(0, bisect_right(self.starts, (offset, 1 << 60)) - 1)][1]

    def cell(self, index: int) -> str:
        """The text of one cell of a row; "" where the row has none."""
        return self.text[slice(*self.cells[index])] if index < len(self.cells) else ""

    def marked(self, *kinds: str) -> Sequence[Mark]:
        """The marks of these kinds, in the order of the text."""
        return [mark for mark in self.marks if mark.kind in kinds]


class Composer:
    """Puts a passage's text together piece by piece, white space folded, lines and marks remembered.

    The text equals ``Block.text`` of ``sources.blocks`` for the same tokens: a quote cut out of it stands
    in the document.
    """

    def __init__(self, line: int, longest: int) -> None:
        self._line = line
        self._left = longest
        self._parts: list[str] = []
        self._length = 0
        self._gap = False
        self._starts: list[tuple[int, int]] = []
        self.marks: list[Mark] = []

    @property
    def length(self) -> int:
        """How long the text is by now, a white space in front of the next word included."""
        return self._length + (self._gap and self._length > 0)

    def add(self, text: str) -> None:
        """More text; runs of white space become one space, what is too long is left out."""
        words = text[: max(0, self._left)].split()
        self._left -= len(text)
        if not words:
            self._gap = self._gap or bool(text)
            return
        if (self._gap or text[0].isspace()) and self._length:
            self._put(" ")
        if not self._starts or self._starts[-1][1] != self._line:
            self._starts.append((self._length, self._line))
        self._put(" ".join(words))
        self._gap = text[-1].isspace()

    def lines(self, count: int = 1) -> None:
        """The next text stands ``count`` lines below."""
        self._line += count
        self._gap = self._gap or count > 0

    def mark(self, kind: str, start: int, target: str = "") -> None:
        """Everything from ``start`` on is of that kind."""
        if start < self._length:
            self.marks.append(Mark(kind, start, self._length, target))

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def result(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The text and where its lines start."""
        return "".join(self._parts), tuple(self._starts)
