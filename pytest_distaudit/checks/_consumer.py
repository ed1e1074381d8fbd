"""What a consumer of a REST interface counts on: its calls, and whether a schema or an answer grants them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_distaudit.checks._openapi import Operation, mismatch
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason

_LISTS = ("calls", "interactions")
_PLACEHOLDER = re.compile(r"\\\{.*?\\\}")
_DEEPEST = 20
_OF_A_WHOLE = ("not", "if", "then", "else", "contains", "dependentRequired", "dependentSchemas", "dependencies")
#: the consumer gave no body to count on
NOTHING = object()


@dataclass(frozen=True, slots=True)
class Call:
    """One documented call. ``body``: an example of what the consumer reads of the answer, else NOTHING."""

    method: str
    path: str
    status: int
    body: Any = NOTHING

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def calls_of(content: Any) -> tuple[Call, ...]:
    """``calls`` (or a Pact file's ``interactions``) of ``request`` and ``response``. Raises Unobservable."""
    lists = [content[key] for key in _LISTS if key in content] if isinstance(content, Mapping) else []
    if not lists or not isinstance(lists[0], list):
        because = "the consumer's file has no list of calls, each with a request (method, path) and a response (status)"
        raise Unobservable(Reason.PROTOCOL_ERROR, because)
    return tuple(_call(number, one) for number, one in enumerate(lists[0], 1))


def _call(number: int, told: Any) -> Call:
    try:
        request, response = told["request"], told["response"]
        call = Call(str(request["method"]).upper(), str(request["path"]), int(response["status"]))
        return replace(call, body=response["body"]) if "body" in response else call
    except (KeyError, TypeError, ValueError):
        because = f"call {number} lacks a request with method and path, or a response with a status"
        raise Unobservable(Reason.PROTOCOL_ERROR, because) from None


def operation_for(call: Call, operations: Sequence[Operation]) -> Operation | None:
    """The published operation that the call meets; fixed parts win over placeholders."""
    plain = call.path.partition("?")[0]
    met = [one for one in operations if one.method == call.method and _pattern(one.path).fullmatch(plain)]
    return min(met, key=lambda one: one.path.count("{"), default=None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(path)))


def not_promised(operation: Operation, schema: Any, body: Any) -> str:
    """What of the example the schema does not promise, "" if all.

    Raises Unobservable(vacuous) where the schema would allow anything.
    """
    flaw = mismatch(replace(operation, shared=_partial(operation.shared)), _partial(schema), body)
    return flaw or _undeclared(operation, [schema], body, "$")


def _partial(schema: Any) -> Any:
    """The schema for a part of what it describes: consumers write down only what they read."""
    if isinstance(schema, list):
        return [_partial(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    partial = {key: _partial(value) for key, value in schema.items() if not _wants_all(key, value)}
    if isinstance(properties := schema.get("properties"), Mapping):
        partial["properties"] = {name: _partial(one) for name, one in properties.items()}
    if isinstance(partial.get("oneOf"), list):
        # a part of what fits exactly one of them may fit several
        partial.setdefault("anyOf", partial.pop("oneOf"))
    return partial


def _wants_all(key: str, value: Any) -> bool:
    """Whether the keyword speaks of a whole, which an example of a part cannot satisfy."""
    return key in _OF_A_WHOLE or (key in ("required", "minProperties", "minItems") and not isinstance(value, Mapping))


def _undeclared(operation: Operation, schemas: Sequence[Any], body: Any, place: str) -> str:
    """The first field of the example that no schema declares."""
    parts = [part for schema in schemas for part in _parts(operation, schema, 0)]
    if isinstance(body, Mapping):
        fields = (_undeclared_field(operation, parts, name, value, place) for name, value in body.items())
        return next(filter(None, fields), "")
    if isinstance(body, list):
        items = [part["items"] for part in parts if "items" in part]
        if body and not items:
            _vacuous(operation, place, "any list")
        return next(filter(None, (_undeclared(operation, items, one, f"{place}[]") for one in body)), "")
    if not any(set(part) & {"type", "enum", "const"} for part in parts):
        _vacuous(operation, place, "anything")
    return ""


def _undeclared_field(
    operation: Operation, parts: Sequence[Mapping[str, Any]], name: str, value: Any, place: str
) -> str:
    found = [one for part in parts if (one := _field(part, name)) is not None]
    if found:
        return _undeclared(operation, found, value, f"{place}.{name}")
    if not any(isinstance(part.get("properties"), Mapping) for part in parts):
        _vacuous(operation, place, "any object")
    return f"{place}.{name} is not published"


def _vacuous(operation: Operation, place: str, what: str) -> None:
    raise Unobservable(Reason.VACUOUS, f"{operation}: the published schema allows {what} at {place}")


def _field(part: Mapping[str, Any], name: str) -> Any:
    """The schema of a field, None if it is not declared."""
    properties, more = part.get("properties"), part.get("additionalProperties")
    if isinstance(properties, Mapping) and name in properties:
        return properties[name]
    return more if isinstance(more, Mapping) and more else None


def _parts(operation: Operation, schema: Any, depth: int) -> list[Mapping[str, Any]]:
    """The schema and all that it is composed of, references followed."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return []
    found = [schema]
    inner = [one for key in ("allOf", "anyOf", "oneOf") for one in schema.get(key, ())]
    pointer = schema.get("$ref")
    if isinstance(pointer, str) and pointer.startswith("#/"):
        node: Any = operation.shared
        for part in pointer.removeprefix("#/").split("/"):
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        inner.append(node)
    return found + [part for one in inner for part in _parts(operation, one, depth + 1)]


def not_given(example: Any, answer: Any, place: str = "$") -> str:
    """What the consumer reads and the answer lacks, "" if nothing. Raises Unobservable: an empty list shows nothing.

    A null is left to the provider's schema, which the answer has been held against.
    """
    if example is None or (answer is None and place != "$"):
        return ""
    if isinstance(example, Mapping):
        if not isinstance(answer, Mapping):
            return f"{place} is no object"
        missing = [name for name in example if name not in answer]
        if missing:
            return f"{place}.{missing[0]} is missing"
        return next(filter(None, (not_given(one, answer[key], f"{place}.{key}") for key, one in example.items())), "")
    if isinstance(example, list):
        if not isinstance(answer, list):
            return f"{place} is no list"
        if example and not answer:
            raise Unobservable(Reason.NO_OBSERVABLE, f"the list at {place} is empty: nothing shows what its items hold")
        return next(filter(None, (not_given(example[0], one, f"{place}[]") for one in answer)), "") if example else ""
    return "" if _sort(example) == _sort(answer) else f"{place} is {_sort(answer)}, not {_sort(example)}"


def _sort(value: Any) -> str:
    if isinstance(value, bool):
        return "a flag"
    if isinstance(value, (int, float)):
        return "a number"
    names: tuple[tuple[type, str], ...] = ((str, "text"), (dict, "an object"), (list, "a list"))
    return next((name for sort, name in names if isinstance(value, sort)), "null")
