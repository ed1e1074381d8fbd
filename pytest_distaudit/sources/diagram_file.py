"""One diagram of the project's documents: what is connected in it, as data. Nothing outside the project is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_distaudit.domain.errors import InvalidInput, Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.edges import Diagram
from pytest_distaudit.sources.blocks import parser
from pytest_distaudit.sources.documents import is_markdown
from pytest_distaudit.sources.embedded import is_diagram
from pytest_distaudit.sources.mining.arrows import drawn
from pytest_distaudit.sources.mining.tree import DIAGRAM
from pytest_distaudit.sources.source_text import read_text


@dataclass(frozen=True, slots=True)
class _Text:
    """The source of a diagram, and the lines of its document from which to which it stands."""

    source: str
    first: int
    last: int


def read_diagram(root: Path, document: str, line: int) -> Diagram:
    """The diagram of ``document`` that has ``line``; its only one, where the line is in none.

    Raises Unobservable: outside the project, no diagram, or several and none of them is meant.
    """
    place = root / document
    if not place.resolve().is_relative_to(root.resolve()):
        raise Unobservable(Reason.NOT_SAFE, f"{document} lies outside the project")
    try:
        text = read_text(place, document)
    except InvalidInput as error:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{document}: {error.problems[0].message}") from None
    found = list(_diagrams(text, place))
    meant = [one for one in found if one.first <= line <= one.last] or found
    if len(meant) != 1:
        many = f"has {len(meant)} diagrams; quote a line of one of them" if meant else "has no diagram in text"
        raise Unobservable(Reason.AMBIGUOUS_CLAIM, f"{document} {many}")
    shown = drawn(meant[0].source, meant[0].first)
    return Diagram(document, meant[0].first, *shown)


def _diagrams(text: str, place: Path) -> Iterator[_Text]:
    if place.suffix.lower() in DIAGRAM:
        yield _Text(text, 1, text.count("\n") + 1)
    elif is_markdown(place):
        for token in parser().parse(text):
            if token.type == "fence" and token.map and is_diagram(token.info, token.content):
                yield _Text(token.content, token.map[0] + 2, token.map[1])
    else:
        because = f"{place.name}: diagrams are read in Markdown and in files of their own; name its arrows as edges"
        raise Unobservable(Reason.NO_OBSERVABLE, because)
