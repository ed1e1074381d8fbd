"""A statement: one sentence of a passage with the names in it and what its section is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.proposal import Figure
from pytest_distaudit.sources.mining.passage import Passage, Shape
from pytest_distaudit.sources.mining.vocabulary import Mention

_END = re.compile(r"(?<=[.!?])[)\"*]?\s+(?=[A-Z\"'(\[`*])")
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|no|fig|resp)\.|\b[A-Z]\.)$", re.IGNORECASE)
#: An item that introduces others by a name.
LONGEST_LABEL = 50
_BULLET = re.compile(r"(?:[*\-+•]{1,5}|\.{1,5}|\(?(?:\d{1,3}|[a-z#])[.)])\s+")


@dataclass(frozen=True)
class Statement:
    """``start`` and ``end`` are offsets in the passage's text, and so are the mentions'.

    ``subject`` is the service or product that the section is about, "" if none, and ``subject_kind`` its kind;
    ``first`` says whether this is the first sentence of its section; ``earlier`` are the names in the passage's
    sentences before.
    """

    passage: Passage
    start: int
    end: int
    mentions: tuple[Mention, ...]
    subject: str = ""
    subject_kind: str = ""
    project: str = ""
    first: bool = False
    earlier: tuple[Mention, ...] = ()

    @cached_property
    def text(self) -> str:
        """The sentence, captions of images blanked."""
        text = self.passage.text[self.start : self.end]
        for mark in self.passage.marks:
            if mark.kind == "image" and mark.start < self.end and self.start < mark.end:
                start, end = max(0, mark.start - self.start), min(len(text), mark.end - self.start)
                text = text[:start] + " " * (end - start) + text[end:]
        return text

    @property
    def shape(self) -> Shape:
        """The passage's shape."""
        return self.passage.shape

    @property
    def is_led(self) -> bool:
        """Whether the entry stands below a name and tells of it: "RabbitMQ:", below it "UI: http://...\"."""
        lead = self.passage.lead.rstrip()
        return self.shape is Shape.ITEM and bool(self.subject) and lead.endswith(":") and len(lead) <= LONGEST_LABEL

    def before(self, offset: int) -> Sequence[Mention]:
        """The mentions that end before ``offset``."""
        return [mention for mention in self.mentions if mention.end <= offset]

    def after(self, offset: int) -> Sequence[Mention]:
        """The mentions that start at ``offset`` or later."""
        return [mention for mention in self.mentions if mention.start >= offset]


@dataclass(frozen=True, slots=True)
class Find:
    """What a rule found in a statement; ``at`` is the offset whose line counts."""

    pattern: str
    component: str
    at: int
    rule: str
    spelled: str = ""
    figures: tuple[Figure, ...] = ()
    expect: Expect = Expect.PRESENT
    specific: bool = True

    def absent(self) -> Find:
        """The same, as a statement that the component is not there."""
        return replace(self, expect=Expect.ABSENT)


def sentences(passage: Passage) -> Iterator[tuple[int, int]]:
    """Where the sentences of a passage start and end. A row is one, so is a heading."""
    text = passage.text
    bullet = _BULLET.match(text) if passage.shape is Shape.ITEM else None
    start = bullet.end() if bullet else 0
    if passage.shape in (Shape.PARAGRAPH, Shape.ITEM):
        for match in _END.finditer(text, start):
            if not _ABBREVIATED.search(text, start, match.start()):
                yield start, match.start()
                start = match.end()
    if start < len(text):
        yield start, len(text)
