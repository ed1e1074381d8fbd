"""What a claim file may hold, as types: pydantic validates with them and makes the JSON schema of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, StrictStr, WithJsonSchema

ID_PATTERN = r"^[a-z0-9._-]+$"
ID_WORDS = "only lower case letters, digits, '.', '_' and '-' are allowed"
TIME_PATTERN = r"^\s*\d+(\.\d+)?\s*(ns|us|µs|ms|s|min|h)\s*$"

_REFUSING = ConfigDict(extra="forbid")
_SCALAR = {"type": ["string", "number", "boolean"]}


def _scalar(value: Any) -> Any:
    if isinstance(value, (str, int, float)):
        return value
    raise ValueError("a text, a number, true or false is wanted")


def _identifier(value: str) -> str:
    if re.fullmatch(ID_PATTERN.strip("^$"), value):
        return value
    raise ValueError(ID_WORDS)


def _names(value: Any) -> Any:
    if isinstance(value, str) or (value and isinstance(value, list) and all(isinstance(part, str) for part in value)):
        return value
    raise ValueError("the name of a system is wanted, a glob over names or a list of names")


def _pending(value: Any) -> Any:
    if value is True or (isinstance(value, str) and value.strip()):
        return value
    raise ValueError("write true or the reason, or delete the key: a claim without it has to hold")


Text = Annotated[StrictStr, Field(min_length=1)]
Scalar = Annotated[Any, AfterValidator(_scalar), WithJsonSchema(_SCALAR)]
#: Text; a bare number is let through so that the time reader can ask for its unit.
TimeSpan = Annotated[Any, AfterValidator(_scalar), WithJsonSchema({"type": "string", "pattern": TIME_PATTERN})]
Systems = Annotated[
    Any,
    AfterValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


@dataclass(frozen=True)
class WaiverEntry:
    """A refuted claim that somebody answers for until a date, inclusive."""

    __pydantic_config__ = _REFUSING

    until: Annotated[StrictStr, Field(description="last day, such as 2027-01-31", json_schema_extra={"format": "date"})]
    owner: Annotated[Text, Field(description="who answers for it")]
    reason: Annotated[Text, Field(description="why it may be untrue until then")]


@dataclass(frozen=True)
class ClaimEntry:
    """One statement of the document and the check that decides it."""

    __pydantic_config__ = _REFUSING

    id: Annotated[
        StrictStr,
        AfterValidator(_identifier),
        Field(description="unique over all claim files", json_schema_extra={"pattern": ID_PATTERN}),
    ]
    quote: Annotated[Text, Field(description="text of the document, found in one paragraph, heading, item or row")]
    check: Annotated[Text, Field(description="the rule that decides it; pytest --distaudit-checks lists them")]
    line: Annotated[StrictInt | None, Field(ge=1, description="the quote's line, if it stands there twice")] = None
    system: Annotated[Systems | None, Field(description="the system that the claim is about")] = None
    roles: Annotated[dict[StrictStr, Systems], Field(description="role of the check: system or glob over systems")] = (
        field(default_factory=dict)
    )
    with_: Annotated[
        dict[StrictStr, Scalar], Field(alias="with", description="the check's parameters; numbers take == != < <= > >=")
    ] = field(default_factory=dict)
    within: Annotated[TimeSpan | None, Field(description="it comes true in this time, such as 10s")] = None
    holds_for: Annotated[TimeSpan | None, Field(description="it stays true for this time")] = None
    never_for: Annotated[TimeSpan | None, Field(description="it is false for all of this time")] = None
    activity: Annotated[Text | None, Field(description="the target's activity that the check performs")] = None
    operation: Annotated[Text | None, Field(description="the target's operation that the check performs")] = None
    action: Annotated[Text | None, Field(description="the target's action that the check performs")] = None
    expect: Annotated[
        Literal["present", "absent"], Field(description="absent: the document says that it is not so")
    ] = "present"
    severity: Annotated[
        Literal["critical", "major", "minor"], Field(description="how much it hurts when it is refuted")
    ] = "major"
    targets: Annotated[list[Text] | None, Field(min_length=1, description="judged on these only; default: all")] = None
    cases: Annotated[
        list[dict[StrictStr, Scalar]] | None,
        Field(min_length=1, description="one test for each; keys override those of 'with', id names the case"),
    ] = None
    waiver: WaiverEntry | None = None
    pending: Annotated[
        Any,
        AfterValidator(_pending),
        WithJsonSchema({"anyOf": [{"const": True}, {"type": "string", "minLength": 1}]}),
        Field(description="it has never been true yet: true, or why; once it is true this has to be deleted"),
    ] = None


E = TypeVar("E")


@dataclass(frozen=True)
class ClaimsPage(Generic[E]):
    """The claims of one document."""

    __pydantic_config__ = _REFUSING

    claims: Annotated[list[E], Field(min_length=1)]
    document: Annotated[Text | None, Field(description="path of the document, from the project's root")] = None
    area: Annotated[Text | None, Field(description="what the claims are about; default: this file's name")] = None
