"""Diagrams: a node says that something runs, an arrow that something is used."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_distaudit.sources.mining.passage import Passage, Shape
from pytest_distaudit.sources.mining.rules import Rules
from pytest_distaudit.sources.mining.statement import Find
from pytest_distaudit.sources.mining.vocabulary import Entry, Mention, Vocabulary

_MEANS = frozenset({"tool", "runtime", "delivery", "load"})


def find_edges(passage: Passage, rules: Rules, vocabulary: Vocabulary) -> Iterator[Find]:
    """The finds of one node or one edge. Ends that are no known name say nothing checkable."""
    if passage.shape is Shape.NODE:
        named = _named(passage.head[0], vocabulary)
        if named is not None:
            yield Find("running", named.name, 0, "diagram.node", passage.head[0])
    elif passage.shape is Shape.EDGE:
        start, end = (_named(word, vocabulary) for word in passage.head[:2])
        if start is not None and end is not None:
            pattern = _pattern(passage.head[2], end, rules)
            yield Find(pattern, end.name, 0, "diagram.edge", passage.head[1])


def _named(label: str, vocabulary: Vocabulary) -> Entry | Mention | None:
    entry: Entry | Mention | None = vocabulary.of(label)
    if entry is None:
        entry = next((mention for mention in vocabulary.mentions(label) if mention.kind not in _MEANS), None)
    return entry if entry is not None and entry.kind not in _MEANS else None


def _pattern(label: str, end: Entry | Mention, rules: Rules) -> str:
    """What the arrow's text says, else what the product at its end is for; services call each other."""
    lower = label.lower()
    for pattern in rules.patterns:
        suited = end.own or end.kind in pattern.suits or not pattern.suits
        if suited and any(word in lower for word in pattern.words) and pattern.phrases.search(label):
            return pattern.name
    return "rest" if end.own else rules.kind(end.kind).pattern
