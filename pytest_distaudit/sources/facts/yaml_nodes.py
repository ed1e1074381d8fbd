"""YAML of others: every scalar as the file writes it, every value with its line, many documents a file.

Manifests use what claim files may not: several documents, merge keys, tags of their own. Values stay text
(``1.10`` is a version, not a number); tags are not followed; aliases are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

DEEPEST = 60
#: Values that aliases may stand for, all together.
MOST_ALIASED = 50_000
MOST_VALUES = 200_000


class Unreadable(Exception):
    """This text is no YAML that can be read; says why, and where."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


@dataclass(slots=True)
class Node:
    """One value: ``text`` of a scalar (None for null), or the children of a list or mapping.

    Lookups never fail: what is not there is the empty node, which is false and has no line.
    """

    line: int = 0
    text: str | None = None
    items: list[Node] = field(default_factory=list)
    pairs: dict[str, Node] = field(default_factory=dict)
    key_line: int = 0
    size: int = 1

    def __bool__(self) -> bool:
        return bool(self.text or self.items or self.pairs)

    def at(self, *keys: str) -> Node:
        """The value under these keys."""
        node = self
        for key in keys:
            node = node.pairs.get(key, NOTHING)
        return node

    def word(self, *keys: str) -> str:
        """The scalar under these keys; "" if there is none."""
        return self.at(*keys).text or ""

    def words(self) -> list[str]:
        """A list's scalars, or the one scalar."""
        if self.text is not None:
            return [self.text]
        return [item.text for item in self.items if item.text is not None]

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(node.items)
            pending.extend(node.pairs.values())


NOTHING = Node()


def read_documents(text: str) -> list[Node]:
    """Every document of a file. Raises Unreadable for what is no YAML, too deep, or an alias bomb."""
    builder = _Builder()
    try:
        return list(builder.documents(yaml.parse(text, Loader=yaml.CSafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(f"no YAML: {error.problem or 'it cannot be parsed'}", mark.line + 1 if mark else 0) from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise Unreadable(f"no YAML: {str(error).splitlines()[0]}") from None


class _Builder:
    """Parser events in, nodes out; recursion is bounded by DEEPEST."""

    def __init__(self) -> None:
        self._anchors: dict[str, Node | None] = {}
        self._aliased = 0
        self._values = 0

    def documents(self, events: Iterator[yaml.Event]) -> Iterator[Node]:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
            elif isinstance(event, yaml.NodeEvent):
                yield self._node(event, events, 0)

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        line = event.start_mark.line + 1 if event.start_mark else 0
        self._values += 1
        if depth > DEEPEST:
            raise Unreadable(f"nested deeper than {DEEPEST} levels", line)
        if self._values > MOST_VALUES:
            raise Unreadable(f"more than {MOST_VALUES} values", line)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), line)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = Node(line, _scalar(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(line, events, depth)
        else:
            node = self._mapping(line, events, depth)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _sequence(self, line: int, events: Iterator[yaml.Event], depth: int) -> Node:
        node = Node(line)
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            child = self._node(event, events, depth + 1)
            node.items.append(child)
            node.size += child.size
        return node

    def _mapping(self, line: int, events: Iterator[yaml.Event], depth: int) -> Node:
        node = Node(line)
        merged: list[Node] = []
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            child = self._node(next(events), events, depth + 1)
            node.size += child.size
            if key.text == "<<":
                merged.extend(child.items or [child])
            elif key.text is not None:
                # The same node may stand under several keys through an alias: the key's line is of this one.
                node.pairs[key.text] = _keyed(child, key.line)
        for source in merged:
            for name, child in source.pairs.items():
                node.pairs.setdefault(name, child)
        return node

    def _alias(self, name: str, line: int) -> Node:
        node = self._anchors.get(name)
        if node is None:
            raise Unreadable(f"alias *{name} stands inside its own anchor or names none", line)
        self._aliased += node.size
        if self._aliased > MOST_ALIASED:
            raise Unreadable(f"aliases stand for more than {MOST_ALIASED} values", line)
        return node


def _keyed(child: Node, line: int) -> Node:
    if child.key_line in (0, line):
        child.key_line = line
        return child
    return Node(child.line, child.text, child.items, child.pairs, line, child.size)


def _scalar(event: yaml.ScalarEvent) -> str | None:
    if not event.style and event.value in ("", "~", "null", "Null", "NULL"):
        return None
    return event.value
