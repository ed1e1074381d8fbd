"""YAML as claim files use it: plain data, and where each key and value stands.

The parser is libyaml's; values are resolved as in YAML 1.2, where only ``true`` and ``false`` are
booleans. Built from parser events instead of PyYAML's ``compose``, which recurses without a bound and
knows nothing of aliases until it is too late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.sources.source_text import decode

#: Keys and list positions from the top of the file to a value.
Path = tuple[str | int, ...]

#: Collections inside collections; claim files need five.
DEEPEST = 32
#: Values that aliases may stand for, all together; an alias bomb passes it within a few lines.
MOST_ALIASED = 10_000
#: Longer numbers stay text: nobody claims them, and Python bounds their conversion.
LONGEST_NUMBER = 100

_NO_WORD = "a key must be a word, not a list or a mapping; quote text that holds [ or {"
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(slots=True)
class _Node:
    """One value: its plain form, where it starts, its source text if scalar, else what it holds."""

    data: Any
    line: int
    column: int
    text: str | None = None
    children: dict[str | int, _Node] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    size: int = 1


class YamlDocument:
    """A read file: ``data`` is made of dict, list, str, int, float, bool and None; keys are text.

    ``problems`` are what is wrong without stopping the reading (duplicate keys, tags, merge keys),
    each with the path of the collection it belongs to.
    """

    def __init__(self, file: str, root: _Node | None, problems: tuple[tuple[Path, Problem], ...]) -> None:
        self.file = file
        self.problems = problems
        self._root = root

    @property
    def data(self) -> Any:
        """The plain data; None for an empty file."""
        return self._root.data if self._root else None

    def place(self, path: Path) -> Place:
        """Where the value at ``path`` starts, or the nearest value around it that exists."""
        node, _ = self._nearest(path)
        return Place(self.file, node.line, node.column) if node else Place(self.file)

    def key_place(self, path: Path) -> Place:
        """Where the key of the value at ``path`` stands; for a list position, its value."""
        holder, rest = self._nearest(path[:-1])
        if holder and not rest and path and path[-1] in holder.keys:
            return Place(self.file, *holder.keys[path[-1]])
        return self.place(path)

    def text(self, path: Path) -> str | None:
        """The scalar at ``path`` as the file writes it (``1.10`` stays that); None for anything else."""
        node, rest = self._nearest(path)
        return node.text if node and not rest else None

    def _nearest(self, path: Path) -> tuple[_Node | None, Path]:
        node = self._root
        for depth, part in enumerate(path):
            child = node.children.get(part) if node else None
            if child is None:
                return node, path[depth:]
            node = child
        return node, ()


def read_yaml(source: str | bytes, file: str) -> YamlDocument:
    """Read one YAML document.

    Raises InvalidInput if nothing can be made of it: too large, not UTF-8 text, not YAML, more
    than one document, nested too deep, too many aliases. ``file`` is the name in all places.
    """
    text = decode(source, file)
    builder = _Builder(file)
    try:
        root = builder.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        raise InvalidInput([Problem(_mark_place(error, file), _words(error))]) from None
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position]
        place = Place(file, before.count(b"\n") + 1, error.position - (before.rfind(b"\n") + 1) + 1)
        message = f"this is no YAML: {error.reason} (character U+{error.character:04X}); remove it"
        raise InvalidInput([Problem(place, message)]) from None
    return YamlDocument(file, root, tuple(builder.problems))


def resolve_scalar(text: str) -> Any:
    """A plain scalar's value by the core rules of YAML 1.2: ``on``, ``no`` and dates are words."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Builder:
    """Events in, one tree of nodes out."""

    def __init__(self, file: str) -> None:
        self.problems: list[tuple[Path, Problem]] = []
        self._file = file
        self._anchors: dict[str, _Node | None] = {}
        self._aliased = 0

    def document(self, events: Iterator[yaml.Event]) -> _Node | None:
        root: _Node | None = None
        for event in events:
            if isinstance(event, (yaml.StreamStartEvent, yaml.DocumentEndEvent, yaml.StreamEndEvent)):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._refused(event, "a second YAML document starts here; put it into a file of its own")
                continue
            root = self._node(event, events, ())
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.NodeEvent)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, path)
        else:
            if len(path) >= DEEPEST:
                raise self._refused(event, f"nested deeper than {DEEPEST} levels; a claim file needs five")
            collect = self._mapping if isinstance(event, yaml.MappingStartEvent) else self._sequence
            node = collect(event, events, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> _Node:
        self._refuse_tag(event, event.tag, path)
        text = event.value
        data = text if event.style else resolve_scalar(text)
        return _Node(data, *_start(event), text)

    def _sequence(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> _Node:
        items: list[Any] = []
        node = _Node(items, *_start(event))
        self._refuse_tag(event, getattr(event, "tag", None), path)
        for inner in events:
            if isinstance(inner, yaml.SequenceEndEvent):
                break
            child = self._node(inner, events, (*path, len(items)))
            node.children[len(items)] = child
            node.size += child.size
            items.append(child.data)
        return node

    def _mapping(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> _Node:
        entries: dict[str, Any] = {}
        node = _Node(entries, *_start(event))
        self._refuse_tag(event, getattr(event, "tag", None), path)
        for inner in events:
            if isinstance(inner, yaml.MappingEndEvent):
                break
            key = self._key(inner, events, path)
            child = self._node(next(events), events, (*path, key))
            node.size += child.size
            if key == "<<" and isinstance(inner, yaml.ScalarEvent) and not inner.style:
                self._flaw(path, inner, "the merge key '<<' is not part of YAML 1.2; write the keys out")
            elif key in entries:
                first = Place(self._file, *node.keys[key])
                self._flaw(path, inner, f"duplicate key {key!r}, first given at {first}; keep one of the two")
            else:
                entries[key], node.children[key], node.keys[key] = child.data, child, _start(inner)
        return node

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> str:
        # Refused before it is read: lists and mappings as keys could nest without adding to the path.
        if not isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            raise self._refused(event, _NO_WORD)
        node = self._node(event, events, path)
        if node.text is None:
            raise self._refused(event, _NO_WORD)
        return node.text

    def _alias(self, event: yaml.AliasEvent) -> _Node:
        name = str(event.anchor)
        if name not in self._anchors:
            raise self._refused(event, f"alias '*{name}' names no anchor; quote text that starts with *")
        node = self._anchors[name]
        if node is None:
            raise self._refused(event, f"alias '*{name}' stands inside its own anchor; write the value out")
        self._aliased += node.size
        if self._aliased > MOST_ALIASED:
            raise self._refused(event, f"the file's aliases stand for more than {MOST_ALIASED} values; write them out")
        return node

    def _refuse_tag(self, event: yaml.Event, tag: str | None, path: Path) -> None:
        if tag is not None:
            self._flaw(path, event, f"tag {tag!r} is refused: claim files hold plain data; remove the tag")

    def _flaw(self, path: Path, event: yaml.Event, message: str) -> None:
        self.problems.append((path, Problem(Place(self._file, *_start(event)), message)))

    def _refused(self, event: yaml.Event, message: str) -> InvalidInput:
        return InvalidInput([Problem(Place(self._file, *_start(event)), message)])


def _start(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1


def _mark_place(error: yaml.MarkedYAMLError, file: str) -> Place:
    mark = error.problem_mark or error.context_mark
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)


def _words(error: yaml.MarkedYAMLError) -> str:
    parts = [error.problem or "it cannot be parsed"]
    if error.context:
        start = f" that starts at line {error.context_mark.line + 1}" if error.context_mark else ""
        parts.append(f"{error.context}{start}")
    return f"this is no YAML: {', '.join(parts)}"
