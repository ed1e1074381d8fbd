"""A claim's ``with:`` and ``cases:`` against what its check declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.check import Check, Parameter, ParameterType
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.errors import Place, did_you_mean
from pytest_distaudit.sources.claim_shape import ID_PATTERN, ID_WORDS
from pytest_distaudit.sources.shape_errors import Origin, Path, describe

Report = Callable[[Place, str], None]

_ADDRESS = re.compile(r"//|@")


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a claim: ``id`` is "" for a claim without cases."""

    id: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Given:
    """A value as the claim writes it."""

    value: Any
    path: Path


@dataclass(frozen=True, slots=True)
class ParameterReader:
    """Reads the parameters of one claim; complaints go to ``report``.

    ``unread``: parameters that were given in a shape that cannot be read, and were reported.
    """

    check: Check
    origin: Origin
    report: Report
    unread: frozenset[str] = frozenset()

    def cases(self, given: Mapping[str, Any], cases: Sequence[Mapping[str, Any]] | None) -> list[Case]:
        """The claim's cases with all parameters parsed and defaults filled in."""
        shared = {name: _Given(value, ("with", name)) for name, value in given.items()}
        if cases is None:
            return [Case("", self._parsed(shared, self.origin.place(())))]
        found: list[Case] = []
        first: dict[str, Place] = {}
        for number, case in enumerate(cases):
            place = self.origin.place(("cases", number))
            own = {name: _Given(value, ("cases", number, name)) for name, value in case.items() if name != "id"}
            name = self._case_id(case, own, number)
            if name in first:
                self.report(place, f"duplicate case {name!r}, first given at {first[name]}; give one of them an 'id'")
            first.setdefault(name, place)
            found.append(Case(name, self._parsed({**shared, **own}, place)))
        return found

    def _case_id(self, case: Mapping[str, Any], own: Mapping[str, _Given], number: int) -> str:
        if "id" in case:
            given = _Given(case["id"], ("cases", number, "id"))
            text = self._text(given)
            if not re.fullmatch(ID_PATTERN.strip("^$"), text):
                self.report(self.origin.place(given.path), f"case id {text!r}: {ID_WORDS}")
            return text
        if not own:
            self.report(self.origin.place(("cases", number)), "this case is empty; give it a parameter or delete it")
            return str(number + 1)
        return slug(self._text(next(iter(own.values())))) or str(number + 1)

    def _parsed(self, given: Mapping[str, _Given], place: Place) -> dict[str, Any]:
        check, parsed = self.check, dict[str, Any]()
        for name, value in given.items():
            if name not in check.params:
                known = did_you_mean(name, check.params) if check.params else "it takes none"
                self.report(self.origin.key_place(value.path), f"check {check.name} has no parameter {name!r}; {known}")
        for name, parameter in check.params.items():
            if name in given:
                parsed[name] = self._value(name, parameter, given[name])
            elif not parameter.required:
                parsed[name] = self._default(name, parameter, place)
            elif name not in self.unread:
                message = f"check {check.name} needs parameter {name!r} ({parameter.help}); add it under 'with:'"
                self.report(place, message)
        return parsed

    def _value(self, name: str, parameter: Parameter, given: _Given) -> Any:
        place, text = self.origin.place(given.path), self._text(given)
        refuse_address(text, f"parameter {name!r}", place, self.report)
        try:
            return parse_parameter(parameter.type, given.value, text)
        except ValueError as error:
            self.report(place, f"parameter {name!r}: {error}")
            return None

    def _default(self, name: str, parameter: Parameter, place: Place) -> Any:
        if parameter.default is None:
            return None
        try:
            return parse_parameter(parameter.type, parameter.default, str(parameter.default))
        except ValueError as error:
            self.report(place, f"the default of check {self.check.name}, parameter {name!r}: {error}")
            return None

    def _text(self, given: _Given) -> str:
        written = self.origin.text(given.path)
        return str(given.value) if written is None else written


def refuse_address(text: str, what: str, place: Place, report: Report) -> None:
    """Claims come from strangers and are published: they may say what is asked, never whom by address."""
    if _ADDRESS.search(text):
        # The text is not repeated: it may hold a password.
        words = "looks like an address ('//' or '@'); claims hold names and paths, the target file holds addresses"
        report(place, f"{what} {words}")


def slug(text: str) -> str:
    """``text`` as an id: lower case, everything else than letters, digits, . and _ made a dash."""
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-")


def parse_parameter(kind: ParameterType, value: Any, text: str) -> Any:
    """str, bool or Comparison, as ``kind`` wants; ``text`` is the value as written. Raises ValueError."""
    if kind is ParameterType.FLAG:
        if text not in ("true", "True", "false", "False"):
            raise ValueError(f"true or false is wanted, not {describe(value)}")
        return text.lower() == "true"
    if kind is ParameterType.TEXT:
        if isinstance(value, bool):
            raise ValueError(f"text is wanted, not {describe(value)}; put it in quotes")
        return text
    comparison = Comparison.parse(value if isinstance(value, bool) else text)
    if kind is ParameterType.TIME and comparison.dimension != "time":
        raise ValueError(f"a time is wanted, not {text!r}; write a unit, such as '<= 200 ms'")
    if kind is ParameterType.NUMBER and comparison.dimension == "time":
        raise ValueError(f"a number is wanted, not the time {text!r}")
    return comparison
