"""XML of others: a flat list of elements with their lines. Document types and entities are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from pytest_distaudit.sources.facts.yaml_nodes import Unreadable

MOST_ELEMENTS = 50_000
DEEPEST = 60


@dataclass(slots=True)
class Element:
    """``path`` holds the names from the root to this element, without namespaces."""

    path: tuple[str, ...]
    attributes: dict[str, str]
    line: int
    text: str = ""
    parent: Element | None = None
    children: dict[str, Element] = field(default_factory=dict)

    def word(self, child: str) -> str:
        """The text of the first child of that name, or ""."""
        found = self.children.get(child)
        return found.text.strip() if found else ""


def read_elements(text: str) -> Iterator[Element]:
    """Every element in document order. Raises Unreadable for what is no XML, or has a document type."""
    builder = _Builder()
    builder.parse(text)
    yield from builder.found


class _Builder:
    def __init__(self) -> None:
        self.found: list[Element] = []
        self._open: list[Element] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = lambda _name: self._open.pop()
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse

    def parse(self, text: str) -> None:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            raise Unreadable(f"no XML: {expat.errors.messages[error.code]}", error.lineno) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.found) >= MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise Unreadable("too many elements, or nested too deep", self._parser.CurrentLineNumber)
        parent = self._open[-1] if self._open else None
        path = (*(parent.path if parent else ()), name.rpartition(":")[2])
        element = Element(path, attributes, self._parser.CurrentLineNumber, parent=parent)
        if parent:
            parent.children.setdefault(path[-1], element)
        self.found.append(element)
        self._open.append(element)

    def _characters(self, data: str) -> None:
        if self._open and len(self._open[-1].text) < 4000:
            self._open[-1].text += data

    def _refuse(self, *_: object) -> None:
        raise Unreadable("it has a document type, which is not read", self._parser.CurrentLineNumber)
