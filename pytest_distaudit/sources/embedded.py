"""What a Markdown document holds in other languages and is text of it all the same: diagrams and HTML tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_DIAGRAMS = frozenset({"mermaid", "plantuml", "puml", "uml", "c4plantuml"})
_FIRST_WORDS = ("@startuml", "flowchart", "sequenceDiagram", "C4Context", "C4Container", "C4Component")
_TAG = re.compile(r"<[^<>]{0,300}>")
#: A longer line is cut: nobody writes it by hand.
LONGEST_LINE = 2_000


def is_diagram(info: str, content: str) -> bool:
    """Whether a fence with this info string holds a diagram in a language that is read."""
    language = info.strip().split(" ")[0].strip("{}.").lower()
    return language in _DIAGRAMS or (not language and content.lstrip().startswith(_FIRST_WORDS))


def lines_of_diagram(content: str, first: int) -> Iterator[tuple[int, str]]:
    """(line, folded text) of a diagram that starts in line ``first``; blank lines left out."""
    for number, line in enumerate(content.split("\n"), start=first):
        if text := " ".join(line[:LONGEST_LINE].split()):
            yield number, text


def lines_of_html(content: str, first: int) -> Iterator[tuple[int, str, str]]:
    """(line, source, text without tags) of HTML that starts in line ``first``; a table's cells are its text."""
    if "<t" not in content.lower():
        return
    for number, line in enumerate(content.split("\n"), start=first):
        source = line[:LONGEST_LINE]
        yield number, source, " ".join(unescape(_TAG.sub(" ", source)).split())
