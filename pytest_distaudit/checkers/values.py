"""When two values of a history are the same one: JSON's truths are no numbers, in Python they are."""

from __future__ import annotations

from collections.abc import Hashable

from pytest_distaudit.ports.history import Value

_TRUE, _FALSE = ("true",), ("false",)


def distinct(value: Value) -> Hashable:
    """A stand-in for ``value`` that equals another's only where both are the same JSON value; 1 and 1.0 are."""
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    if isinstance(value, tuple):
        return ("list", *(distinct(each) for each in value))
    return value
