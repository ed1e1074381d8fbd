"""Documents with what the audit says of their sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pytest_distaudit.domain.audit import Audit, Page

#: of several claims about the same words, the first of these shows
_ORDER = ("refuted", "unverifiable", "waived", "verified", "unclaimed")


@dataclass(frozen=True, slots=True)
class Mark:
    """Words of a document; ``state`` is "" for those of which nothing is claimed, ``anchor`` leads to the claim."""

    text: str
    state: str = ""
    anchor: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One block of a document, in pieces; ``level`` 1 to 6 is a heading's."""

    number: int
    level: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """A document and how many of its sentences are in which state."""

    name: str
    lines: tuple[Line, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Said:
    line: int
    quote: str
    state: str
    anchor: str
    title: str


def marked(page: Page, audit: Audit, anchors: Mapping[str, str]) -> Marked:
    """The document with every claimed sentence in its verdict's state, and the others that could be claimed."""
    said = list(_said(page.document, audit, anchors))
    about: dict[int, list[_Said]] = {}
    for one in said:
        about.setdefault(_block_of(one, page), []).append(one)
    lines = tuple(
        Line(number, level, tuple(_marks(text, about.get(at, ()))))
        for at, (number, level, text) in enumerate(page.blocks)
    )
    return Marked(page.document, lines, {state: sum(one.state == state for one in said) for state in _ORDER})


def _said(document: str, audit: Audit, anchors: Mapping[str, str]) -> Iterator[_Said]:
    for claim in audit.claims:
        if claim.document == document and claim.line:
            yield _Said(claim.line, _folded(claim.quote), claim.verdict.value, anchors[claim.key], claim.key)
    for sentence in audit.coverage.unclaimed:
        if sentence.document == document:
            yield _Said(sentence.line, _folded(sentence.text), "unclaimed", "", "")


def _folded(text: str) -> str:
    return " ".join(text.split())


def _block_of(said: _Said, page: Page) -> int:
    """The block that holds the quote, the nearest to its line; without one, the block of the line; -1: none."""
    holding = [at for at, (_, _, text) in enumerate(page.blocks) if said.quote and said.quote in text]
    if holding:
        return min(holding, key=lambda at: abs(page.blocks[at][0] - said.line))
    before = [at for at, (number, _, _) in enumerate(page.blocks) if number <= said.line]
    return before[-1] if before else -1


def _marks(text: str, said: Sequence[_Said]) -> Iterator[Mark]:
    """The text in pieces of one state each."""
    owner: list[_Said | None] = [None] * len(text)
    for one in sorted(said, key=lambda each: _ORDER.index(each.state), reverse=True):
        first = text.find(one.quote) if one.quote else -1
        span = range(first, first + len(one.quote)) if first >= 0 else range(len(text))
        for at in span:
            owner[at] = one
    at = 0
    for _, letters in groupby(owner, key=id):
        size = sum(1 for _ in letters)
        said_here = owner[at]
        piece = text[at : at + size]
        yield Mark(piece) if said_here is None else Mark(piece, said_here.state, said_here.anchor, said_here.title)
        at += size
