"""Source text as statements that can be compared: without comments, imports, and whatever is fixed.

Two texts that differ in nothing but that are one program with other settings.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pytest_distaudit.ports.programs import Source

_RUN = 3
#: values in lists, mappings and sums are as fixed as each of them
_COMPOSED = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp)
_MEMBERS = {"elts", "keys", "values"}
_ALL_FIXED = {"c", "[]", "[c]"}
_FIXED = "c"
_WORD = re.compile(r"[^\W\d]\w*")
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_IGNORED = {"ctx", "type_comment", "kind", "decorator_list", "lineno"}
_NAMES = {"id", "attr", "arg", "name", "names", "module", "asname", "rest"}
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|\b\d[\w.]*")
_NOTE = re.compile(r"/\*.*?\*/|^\s*(?://|#).*?$", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r"\s*(?:import\b|use\b|export\s.*\bfrom\b|require(?:_relative|_once)?\b|.*\brequire\(|source\b)")
_TRIFLE = 3


class Unreadable(Exception):
    """The text is none of the language that it should be."""


@dataclass(frozen=True)
class Text:
    """A source file; ``tree`` where it is Python. ``written``: its path as its process knows it."""

    written: str
    content: str
    tree: ast.Module | None = None

    @classmethod
    def read(cls, written: str, content: str, python: bool) -> Text:
        """Raises Unreadable."""
        try:
            return cls(written, content, ast.parse(content) if python else None)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Unreadable(f"{written} cannot be read by this version of Python") from error


def sources(texts: Sequence[Text]) -> tuple[Source, ...]:
    """All files of one program, in order; what is defined and never named by any of them is left out."""
    named = _named([text.tree for text in texts if text.tree is not None])
    return tuple(_source(text, named) for text in texts)


def _source(text: Text, named: Collection[str]) -> Source:
    if text.tree is None:
        with_names = list(_lines(text.content))
        without = [_WORD.sub(_FIXED, line) for line in with_names]
    else:
        nodes = list(_statements(text.tree.body, named))
        with_names = [_told(node, True) for node in nodes]
        without = [_told(node, False) for node in nodes]
    runs = ["\n".join(without[at : at + _RUN]) for at in range(len(without) - _RUN + 1)]
    return Source(text.written, tuple(map(_short, with_names)), tuple(map(_short, runs)))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6]


# --- Python


def _statements(body: Iterable[ast.AST], named: Collection[str] | None) -> Iterator[ast.AST]:
    """Every statement that says something, those inside others too; ``named`` None: all definitions count."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal)) or _only_told(node):
            continue
        if named is not None and _is_idle(node, named):
            continue
        yield node
        for block in _BLOCKS:
            yield from _statements(getattr(node, block, ()), None)


def _only_told(node: ast.AST) -> bool:
    """A docstring, or any other text or number that stands for itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_idle(node: ast.AST, named: Collection[str]) -> bool:
    definition = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return definition and not node.decorator_list and node.name not in named  # type: ignore[attr-defined]


def _told(node: ast.AST, names: bool) -> str:
    """The statement without its blocks, in one form however it is laid out."""
    if isinstance(node, ast.Constant):
        return _FIXED
    parts = [
        _part(key, value, names)
        for key, value in ast.iter_fields(node)
        if key not in _IGNORED and not (key in _BLOCKS and isinstance(value, list))
    ]
    if isinstance(node, _COMPOSED) and set(parts) <= _ALL_FIXED:
        return _FIXED
    return f"{type(node).__name__}({','.join(parts)})"


def _part(key: str, value: object, names: bool) -> str:
    if isinstance(value, (ast.operator, ast.unaryop)):
        return _FIXED
    if isinstance(value, ast.AST):
        return _told(value, names)
    if isinstance(value, list):
        told = [_part(key, one, names) for one in value]
        return f"[{','.join(dict.fromkeys(told) if key in _MEMBERS else told)}]"
    return str(value) if names or key not in _NAMES else "n"


@dataclass
class _Definition:
    name: str
    words: set[str] = field(default_factory=set)


def _named(trees: Sequence[ast.Module]) -> set[str]:
    """Every name that the running parts of a program say, those that they only reach by others too."""
    named, waiting = set[str](), list[_Definition]()
    for tree in trees:
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.decorator_list:
                waiting.append(_Definition(node.name, set(_words(node))))
            else:
                named |= set(_words(node))
    if named & {"globals", "vars", "getattr", "eval", "exec"}:
        return named.union(*(one.words | {one.name} for one in waiting))
    while found := [one for one in waiting if one.name in named]:
        waiting = [one for one in waiting if one.name not in named]
        named = named.union(*(one.words for one in found))
    return named


def _words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield from _WORD.findall(each.value)


# --- other languages


def _lines(content: str) -> Iterator[str]:
    for line in _NOTE.sub("", content).splitlines():
        if _IMPORT.match(line):
            continue
        plain = "".join(_LITERAL.sub(_FIXED, line).split()).rstrip(";,")
        if len(plain) >= _TRIFLE:
            yield plain
