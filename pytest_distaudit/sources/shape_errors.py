"""What pydantic found wrong, in the project's words and at the places of the file."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, Protocol, get_args, get_type_hints

from pydantic import ValidationError

from pytest_distaudit.domain.errors import Place, Problem, did_you_mean

Path = tuple[str | int, ...]

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "dataclass_type": "a mapping",
}


class Origin(Protocol):
    """Where the parts of one piece of input stand in its file."""

    def place(self, path: Path) -> Place:
        """Where the value at ``path`` stands, or the nearest around it."""

    def key_place(self, path: Path) -> Place:
        """Where its key stands."""

    def text(self, path: Path) -> str | None:
        """The scalar as it is written; None if unknown."""


def shape_problems(error: ValidationError, shape: type, origin: Origin) -> list[Problem]:
    """One problem for each of pydantic's. ``shape`` is the dataclass that was wanted."""
    return [_problem(found, shape, origin) for found in error.errors(include_url=False)]


def _problem(found: Any, shape: type, origin: Origin) -> Problem:
    # "[key]" marks an error about a mapping's key; the key itself precedes it.
    path: Path = tuple(part for part in found["loc"] if part != "[key]")
    if found["type"] == "unexpected_keyword_argument":
        known = did_you_mean(str(path[-1]), _keys_at(shape, path[:-1]))
        return Problem(origin.key_place(path), f"unknown key {path[-1]!r}; {known}")
    if found["type"] == "missing":
        holder = f" in {path[-2]!r}" if len(path) > 1 else ""
        return Problem(origin.place(path[:-1]), f"{path[-1]!r} is missing{holder}")
    return Problem(origin.place(path), f"{_subject(path)} {_complaint(found)}")


def _subject(path: Path) -> str:
    if not path:
        return "this"
    if isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of {path[-2]!r}" if len(path) > 1 else f"entry {path[-1] + 1}"
    return repr(path[-1])


def _complaint(found: Any) -> str:
    kind, value = found["type"], found["input"]
    if kind in _WANTED:
        quotes = "; put it in quotes" if kind == "string_type" and isinstance(value, (bool, int, float)) else ""
        return f"must be {_WANTED[kind]}, not {describe(value)}{quotes}"
    if kind in ("string_too_short", "too_short"):
        return "is empty; fill it or delete it"
    if kind in ("literal_error", "enum"):
        allowed = [word.strip(" '") for word in found["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return f"cannot be {describe(value)}; {did_you_mean(str(value), allowed)}"
    if kind == "value_error":
        return f"cannot be {describe(value)}: {found['ctx']['error']}"
    return f"cannot be {describe(value)}: {found['msg'][:1].lower()}{found['msg'][1:]}"


def describe(value: Any) -> str:
    """A value in an error: short, and telling its type."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}" if len(str(value)) < 40 else "a long number"
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:79] + "…")
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else str(type(value).__name__)


def _keys_at(shape: Any, path: Path) -> list[str]:
    for part in path:
        shape = _inner(shape, part)
    shape = _unwrapped(shape)
    return [_key(entry.name) for entry in fields(shape)] if is_dataclass(shape) else []


def _inner(shape: Any, part: str | int) -> Any:
    shape = _unwrapped(shape)
    if is_dataclass(shape):
        return {_key(name): hint for name, hint in get_type_hints(shape).items()}.get(str(part))
    return (get_args(shape) or (None,))[-1]


def _unwrapped(shape: Any) -> Any:
    """X for ``X | None``."""
    parts = get_args(shape)
    others = [part for part in parts if part is not NoneType]
    return others[0] if len(others) == 1 and len(parts) == 2 and NoneType in parts else shape


def _key(name: str) -> str:
    """``with`` and ``from`` are Python's words, so their fields end in an underscore."""
    return name.removesuffix("_")
