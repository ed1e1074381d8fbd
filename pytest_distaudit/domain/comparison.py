"""Comparisons with units: ``">= 1"``, ``"< 200 ms"``, ``"99.9 %"``, ``3``.

Every number of a claim is read here. A bare number means ``==``. Units belong to a dimension;
two quantities compare only within one dimension.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

_OPERATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

#: unit -> (dimension, factor to the dimension's base unit)
_UNITS: Mapping[str, tuple[str, Decimal]] = {
    "": ("number", Decimal(1)),
    "ns": ("time", Decimal("1e-9")),
    "us": ("time", Decimal("1e-6")),
    "µs": ("time", Decimal("1e-6")),
    "ms": ("time", Decimal("1e-3")),
    "s": ("time", Decimal(1)),
    "min": ("time", Decimal(60)),
    "h": ("time", Decimal(3600)),
    "%": ("share", Decimal("0.01")),
    "B": ("size", Decimal(1)),
    "kB": ("size", Decimal(1000)),
    "MB": ("size", Decimal(1000**2)),
    "GB": ("size", Decimal(1000**3)),
    "KiB": ("size", Decimal(1024)),
    "MiB": ("size", Decimal(1024**2)),
    "GiB": ("size", Decimal(1024**3)),
    "/s": ("rate", Decimal(1)),
    "/min": ("rate", Decimal(1) / Decimal(60)),
    "/h": ("rate", Decimal(1) / Decimal(3600)),
}

_PATTERN = re.compile(
    r"\s*(?P<operator>==|!=|<=|>=|<|>)?\s*(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>[^\s\d]*)\s*"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in the base unit of its dimension: seconds, bytes, per second, or a share of 1."""

    value: Decimal
    dimension: str
    text: str

    @classmethod
    def parse(cls, text: str | float) -> Quantity:
        """Read ``"200 ms"``. Raises ValueError that names what is allowed."""
        comparison = Comparison.parse(text)
        if comparison.operator != "==" or str(text).lstrip().startswith("="):
            raise ValueError(f"{text!r} is a comparison; a plain quantity such as '10s' is wanted here")
        return comparison.quantity

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator and one quantity; ``holds(measured)`` decides."""

    operator: str
    quantity: Quantity

    @classmethod
    def parse(cls, text: str | float) -> Comparison:
        """Read a claim's number. Raises ValueError that names what is allowed."""
        if isinstance(text, bool):
            raise ValueError(f"{str(text).lower()} is no number; write one such as 3 or '>= 1'")
        match = _PATTERN.fullmatch(str(text))
        if match is None or match["unit"] not in _UNITS:
            allowed = " ".join(unit for unit in _UNITS if unit)
            raise ValueError(
                f"{text!r} is no comparison; write [== != < <= > >=] number [unit], units: {allowed}, such as '>= 1'"
            )
        dimension, factor = _UNITS[match["unit"]]
        written = f"{match['number']} {match['unit']}".strip()
        return cls(match["operator"] or "==", Quantity(Decimal(match["number"]) * factor, dimension, written))

    @property
    def dimension(self) -> str:
        """``"number"``, ``"time"``, ``"share"``, ``"size"`` or ``"rate"``."""
        return self.quantity.dimension

    def holds(self, measured: float | Decimal) -> bool:
        """Whether ``measured``, in the dimension's base unit, satisfies the comparison."""
        exact = measured if isinstance(measured, Decimal) else Decimal(str(measured))
        return _OPERATORS[self.operator](exact, self.quantity.value)

    def __str__(self) -> str:
        return str(self.quantity) if self.operator == "==" else f"{self.operator} {self.quantity}"
