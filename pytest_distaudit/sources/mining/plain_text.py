"""reStructuredText, AsciiDoc and plain text to passages, line by line.

The text keeps its markup: a quote of it stands in the document as ``sources.documents`` reads such files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_distaudit.sources.blocks import fold, lines_of
from pytest_distaudit.sources.embedded import is_diagram
from pytest_distaudit.sources.mining.diagrams import passages_of_diagram
from pytest_distaudit.sources.mining.passage import Composer, Mark, Passage, Shape

_LONGEST_LINE = 2_000
_LONGEST = 4_000

_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_EQUALS = re.compile(r"(={1,6})\s+(\S.*)$")
_BULLET = re.compile(r"\s*(?:[*\-+•]{1,5}|\.{1,5}|\(?(?:\d{1,3}|[a-z#])[.)])\s+(?=\S)")
_FENCE = re.compile(r"\s*(-{4,}|\.{4,}|/{4,}|\+{4,}|`{3,}|~{3,})\s*(\w*)\s*$")
_DIRECTIVE = re.compile(r"\s*\.\.\s+([\w-]+)::")
_COMMENT = re.compile(r"\s*(?:\.\.(?:\s|$)|//(?!/))")
_ATTRIBUTE = re.compile(r":[\w!-]{1,60}:(?:\s|$)|\[[^\]]{0,200}\]\s*$|\.[A-Z]")
_GRID = re.compile(r"\s*[+|]?[-=+]{4,}[+|]?\s*$|\s*=+(?:\s+=+)+\s*$|\|===+\s*$")
_CODE = re.compile(r"``?([^`]{1,200})``?")
_LINK = re.compile(r"(https?://[^\s\[\]<>]{1,300})\[([^\]]{0,200})\]|`[^`<]{1,200}<([^`>]{1,300})>`_")
#: directives whose indented lines are text
_PROSE = frozenset({"note", "warning", "tip", "important", "hint", "caution", "attention", "admonition", "list-table"})


def passages_of_text(text: str) -> Iterator[Passage]:
    """The passages of a reStructuredText, AsciiDoc or plain text document in order."""
    yield from _Reader([line[:_LONGEST_LINE] for line in lines_of(text)]).read()


@dataclass
class _Reader:
    """Where the reader is, under which headings, and the paragraph it gathers."""

    lines: list[str]
    at: int = 0
    headings: list[tuple[str, str]] = field(default_factory=list)
    gathered: list[tuple[int, str]] = field(default_factory=list)
    said: str = ""
    head: tuple[str, ...] = ()

    def read(self) -> Iterator[Passage]:
        """Line after line; each step looks at one thing and says how far it went."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                yield from self._flush()
                self.at += 1
            elif (heading := self._heading(line)) is not None:
                yield from heading
            elif self._skips(line):
                yield from self._flush()
                yield from self._skip(line)
            else:
                yield from self._gather(line)
        yield from self._flush()

    def _heading(self, line: str) -> Iterator[Passage] | None:
        following = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if equals := _EQUALS.match(line):
            return self._open(equals[1], equals[2], 1)
        underlined = _UNDERLINE.match(following)
        if underlined and not self.gathered and len(following.rstrip()) >= len(line.strip()) and _words(line):
            return self._open(underlined[1], line.strip(), 2)
        return None

    def _open(self, level: str, title: str, lines: int) -> Iterator[Passage]:
        yield from self._flush()
        levels = [known for known, _ in self.headings]
        if level in levels:
            del self.headings[levels.index(level) :]
        text, number = fold(title), self.at + 1
        yield Passage(Shape.HEADING, text, ((0, number),), self._titles())
        self.headings.append((level, text))
        self.said, self.head = "", ()
        self.at += lines

    def _skips(self, line: str) -> bool:
        patterns = (_FENCE, _DIRECTIVE, _COMMENT, _ATTRIBUTE, _GRID, _UNDERLINE)
        return any(pattern.match(line) for pattern in patterns) and not line.lstrip().startswith("...")

    def _skip(self, line: str) -> Iterator[Passage]:
        """Code, comments and attributes are passed over; diagrams are read."""
        if fence := _FENCE.match(line):
            yield from self._fenced(fence[1], fence[2])
            return
        directive = _DIRECTIVE.match(line)
        self.at += 1
        if directive and directive[1] in _PROSE:
            return
        if directive or re.match(r"\s*\.\.(?:\s|$)", line):
            yield from self._indented(line, directive[1] if directive else "")

    def _fenced(self, fence: str, language: str) -> Iterator[Passage]:
        first, stop = self.at + 1, fence[:3]
        named = self.lines[self.at - 1].strip("[] ").split(",")[-1].strip() if self.at else ""
        self.at += 1
        while self.at < len(self.lines) and not self.lines[self.at].strip().startswith(stop):
            self.at += 1
        content = "\n".join(self.lines[first : self.at])
        self.at += 1
        if is_diagram(language or named.strip(), content):
            yield from passages_of_diagram(content, first + 1, self._titles())

    def _indented(self, line: str, name: str) -> Iterator[Passage]:
        depth = len(line) - len(line.lstrip())
        first = self.at
        while self.at < len(self.lines) and (not self.lines[self.at].strip() or _depth(self.lines[self.at]) > depth):
            self.at += 1
        content = "\n".join(self.lines[first : self.at])
        if is_diagram(name, content):
            yield from passages_of_diagram(content, first + 1, self._titles())

    def _gather(self, line: str) -> Iterator[Passage]:
        if line.lstrip().startswith("|"):
            yield from self._flush()
            yield from self._row(line)
            self.at += 1
            return
        if _BULLET.match(line) or (self.gathered and self.gathered[-1][1].rstrip().endswith("::") and _depth(line) > 0):
            yield from self._flush()
        self.gathered.append((self.at + 1, line))
        self.at += 1
        if line.rstrip().endswith("::"):
            yield from self._literal(line)

    def _literal(self, line: str) -> Iterator[Passage]:
        """After ``::`` an indented block is code."""
        if self.at < len(self.lines) and not self.lines[self.at].strip():
            yield from self._flush()
            yield from self._indented(line, "")

    def _row(self, line: str) -> Iterator[Passage]:
        cells, at = [], 0
        text = fold(line)
        for part in text.split("|"):
            start = at + len(part) - len(part.lstrip())
            if part.strip():
                cells.append((start, start + len(part.strip())))
            at += len(part) + 1
        words = tuple(text[slice(*cell)] for cell in cells)
        if not self.head:
            self.head = words
        number = self.at + 1
        marks = _marks(text)
        yield Passage(Shape.ROW, text, ((0, number),), self._titles(), self.said, marks, tuple(cells), self.head)

    def _flush(self) -> Iterator[Passage]:
        gathered, self.gathered = self.gathered, []
        if not gathered:
            return
        composer = Composer(gathered[0][0], _LONGEST)
        for position, (_, line) in enumerate(gathered):
            if position:
                composer.lines()
            composer.add(line)
        text, starts = composer.result()
        item = _BULLET.match(gathered[0][1])
        shape = Shape.ITEM if item else Shape.PARAGRAPH
        yield Passage(shape, text, starts, self._titles(), self.said if item else "", _marks(text))
        if not item:
            self.said = text.rstrip(":") + ":" if text.endswith(":") else text
            self.head = ()

    def _titles(self) -> tuple[str, ...]:
        return tuple(title for _, title in self.headings)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _words(line: str) -> bool:
    return any(letter.isalnum() for letter in line)


def _marks(text: str) -> tuple[Mark, ...]:
    found = [Mark("code", match.start(), match.end()) for match in _CODE.finditer(text)]
    found += [Mark("link", match.start(), match.end(), match[1] or match[3]) for match in _LINK.finditer(text)]
    return tuple(sorted(found, key=lambda mark: (mark.start, -mark.end)))
