"""Capabilities to JSON and back. Judges always see the decoded form, live and replayed alike."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

C = TypeVar("C")


@cache
def _adapter(capability: Any) -> TypeAdapter[Any]:
    return TypeAdapter(capability)


def to_json(fact: Any) -> Any:
    """A capability as plain JSON values."""
    kind: Any = type(fact)
    return _adapter(kind).dump_python(fact, mode="json")


def from_json(capability: type[C], value: Any) -> C:
    """The capability again. Raises pydantic.ValidationError if it does not fit."""
    wanted: Any = capability
    fact: C = _adapter(wanted).validate_python(value)
    return fact
