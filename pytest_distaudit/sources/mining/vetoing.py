"""Which statements are none: headings, openings and words that say so."""

from __future__ import annotations

import re
from functools import lru_cache

from pytest_distaudit.sources.mining.passage import Passage, Shape
from pytest_distaudit.sources.mining.rules import Rules, Veto
from pytest_distaudit.sources.mining.statement import Statement

_LOCAL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|[\w-]+(?=[:/]|$)|[\w.-]+\.local\b)|https?://[^/]*:\d", re.IGNORECASE
)
_WEB = re.compile(r"https?://[^\s)\]>]{1,300}")
_PUNCTUATION = re.compile(r"[\s|:;,.()\[\]<>*_\-–—/•]+")
_LABELLED = re.compile(r"[^:.]{1,50}:[\s*_\[]{1,4}")


def vetoes_of(statement: Statement, rules: Rules) -> list[Veto]:
    """The vetoes that this statement runs into."""
    passage = statement.passage
    under = _under(passage.headings, rules)
    said = [veto for veto in rules.vetoes if _speaks(veto, statement)]
    return [*under, *said]


@lru_cache(maxsize=4096)
def _under(headings: tuple[str, ...], rules: Rules) -> tuple[Veto, ...]:
    # a section's vetoes reach one level down; the document's title is no section
    near = (*headings[-1:], *headings[1:][-2:-1])
    return tuple(veto for veto in rules.vetoes if any(veto.heading.search(heading.strip(" :#*")) for heading in near))


def _speaks(veto: Veto, statement: Statement) -> bool:
    if statement.shape is Shape.ITEM and any(
        veto.unless.search(heading) for heading in statement.passage.headings[-2:]
    ):
        return False
    text = statement.text.lstrip(" *_`>\"'")
    if veto.opens.match(text) or veto.holds.search(text):
        return True
    if statement.shape is Shape.ITEM and (labelled := _LABELLED.match(text)) and veto.opens.match(text, labelled.end()):
        return True
    return statement.shape is Shape.ITEM and bool(veto.lead.search(statement.passage.lead))


def is_only_links(passage: Passage) -> bool:
    """Whether nothing but titles of links to elsewhere, captions and addresses stands there.

    A label in front of an address elsewhere ("Kafka: https://...") is its title.
    """
    spans = [
        mark for mark in passage.marks if mark.kind == "image" or (mark.kind == "link" and _elsewhere(mark.target))
    ]
    addresses = [match for match in _WEB.finditer(passage.text) if not _LOCAL.match(match[0])]
    if not spans and not addresses:
        return False
    rest = list(passage.text)
    for mark in spans:
        rest[mark.start : mark.end] = " " * (mark.end - mark.start)
    for match in addresses:
        rest[match.start() : match.end()] = " " * len(match[0])
    left = _PUNCTUATION.sub(" ", "".join(rest)).split()
    return not left or (passage.shape is Shape.ITEM and bool(addresses) and len(left) <= 3)


def _elsewhere(target: str) -> bool:
    return target.startswith("#") or not target or (bool(_WEB.match(target)) and not _LOCAL.match(target))
