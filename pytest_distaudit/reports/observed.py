"""What was observed as a document that carries its own claims: frozen, it is audited from then on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pytest_distaudit.reports.markup import prose

#: how such a document is known: what it mentions was not claimed by anybody
OBSERVED = "<!-- distaudit: observed -->"

_SLUG = re.compile(r"[^a-z0-9._-]+")
#: what would end the comment, begin another line, or looks like an address, which claims never hold
_UNWRITABLE = re.compile(r"--!?>|[\x00-\x1f\x7f-\x9f\u2028\u2029]|//|@")


@dataclass(frozen=True, slots=True)
class Observed:
    """One claim that a look lets make, and what came of it. ``mentioned``: its names stand in some document."""

    system: str
    check: str
    role: str
    params: Mapping[str, Any]
    says: str
    actual: str
    because: str
    holds: bool
    refuted: bool
    mentioned: bool


def document(target: str, day: str, found: Iterable[Observed]) -> Iterator[str]:
    """Its lines, as soon as they are known; foreign text in them does nothing."""
    yield f"# What {prose(target)} is"
    yield ""
    yield f"{OBSERVED}"
    yield f"Observed on {day}. Each line below is a claim that held: `pytest --distaudit` judges them from now on."
    seen: list[Observed] = []
    taken: dict[str, int] = {}
    for system, group in groupby(found, key=lambda one: one.system):
        of_system = list(group)
        seen += of_system
        if lines := [line for one in of_system if one.holds and (line := _line(one, taken))]:
            yield from ("", f"## {prose(system)}", "", *lines)
    yield from _section("Does not hold", (f"{_where(one)}: {prose(one.actual)}" for one in seen if one.refuted))
    open_ones = (one for one in seen if not one.holds and not one.refuted)
    yield from _section(
        "Could not be told", (f"{_where(one)}: {prose(one.because or one.actual)}" for one in open_ones)
    )
    unknown = dict.fromkeys(_named(one) for one in seen if not one.mentioned)
    yield from _section("Runs, and no document mentions it", unknown)


def _section(title: str, entries: Iterable[str]) -> list[str]:
    lines = [f"- {entry}" for entry in entries]
    return ["", f"## {title}", "", *lines] if lines else []


def _where(one: Observed) -> str:
    return f"{prose(one.system)}, {one.check}{_given(one)}"


def _given(one: Observed) -> str:
    return "".join(f" {name}={prose(str(value))}" for name, value in one.params.items())


def thing(params: Mapping[str, Any]) -> str:
    """The name of what a claim is about within its system; "" if it is about the system."""
    return next((value for name, value in params.items() if isinstance(value, str) and name != "version"), "")


def _named(one: Observed) -> str:
    name = thing(one.params)
    return f"{prose(name)} of {prose(one.system)}" if name else prose(one.system)


def _line(one: Observed, taken: dict[str, int]) -> str:
    """The claim behind its sentence; "" where a comment cannot hold its words."""
    words = {one.role: one.system, **one.params}
    if any(_UNWRITABLE.search(str(value)) for value in words.values()):
        return ""
    given = " ".join(f"{name}={shlex.quote(_text(value))}" for name, value in words.items())
    return f"- {prose(f'{one.system}: {one.says}')} <!-- claim: {one.check} id={_id(one, taken)} {given} -->"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _id(one: Observed, taken: dict[str, int]) -> str:
    words = ("observed", one.system, one.check.replace(".", "-"), thing(one.params))
    name = _SLUG.sub("-", "-".join(filter(None, words)).lower()).strip("-")
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}-{taken[name]}"
