"""Placeholders in ``native`` tables: ``{python}``, ``{port}``, ``{postgres.url}``.

``{{port}}`` stays ``{port}``, ``${HOME}`` and JSON are left alone: only a brace that holds a bare
name is a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NAME = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
_HOLE = re.compile(rf"\{{\{{(?P<literal>{_NAME})\}}\}}|(?<![${{])\{{(?P<name>{_NAME})\}}")
_FIELDS = ("argv", "env", "then", "services", "config", "scrape")


def texts(native: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(where, text) of every text in which placeholders count: ``("native.env.URL", "{postgres.url}")``."""
    for name in _FIELDS:
        yield from _texts_in(f"native.{name}", native.get(name))


def _texts_in(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts_in(f"{where}.{key}", inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _texts_in(f"{where}[{index}]", inner)


def mentioned(text: str) -> Iterator[str]:
    """The names of the placeholders in ``text``, in order."""
    for hole in _HOLE.finditer(text):
        if hole["name"]:
            yield hole["name"]


def system_of(name: str) -> str | None:
    """The system that a placeholder's name speaks of: ``a-b`` for ``a-b.url``, None for ``port``."""
    return name.rpartition(".")[0] or None


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with every placeholder replaced. Raises KeyError on an unknown name."""
    return _HOLE.sub(lambda hole: f"{{{hole['literal']}}}" if hole["literal"] else values[hole["name"]], text)


def every_text(value: Any, change: Callable[[str], str]) -> Any:
    """The value, as plain tables and lists, with each text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: every_text(inner, change) for key, inner in value.items()}
    return [every_text(inner, change) for inner in value] if isinstance(value, (list, tuple)) else value
