"""Text diagrams to passages: Mermaid (flowchart, sequence, C4) and PlantUML; nodes and edges are statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_distaudit.sources.embedded import lines_of_diagram
from pytest_distaudit.sources.mining.passage import Passage, Shape

#: characters of a line and lines of a diagram that are looked at
LONGEST = 500
MOST_LINES = 5_000
_ID = r"\w{1,60}(?:[.:-]\w{1,60}){0,8}"
_OPENING, _CLOSING = r'["(\[{<|/\\]{1,4}', r'["\])}>|/\\]{1,4}'
_LABEL = rf'{_OPENING}([^"\]\)}}|]{{1,160}}){_CLOSING}'

#: ``-->``, ``-.->``, ``==>``, ``->>``, ``<|--`` and the like
_ARROW = re.compile(r"\s*[<|*]{0,3}[-.=~]{1,8}(?:[a-z]{1,6}[-.]{1,3})?(?:\|>|>{1,2}|[*{)]{1,2})?(?:[ox](?=\s))?\s*")
#: ``-- text -->``
_TEXTED = re.compile(r"\s*(?:--|==|-\.)\s+([^-=>|]{1,80}?)\s+[-.=]{2,4}>\s*")
#: ``|text|`` behind an arrow
_PIPED = re.compile(r"\|([^|]{1,160})\|\s*")
#: ``A[Label]``, ``A(Label)``, ``A{Label}:::style``
_NODE = re.compile(rf"\s*({_ID})\s*(?:(?!<-){_LABEL})?(?::{{3}}\w+)?\s*")
#: ``A & B``: both are meant
_AND = re.compile(r"&\s*")
#: PlantUML's ``[Label]`` and ``[Label] as A``
_BOX = re.compile(r"\s*\[([^\]]{1,160})\]\s*")
_BOX_AS = re.compile(rf"\s*\[([^\]]{{1,160}})\]\s+as\s+({_ID})\s*$")
#: ``participant A as Label`` (Mermaid) and ``component "Label" as A`` (PlantUML)
_DECLARED = re.compile(
    r"\s*(?:participant|actor|component|database|queue|node|cloud|rectangle|interface|container|storage|collections)\s+"
    rf'(?:"([^"]{{1,160}})"|\[([^\]]{{1,160}})\]|({_ID}))(?:\s+as\s+"?([^"]{{1,160}})"?)?\s*',
    re.IGNORECASE,
)
#: C4's ``Container(a, "Label", ...)`` and ``Rel(a, b, "text")``
_CALL = re.compile(r"\s*([A-Z][A-Za-z_]{2,30})\s*\(([^)]{1,400})\)")
_SKIPPED = re.compile(
    r"\s*(?:%%|'|!|@|(?:title|style|class|classDef|click|linkStyle|note|skinparam|end|activate|subgraph|direction|loop|"
    r"alt|else|opt|par|rect)\b)",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>|\\n")
_BRACKETS = "\"'()[]{} "


def passages_of_diagram(content: str, first: int, headings: tuple[str, ...] = ()) -> Iterator[Passage]:
    """A NODE passage where a node is named, an EDGE passage for every arrow.

    The text is the source's line; ``head`` of a node is (name, description), of an edge (from, to, label).
    """
    diagram = Reader()
    for number, line in lines_of_diagram(content, first):
        text = line[:LONGEST]
        if number - first >= MOST_LINES or skipped(text):
            continue
        for shape, words in diagram.read(text):
            yield Passage(shape, text, ((0, number),), headings, head=words[:3])


def skipped(text: str) -> bool:
    """Whether a line says nothing of nodes and edges."""
    return _SKIPPED.match(text) is not None


#: a node's (name, description), or an edge's (from, to, label, the arrow as it is drawn)
_Found = tuple[Shape, tuple[str, ...]]


@dataclass
class Reader:
    """Reads one diagram line by line; ``names``: what its ids stand for."""

    names: dict[str, str] = field(default_factory=dict)

    def read(self, text: str) -> Iterator[_Found]:
        """The statements of one line."""
        if call := _CALL.match(text):
            yield from self._called(call[1], [word.strip(" \"'") for word in call[2].split(",")])
        elif declared := _DECLARED.fullmatch(text.rstrip("{ ")):
            yield from self._declared(declared)
        elif box := _BOX_AS.match(text):
            yield from self._learn(box[2], box[1])
        else:
            yield from self._edges(text)

    def _declared(self, declared: re.Match[str]) -> Iterator[_Found]:
        quoted, boxed, word, alias = declared.groups()
        if name := quoted or boxed:
            yield from self._learn(alias or name, name)
        else:
            yield from self._learn(word, alias or word)

    def _learn(self, identity: str, label: str, description: str = "") -> Iterator[_Found]:
        name = " ".join(_BREAK.sub(" ", label).strip(_BRACKETS).split())
        if name and identity not in self.names:
            self.names[identity] = name
            yield Shape.NODE, (name, description)

    def _called(self, word: str, arguments: list[str]) -> Iterator[_Found]:
        if len(arguments) < 2:
            return
        first, second, rest = arguments[0], arguments[1], " ".join(arguments[2:])
        if word.startswith(("Rel", "BiRel")):
            arrow = "<->" if word.startswith("Bi") else "->"
            yield Shape.EDGE, (self._name(first), self._name(second), rest, arrow)
        else:
            yield from self._learn(first, second, rest)

    def _name(self, identity: str) -> str:
        return self.names.get(identity, identity)

    def _edges(self, text: str) -> Iterator[_Found]:
        """A chain ``a --> b & c --> d``: nodes as they are named, then an edge for each arrow."""
        at, before, label, drawn = 0, list[str](), "", ""
        while True:
            here, learnt, at = self._group(text, at)
            yield from learnt
            if before and here:
                said = text[at:].removeprefix(":").strip() if text[at:].startswith(":") else label
                yield from ((Shape.EDGE, (one, other, said, drawn)) for one in before for other in here)
            arrow = _TEXTED.match(text, at) or _ARROW.match(text, at)
            if arrow is None or not here:
                return
            before, at, drawn = here, arrow.end(), arrow[0].strip()
            label = arrow[1] if arrow.re is _TEXTED else ""
            if piped := _PIPED.match(text, at):
                at, label = piped.end(), piped[1].strip()

    def _group(self, text: str, at: int) -> tuple[list[str], list[_Found], int]:
        """(names, what was learnt of them, where it goes on) of the nodes at one end of an arrow."""
        names, learnt = list[str](), list[_Found]()
        while node := _BOX.match(text, at) or _NODE.match(text, at):
            if node.re is _NODE and node[2]:
                learnt += self._learn(node[1], node[2])
            names.append(self._name(node[1]))
            at = node.end()
            more = _AND.match(text, at)
            if more is None:
                break
            at = more.end()
        return names, learnt, at
