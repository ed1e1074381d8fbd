"""Operations that an OpenAPI document describes (Swagger 2, OpenAPI 3.0 and 3.1), or a claim names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAMED = re.compile(r"(?P<method>[A-Z]+)\s+(?P<path>/\S*)(?:\s+(?P<status>[1-5]\d\d))?(?:\s+(?P<fields>\w[\w, -]*))?")
#: references that lead to references
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Operation:
    """A documented operation. ``answers``: status ("200", "2XX", "default") -> JSON schema.

    A schema of None: no JSON body is documented. ``asked`` is the path with values, None where the
    document gives none; ``guarded``: who asks must show credentials.
    """

    method: str
    path: str
    asked: str | None
    answers: Mapping[str, Any]
    guarded: bool = False
    #: the document's parts that schemas point to
    shared: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def documented(self, status: int) -> str | None:
        """The entry of ``answers`` that the status falls under. "default" is a success where none is named."""
        exact = (str(status), f"{status // 100}XX", f"{status // 100}xx")
        if found := next((one for one in exact if one in self.answers), None):
            return found
        unnamed = not any(one.startswith("2") for one in self.answers)
        return "default" if "default" in self.answers and unnamed and 200 <= status < 300 else None


def named_operations(text: str, values: Mapping[str, str]) -> tuple[Operation, ...]:
    """``GET /orders 200 id, total; GET /health``. Raises Unobservable(ambiguous-claim)."""
    found = []
    for one in filter(None, (part.strip() for part in text.split(";"))):
        match = _NAMED.fullmatch(one)
        if match is None:
            because = (
                f"{one!r} is no operation; write METHOD /path, a status and fields, such as GET /orders 200 id, total"
            )
            raise Unobservable(Reason.AMBIGUOUS_CLAIM, because)
        asked = _asked(match["path"], (), values)
        fields = [name.strip() for name in (match["fields"] or "").split(",") if name.strip()]
        schema = _with_fields(fields) if fields else None
        found.append(Operation(match["method"], match["path"], asked, {match["status"] or "200": schema}))
    return tuple(found)


def _with_fields(names: Sequence[str]) -> Any:
    """An object that has them, or a list of such objects that is not empty."""
    one = {"type": "object", "required": list(names)}
    return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


def operations_of(document: Any, values: Mapping[str, str]) -> tuple[Operation, ...]:
    """Every operation of the document; ``values`` stand for its parameters. Raises Unobservable(protocol-error)."""
    paths = document.get("paths") if isinstance(document, Mapping) else None
    if not isinstance(paths, Mapping) or not any(key in document for key in ("openapi", "swagger")):
        raise Unobservable(Reason.PROTOCOL_ERROR, "the document is no OpenAPI document: it has no openapi or no paths")
    base = _base(document)
    shared = {key: _plain(document[key]) for key in ("components", "definitions", "responses") if key in document}
    return tuple(
        _operation(document, base, path, method, item, shared, values)
        for path, found in paths.items()
        if isinstance(item := _followed(document, found), Mapping)
        for method in METHODS
        if isinstance(item.get(method), Mapping)
    )


def _operation(
    document: Any,
    base: str,
    path: str,
    method: str,
    item: Mapping[str, Any],
    shared: Mapping[str, Any],
    values: Mapping[str, str],
) -> Operation:
    told = item[method]
    parameters = [
        one
        for found in (*_list(item.get("parameters")), *_list(told.get("parameters")))
        if isinstance(one := _followed(document, found), Mapping)
    ]
    responses = told.get("responses")
    answers = {
        str(status): _schema(_followed(document, answer))
        for status, answer in (responses.items() if isinstance(responses, Mapping) else ())
    }
    asked = _asked(base + path, parameters, values)
    guarded = bool(told.get("security", document.get("security")))
    return Operation(method.upper(), base + path, asked, answers or {"2XX": None}, guarded, shared)


def _base(document: Mapping[str, Any]) -> str:
    """What stands before every path: of Swagger's basePath or the first server's URL."""
    servers = _list(document.get("servers"))
    first = servers[0].get("url", "") if servers and isinstance(servers[0], Mapping) else document.get("basePath", "")
    path = urlsplit(str(first)).path.rstrip("/")
    return "" if "{" in path or not path.startswith("/") else path


def _asked(path: str, parameters: Sequence[Mapping[str, Any]], values: Mapping[str, str]) -> str | None:
    """The path with a value for every placeholder and every query parameter that must be given."""
    given = {str(one.get("name")): values.get(str(one.get("name")), _example(one)) for one in parameters}
    given |= values
    query = {}
    for one in parameters:
        name = str(one.get("name"))
        if one.get("required") and one.get("in") in ("query", "header", "cookie"):
            if one.get("in") != "query" or given[name] is None:
                return None
            query[name] = given[name]
    missing = [name for name in _PLACEHOLDER.findall(path) if given.get(name) is None]
    if missing:
        return None
    filled = _PLACEHOLDER.sub(lambda found: quote(str(given[found[1]]), safe=""), path)
    return f"{filled}?{urlencode(query)}" if query else filled


def _example(parameter: Mapping[str, Any]) -> str | None:
    """A value that the document itself gives."""
    schema = parameter.get("schema")
    places = [parameter, schema] if isinstance(schema, Mapping) else [parameter]
    for place in places:
        listed = [*_list(place.get("examples")), *_list(place.get("enum"))]
        examples = place.get("examples")
        if isinstance(examples, Mapping):
            listed += [one["value"] for one in examples.values() if isinstance(one, Mapping) and "value" in one]
        for value in (place.get("example"), place.get("default"), *listed):
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                return str(value)
    return None


def _schema(answer: Any) -> Any:
    """The JSON schema of a documented answer, {} where JSON of any sort is documented."""
    if not isinstance(answer, Mapping):
        return None
    if "schema" in answer:  # Swagger 2
        return _plain(answer["schema"])
    content = answer.get("content")
    for media, told in content.items() if isinstance(content, Mapping) else ():
        if re.fullmatch(r"application/(?:[\w.+-]+\+)?json\b.*", str(media)):
            return _plain(told.get("schema", {})) if isinstance(told, Mapping) else {}
    return None


def _followed(document: Any, node: Any) -> Any:
    """What a reference within the document points to."""
    for _ in range(_DEEPEST):
        pointer = node.get("$ref") if isinstance(node, Mapping) else None
        if not isinstance(pointer, str):
            return node
        node = document if pointer.startswith("#/") else None
        for part in pointer.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key) if isinstance(node, Mapping) else None
    return None


def _plain(schema: Any) -> Any:
    """OpenAPI's own words as JSON schema: nullable, and bounds that a flag makes exclusive."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: _plain(value) for key, value in schema.items()}
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if plain.get(flag) is True and bound in plain:
            plain[flag] = plain.pop(bound)
        elif isinstance(plain.get(flag), bool):
            del plain[flag]
    _only_for_requests(plain)
    if isinstance(plain.get("nullable"), bool) and plain.pop("nullable"):
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _only_for_requests(schema: dict[str, Any]) -> None:
    """What is only ever written is not required of an answer."""
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and isinstance(properties, Mapping):
        written = {
            name for name, one in properties.items() if isinstance(one, Mapping) and one.get("writeOnly") is True
        }
        schema["required"] = [name for name in required if name not in written]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def mismatch(operation: Operation, schema: Any, document: Any) -> str:
    """Where the JSON does not fit the schema, "" if it does. Raises Unobservable: no validator, no such reference."""
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError, best_match
        from referencing import Registry
        from referencing.exceptions import Unresolvable
    except ImportError:
        raise Unobservable(Reason.NOT_INSTALLED, "schemas need jsonschema: install pytest-distaudit[rest]") from None
    if isinstance(schema, bool):
        return "" if schema else "the schema allows nothing"
    try:
        Draft202012Validator.check_schema(schema)
        # a registry of its own: nothing is fetched, wherever a reference points
        error = best_match(
            Draft202012Validator({**schema, **operation.shared}, registry=Registry()).iter_errors(document)
        )
    except (SchemaError, Unresolvable, RecursionError, TypeError) as flaw:
        told = str(flaw).partition("\n")[0][:120]
        raise Unobservable(Reason.PROTOCOL_ERROR, f"the schema of {operation} cannot be applied: {told}") from None
    return "" if error is None else f"{error.json_path}: {error.message[:120]}"


def tells(schema: Any) -> bool:
    """Whether the schema excludes anything that another answer might be."""
    return bool(isinstance(schema, Mapping) and set(schema) - {"type", "title", "description", "example", "examples"})


def parse_values(text: str) -> dict[str, str]:
    """``id=1, name=x``. Raises Unobservable(ambiguous-claim)."""
    return dict(_pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = one.partition("=")
        if not equals:
            raise Unobservable(Reason.AMBIGUOUS_CLAIM, f"{one!r} is no value of a parameter; write name=value")
        yield name.strip(), value.strip()
