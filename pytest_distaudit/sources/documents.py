"""The audited documents: their rendered text in blocks, and where a quote stands in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath

from pytest_distaudit.domain.errors import InvalidInput
from pytest_distaudit.sources.blocks import Block, blocks_of_markdown, blocks_of_text, fold
from pytest_distaudit.sources.source_text import read_text

_MARKDOWN = {".md", ".markdown", ".mdown", ".mkd"}
#: Lines compared letter by letter when the nearest one is looked for.
_SHORTLIST = 20
_SHOWN = 160


class NotInDocument(ValueError):
    """A quote that its document does not hold exactly once, or a document that cannot be read."""


class NoSuchDocument(NotInDocument):
    """The document itself is missing, outside the project or no text."""


@dataclass(frozen=True, slots=True)
class _Match:
    line: int
    first: int
    last: int


class Document:
    """One document as text without markup, white space folded, letter case kept."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        parts: list[str] = []
        self._starts: list[int] = []
        self._lines: list[int] = []
        self._spans: list[tuple[int, int]] = []
        length = 0
        for block in blocks:
            span = (block.pieces[0][0], block.pieces[-1][0])
            for position, (line, text) in enumerate(block.pieces):
                self._starts.append(length)
                self._lines.append(line)
                self._spans.append(span)
                # A space inside a block, a line break between blocks: a quote never crosses two.
                parts.append(text + (" " if position < len(block.pieces) - 1 else "\n"))
                length += len(text) + 1
        self._text = "".join(parts)

    def matches(self, quote: str) -> list[_Match]:
        """Where ``quote`` stands, one match for each line it starts in."""
        wanted = fold(quote)
        found: dict[int, _Match] = {}
        at = self._text.find(wanted) if wanted else -1
        while at >= 0:
            piece = bisect_right(self._starts, at) - 1
            found.setdefault(self._lines[piece], _Match(self._lines[piece], *self._spans[piece]))
            at = self._text.find(wanted, at + 1)
        return [found[line] for line in sorted(found)]

    def nearest(self, quote: str) -> tuple[int, str] | None:
        """The line most like ``quote``: those that share the most words with it, compared by letters."""
        if not self._lines:
            return None
        words = set(fold(quote).lower().split())
        lines = [
            (line, self._text[start:end].strip())
            for start, end, line in zip(self._starts, [*self._starts[1:], None], self._lines, strict=True)
        ]
        lines.sort(key=lambda entry: -len(words & set(entry[1].lower().split())))
        matcher = SequenceMatcher(b=fold(quote).lower(), autojunk=False)

        def likeness(entry: tuple[int, str]) -> float:
            matcher.set_seq1(entry[1].lower()[: 4 * _SHOWN])
            return matcher.ratio()

        return max(lines[:_SHORTLIST], key=likeness)


class Documents:
    """The project's documents below ``root``, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, Document | NoSuchDocument] = {}

    def locate(self, document: str, quote: str, line: int | None = None) -> int:
        """The line, from 1, in which ``quote`` starts; ``line`` chooses among several.

        Raises NoSuchDocument, or NotInDocument: the quote is gone (names the nearest line), or it
        stands there more than once and ``line`` does not choose one.
        """
        matches = self._document(document).matches(quote)
        if not matches:
            raise NotInDocument(self._gone(document, quote))
        if len(matches) == 1:
            return matches[0].line
        chosen = [match for match in matches if match.line == line]
        chosen = chosen or [match for match in matches if line and match.first <= line <= match.last]
        if len(chosen) == 1:
            return chosen[0].line
        places = ", ".join(str(match.line) for match in matches)
        asked = f" and not in line {line}" if line else ""
        raise NotInDocument(
            f"quote {shorten(quote)!r} stands {len(matches)} times in {document}, in lines {places}{asked}; "
            f"add 'line: {matches[0].line}' or another of them"
        )

    def _document(self, document: str) -> Document:
        if document not in self._read:
            try:
                self._read[document] = self._load(document)
            except NoSuchDocument as error:
                self._read[document] = error
        found = self._read[document]
        if isinstance(found, NoSuchDocument):
            raise NoSuchDocument(str(found))
        return found

    def _load(self, document: str) -> Document:
        path = self._root / document
        root = self._root.resolve()
        # A claim file may come from a stranger: nothing outside the project is opened, or shown in an error.
        if PurePosixPath(document).is_absolute() or not path.resolve().is_relative_to(root):
            raise NoSuchDocument(f"document {document!r} lies outside the project; name a file below its root")
        if not path.is_file():
            raise NoSuchDocument(f"document {document!r} does not exist; paths are relative to the project's root")
        try:
            text = read_text(path, document)
        except InvalidInput as error:
            raise NoSuchDocument(f"document {document!r}: {error.problems[0].message}") from None
        return Document(blocks_of_markdown(text) if is_markdown(path) else blocks_of_text(text))

    def _gone(self, document: str, quote: str) -> str:
        near = self._document(document).nearest(quote)
        if near is None:
            return f"quote {shorten(quote)!r} is not in {document}, which holds no text"
        line, text = near
        return (
            f"quote {shorten(quote)!r} is not in {document}; nearest is line {line}: {shorten(text)!r}; "
            "quote the document as it is now, or delete the claim"
        )


def is_markdown(path: Path) -> bool:
    """Whether a document of that name is written in Markdown."""
    return path.suffix.lower() in _MARKDOWN


def shorten(text: str) -> str:
    """Folded text, cut where an error would become unreadable."""
    folded = fold(text)
    return folded if len(folded) <= _SHOWN else folded[: _SHOWN - 1] + "…"
