"""An earlier ``--distaudit-json`` file, as far as a comparison needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr, TypeAdapter, ValidationError

from pytest_distaudit.domain.drift import Earlier, EarlierClaim
from pytest_distaudit.domain.errors import InvalidInput, Place, Problem
from pytest_distaudit.sources.source_text import read_text

#: A larger file is none of ours: 2,000 claims with their evidence take a tenth of it.
LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class _Claim:
    id: StrictStr
    verdict: Literal["verified", "refuted", "unverifiable", "waived"]
    case: StrictStr | None = None
    reason: StrictStr | None = None
    actual: StrictStr = ""
    since: StrictStr | None = None
    statement: StrictStr | None = None


@dataclass(frozen=True)
class _Audit:
    schema_: Annotated[Literal["distaudit/1"], Field(alias="schema")]
    started: StrictStr
    target: StrictStr | None = None
    claims: list[_Claim] = field(default_factory=list)


_FILE: TypeAdapter[_Audit] = TypeAdapter(_Audit)


def read_earlier(path: Path, file: str) -> Earlier:
    """The audit that the file holds; ``file`` is its name in errors. Raises InvalidInput."""
    text = read_text(path, file, LARGEST)
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = Place(file, getattr(error, "lineno", 0), getattr(error, "colno", 0))
        raise InvalidInput([Problem(place, f"this is no JSON: {getattr(error, 'msg', error)}; {_NEXT}")]) from None
    try:
        audit = _FILE.validate_python(told)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in found["loc"]) or "the file"
        message = f"{where}: {found['msg'][:1].lower()}{found['msg'][1:]}; {_NEXT}"
        raise InvalidInput([Problem(Place(file), message)]) from None
    return Earlier(file, audit.started, audit.target or "", {_key(one): _claim(one, audit) for one in audit.claims})


_NEXT = "name a file that --distaudit-json wrote"


def _key(one: _Claim) -> str:
    return f"{one.id}[{one.case}]" if one.case else one.id


def _claim(one: _Claim, audit: _Audit) -> EarlierClaim:
    verdict = f"{one.verdict}({one.reason})" if one.reason else one.verdict
    return EarlierClaim(verdict, one.actual, one.since or audit.started, one.statement or "")
