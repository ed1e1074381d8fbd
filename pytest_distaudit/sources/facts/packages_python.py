"""Python's manifests: ``pyproject.toml`` and requirements files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from pytest_distaudit.domain.facts import Dependency, Toolchain
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.yaml_nodes import Unreadable

REQUIREMENTS = re.compile(r"(?:^|/)requirements[\w.-]*\.(?:txt|in)$|(?:^|/)requirements/[\w.-]+\.(?:txt|in)$")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(.*)")


def read_requirements(file: str, text: str) -> Iterator[Dependency]:
    """One requirement a line; options, links and comments are left out."""
    for number, line in enumerate(text.split("\n"), 1):
        written = line.partition(" #")[0].strip()
        match = None if written.startswith(("#", "-")) or "://" in written else _REQUIREMENT.match(written)
        if match:
            yield Dependency("python", match[1], match[2].partition(";")[0].strip(), Spot(file, number))


def toml(text: str) -> dict[str, Any]:
    """A TOML file's tables. Raises Unreadable."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise Unreadable(f"no TOML: {str(error)[:200]}") from None


def read_pyproject(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """What the project and its extras need, as the standard and as Poetry write it."""
    data = toml(text)
    project, poetry = _table(data, "project"), _table(data, "tool", "poetry")
    asked = [item for item in _list(project.get("dependencies")) if isinstance(item, str)]
    for extra in _table(project, "optional-dependencies").values():
        asked.extend(item for item in _list(extra) if isinstance(item, str))
    for written in asked:
        match = _REQUIREMENT.match(written)
        if match:
            yield Dependency("python", match[1], match[2].partition(";")[0].strip(), Spot(file, line_of(text, written)))
    for name, value in _table(poetry, "dependencies").items():
        version = value if isinstance(value, str) else ""
        yield Dependency("python", name, version, Spot(file, line_of(text, name)))


def _table(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        found = data.get(key)
        data = found if isinstance(found, dict) else {}
    return data


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def line_of(text: str, written: str) -> int:
    """The line where something is first written; 0 if nowhere."""
    offset = text.find(written)
    return text.count("\n", 0, offset) + 1 if offset >= 0 else 0
