"""The keys of claim files, from the JSON schema that validates them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.markdown import code, page, plain, table
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.sources.schema import claim_schema

_TITLES = {"ClaimEntry": "A claim", "WaiverEntry": "A waiver"}


def claim_file_page() -> str:
    """The reference page."""
    schema = claim_schema()
    parts = [
        "A claim file is YAML and holds the claims of one document. The page is made of `claim.schema.json`, which "
        "editors read, too: begin a file with `# yaml-language-server: $schema=` and the path or address of that file.",
        "YAML is read as version 1.2 has it: only `true` and `false` are booleans; a key that stands twice is refused.",
        "## A claim file",
        _keys(schema),
    ]
    for name, part in schema["$defs"].items():
        parts += [f"## {_TITLES[name]}", part["description"], _keys(part)]
    parts += [_numbers(), _INLINE]
    return page("Claim files", *parts)


def _keys(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        [code(key), kind(part), _default(part, key in required), plain(_described(key, part))]
        for key, part in schema["properties"].items()
    ]
    return table(["key", "type", "default", "meaning"], rows)


def _described(key: str, part: Mapping[str, Any]) -> str:
    if "description" in part:
        return str(part["description"])
    return {"claims": "the claims, at least one", "waiver": "who answers for it while it is untrue"}[key]


def _default(part: Mapping[str, Any], required: bool) -> str:
    if required:
        return "required"
    return code(str(part["default"])) if part.get("default") else "none"


def kind(part: Mapping[str, Any]) -> str:
    """The type in words."""
    return " or ".join(dict.fromkeys(_kinds(part)))


def _kinds(part: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in part:
        yield f"a table, see {code(part['$ref'].rpartition('/')[2].removesuffix('Entry').lower())}"
    elif "anyOf" in part:
        for one in part["anyOf"]:
            yield from _kinds(one)
    elif "enum" in part:
        yield ", ".join(code(str(one)) for one in part["enum"])
    elif part.get("type") in ("array", "object"):
        yield _holder(part)
    else:
        yield from _plain(part)


def _holder(part: Mapping[str, Any]) -> str:
    """A list or a table, and what it holds."""
    if part["type"] == "array":
        each = kind(part["items"])
        return f"a list of {_MANY.get(each, each)}"
    values = part.get("additionalProperties")
    return "a table of texts" if isinstance(values, Mapping) and kind(values) == "text" else "a table"


def _plain(part: Mapping[str, Any]) -> Iterator[str]:
    """A single value; a schema may allow several types of it."""
    if "pattern" in part and "min" in part["pattern"]:
        yield "a time"
    elif part.get("format") == "date":
        yield "a day"
    else:
        types = part.get("type", "")
        yield from (_WORDS.get(one, "anything") for one in ([types] if isinstance(types, str) else types))


_MANY = {"text": "texts", "a whole number": "whole numbers", "a table": "tables"}
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def _units() -> list[str]:
    """Every unit that a number may have, from the words with which another one is refused."""
    try:
        Comparison.parse("1 parsec")
    except ValueError as error:
        return str(error).partition("units: ")[2].partition(",")[0].split()
    raise AssertionError("parsecs are no unit")


def _numbers() -> str:
    return f"""\
## Numbers and times

Numbers of a check's parameters take `==`, `!=`, `<`, `<=`, `>` and `>=`; a bare number means `==`. A unit may stand
after the number: {", ".join(map(code, _units()))}. A time always has its unit.
"""


_INLINE = """\
## In the document

A claim may stand in the document itself, as a comment after its sentence: the check, then `key=value`. A key that is
none of a claim is a role or a parameter of the check. What needs a table (`waiver`, `cases`) needs a claim file.

```markdown
New tasks wait in the durable queue `tasks`.

<!-- claim: queue.exists system=rabbitmq queue=tasks id=task-queue-declared severity=critical -->
```
"""
