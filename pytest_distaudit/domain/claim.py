"""The claim: one checkable statement of a document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.verdict import Severity


class Expect(StrEnum):
    """Whether the document says that something is so, or that it is not."""

    PRESENT = "present"
    ABSENT = "absent"


class Span(StrEnum):
    """How a claim relates to time."""

    WITHIN = "within"
    HOLDS_FOR = "holds_for"
    NEVER_FOR = "never_for"


@dataclass(frozen=True, slots=True)
class Timing:
    """``within`` 10 s, ``holds_for`` 30 s or ``never_for`` 30 s; ``seconds`` > 0."""

    span: Span
    seconds: float

    def __str__(self) -> str:
        return f"{self.span.value} {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A refuted claim that somebody answers for until a date (inclusive)."""

    until: date
    owner: str
    reason: str

    def active(self, on: date) -> bool:
        """Whether the waiver still holds on that day."""
        return on <= self.until


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of a document and the check that decides it.

    ``roles`` maps the check's role names to a system name or a glob over system names.
    ``params`` holds the validated parameters: str, bool, Comparison or Quantity.
    ``case`` is "" for a claim without cases. ``key`` names the claim (and case) in every report.
    """

    id: str
    check: str
    roles: Mapping[str, str]
    place: Place
    quote: str = ""
    document: str = ""
    line: int = 0
    area: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    timing: Timing | None = None
    activity: str | None = None
    operation: str | None = None
    action: str | None = None
    expect: Expect = Expect.PRESENT
    severity: Severity = Severity.MAJOR
    targets: tuple[str, ...] = ()
    case: str = ""
    waiver: Waiver | None = None
    #: why it has never been true so far, "" for a claim that has to hold
    pending: str = ""

    @property
    def statement(self) -> str:
        """A short digest of what it says: equal for two claims that the same evidence decides the same way."""
        told = {
            "check": self.check,
            "roles": dict(self.roles),
            "with": {name: _canonical(value) for name, value in self.params.items()},
            "timing": self.timing and [self.timing.span.value, self.timing.seconds],
            "performs": [self.activity, self.operation, self.action],
            "expect": self.expect.value,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the target's operations that it has asked; ``operation`` separates several by commas."""
        return tuple(name.strip() for name in (self.operation or "").split(",") if name.strip())

    @property
    def key(self) -> str:
        """``id`` or ``id[case]``: unique over all claim files."""
        return f"{self.id}[{self.case}]" if self.case else self.id

    def __getitem__(self, parameter: str) -> Any:
        """The parameter of that name; the check declares it, so it is there."""
        return self.params[parameter]

    def number(self, name: str) -> float:
        """A number of the claim in the base unit of its dimension; a share of 1 for per cent."""
        return float(self.params[name].quantity.value)


def _canonical(value: Any) -> Any:
    """A parameter as JSON; "1 s" and "1000 ms" are the same."""
    if isinstance(value, Comparison):
        return [value.operator, str(value.quantity.value.normalize()), value.dimension]
    return value if value is None or isinstance(value, (bool, str)) else str(value)
