"""The baseline: a JSON file (YAML is read as well) of claims that are known not to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictStr, TypeAdapter, ValidationError

from pytest_distaudit.domain.errors import InvalidInput, Problem
from pytest_distaudit.domain.tolerance import Known
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.sources.claim_shape import Text
from pytest_distaudit.sources.shape_errors import shape_problems
from pytest_distaudit.sources.source_text import read_bytes
from pytest_distaudit.sources.yaml_reader import YamlDocument, read_yaml

SCHEMA = "distaudit-baseline/1"
_REFUSING = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class KnownEntry:
    """One claim that is known not to hold; see :class:`Known`."""

    __pydantic_config__ = _REFUSING

    claim: Text
    check: Text
    statement: StrictStr
    severity: Literal["critical", "major", "minor"]
    verdict: Literal["refuted", "unverifiable"]
    target: StrictStr | None = None
    blocked_by: Text | None = None
    actual: StrictStr = ""
    since: StrictStr = ""


@dataclass(frozen=True)
class BaselineEntry:
    """The whole file."""

    __pydantic_config__ = _REFUSING

    schema_: Annotated[Literal["distaudit-baseline/1"], Field(alias="schema")]
    claims: list[KnownEntry] = field(default_factory=list)


_FILE: TypeAdapter[BaselineEntry] = TypeAdapter(BaselineEntry)


def read_baseline(path: Path, file: str) -> tuple[Known, ...]:
    """What the file says, in its order; ``file`` is its name in every place.

    Raises InvalidInput with all that is wrong with it; a file that is not there is wrong, too.
    """
    return parse_baseline(read_bytes(path, file), file)


def parse_baseline(source: bytes, file: str) -> tuple[Known, ...]:
    """Like :func:`read_baseline`, of the file's bytes."""
    document = read_yaml(source, file)
    problems = [problem for _, problem in document.problems]
    try:
        entry = _FILE.validate_python(document.data)
    except ValidationError as error:
        raise InvalidInput([*problems, *shape_problems(error, BaselineEntry, document)]) from None
    problems += _nonsense(entry, document)
    if problems:
        raise InvalidInput(sorted(set(problems)))
    return tuple(_known(one) for one in entry.claims)


def _known(one: KnownEntry) -> Known:
    told: dict[str, Any] = {**vars(one), "verdict": Verdict(one.verdict), "target": one.target or ""}
    return Known(**told)


def _nonsense(entry: BaselineEntry, document: YamlDocument) -> Iterator[Problem]:
    """Entries that would hide more than they may, or the same twice."""
    first: dict[tuple[str, str | None], int] = {}
    for at, one in enumerate(entry.claims):
        place = document.place(("claims", at))
        if one.verdict == "unverifiable" and one.blocked_by is None:
            rule = "only what waits for another claim may be unverifiable in a baseline"
            yield Problem(place, f"{one.claim!r} is unverifiable without 'blocked_by': {rule}; delete the entry")
        if one.verdict == "refuted" and one.blocked_by is not None:
            yield Problem(place, f"{one.claim!r} is refuted and 'blocked_by': it cannot be both; delete one of the two")
        before = first.setdefault((one.claim, one.target), at)
        if before != at:
            told = document.place(("claims", before))
            yield Problem(place, f"duplicate entry for {one.claim!r}, first given at {told}; keep one of the two")
