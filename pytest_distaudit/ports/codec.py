"""Capabilities to JSON and back. Judges always see the decoded form, live and replayed alike."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

C = TypeVar("C")


@cache
def _adapter(capability: Any) -> TypeAdapter[Any]:
    return TypeAdapter(capability)


def to_json(value: object) -> Any:
    """A capability as plain JSON values."""
    return _adapter(type(value)).dump_python(value, mode="json")


def from_json(capability: type[C], value: Any) -> C:
    """The capability again. Raises pydantic.ValidationError if it does not fit."""
    fact: C = _adapter(capability).validate_python(value)
    return fact
