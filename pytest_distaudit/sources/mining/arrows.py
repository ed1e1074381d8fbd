"""What a diagram connects: arrows between its nodes by the words that the diagram itself uses for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.ports.edges import Arrow, Node
from pytest_distaudit.sources.embedded import lines_of_diagram
from pytest_distaudit.sources.mining.diagrams import LONGEST, MOST_LINES, Reader, skipped
from pytest_distaudit.sources.mining.passage import Shape

_ARROW_LIKE = re.compile(r"[-=.]+>|<[-=.]+(?![-=.>])|(?<![-.\w])---+(?![->])")
_QUOTED = re.compile(r'"[^"]*"|\|[^|]*\||\[[^\]]*\]')
#: an answer in a sequence: ``b-->>a: ok``
_DASHED = re.compile(r"^<?--")

Drawn = tuple[tuple[Node, ...], tuple[Arrow, ...], tuple[int, ...]]


def drawn(content: str, first: int) -> Drawn:
    """(nodes, arrows, lines that look like arrows and cannot be read) of a diagram that starts in line ``first``."""
    reader, found, unread = Reader(), list[tuple[Arrow, bool]](), list[int]()
    for number, line in lines_of_diagram(content, first):
        text = line[:LONGEST]
        if skipped(text):
            continue
        plain = _QUOTED.sub("", text)
        pairs = [words for shape, words in reader.read(text) if shape is Shape.EDGE]
        arrows = list(_arrows(pairs, number, reader))
        if len(arrows) < len(_ARROW_LIKE.findall(plain)) or number - first >= MOST_LINES:
            unread.append(number)
        found += arrows
    return _nodes(reader, found), tuple(_without_answers(found)), tuple(unread)


def _arrows(pairs: list[tuple[str, ...]], line: int, reader: Reader) -> Iterator[tuple[Arrow, bool]]:
    """Each arrow, and whether it is dashed. ``a <-- b`` points from b to a, ``a <--> b`` both ways."""
    ids = {name: one for one, name in reader.names.items()}
    for source, to, _, arrow in pairs:
        one, other = ids.get(source, source), ids.get(to, to)
        back = arrow.startswith(("<", "(")) or "<" in arrow
        forth = not back or arrow.rstrip("ox*{|)").endswith(">")
        dashed = bool(_DASHED.match(arrow))
        headless = not back and ">" not in arrow and not arrow.endswith((")", "x"))
        if forth:
            yield Arrow(one, other, line, pointed=not headless), dashed
        if back:
            yield Arrow(other, one, line), dashed


def _without_answers(found: list[tuple[Arrow, bool]]) -> Iterator[Arrow]:
    """A dashed arrow back along a solid one is an answer."""
    solid = {(arrow.source, arrow.to) for arrow, dashed in found if not dashed}
    for arrow, dashed in found:
        if not (dashed and (arrow.to, arrow.source) in solid):
            yield arrow


def _nodes(reader: Reader, found: list[tuple[Arrow, bool]]) -> tuple[Node, ...]:
    ends = [end for arrow, _ in found for end in (arrow.source, arrow.to)]
    return tuple(Node(reader.names.get(one, one), one) for one in dict.fromkeys([*reader.names, *ends]))
