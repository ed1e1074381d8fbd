"""rest.serves on hand-made evidence."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.judgement import Judgement, NeedMore
from pytest_distaudit.domain.needs import Look, Read
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.rest import ProjectFile, Served

from .evidence import CHECKS, claim, evidence, fact, failure, judged

V, R, U = Verdict.VERIFIED, Verdict.REFUTED, Verdict.UNVERIFIABLE
ROLES = {"system": ("shop",)}
ANY = object()


def document(responses: dict[str, Any] | None, path: str = "/a", method: str = "get", **more: Any) -> dict[str, Any]:
    operation = {} if responses is None else {"responses": responses}
    return {"openapi": "3.1.0", "paths": {path: {method: operation}}, **more}


def shaped(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def told(content: Any, *answers: Served, template: str = "/a", **params: object) -> Judgement:
    """The judgement where the document and these answers were seen."""
    seen = [fact("", ProjectFile("api.yaml", content), at=1.0, path="api.yaml")]
    seen += [fact("shop", one, at=2.0, path=one.path, template=template) for one in answers]
    return judged(claim("rest.serves", openapi="api.yaml", **params), evidence(ROLES, *seen))


def served(status: int = 200, body: Any = ANY, *, nonsense: bool = False, path: str = "/a") -> Served:
    return Served(path, status, "", body is not ANY, None if body is ANY else body, same_as_nonsense=nonsense)


@pytest.mark.parametrize(
    ("responses", "answer", "verdict", "reason"),
    [
        ({"200": {}}, served(), V, None),
        (None, served(), V, None),
        ({"2XX": {}}, served(204), V, None),
        ({"2xx": {}}, served(204), V, None),
        ({"default": {}}, served(), V, None),
        ({"200": {}, "default": {}}, served(202), R, None),
        ({"default": {}}, served(500), R, None),
        ({"200": {}}, served(201), R, None),
        ({"200": {}}, served(404), R, None),
        ({"200": {}, "404": {}}, served(404), U, Reason.NO_OBSERVABLE),
        ({"200": {}, "404": {}}, served(404, nonsense=True), R, None),
        ({"404": {}}, served(404), V, None),
        ({"404": {}}, served(404, nonsense=True), U, Reason.VACUOUS),
        ({"200": {}}, served(405), R, None),
        ({"200": {}}, served(410), R, None),
        ({"200": {}}, served(500), R, None),
        ({"200": {}, "501": {}}, served(501), R, None),
        ({"200": {}, "503": {}}, served(503), U, Reason.NO_OBSERVABLE),
        ({"200": {}}, served(400), U, Reason.NO_OBSERVABLE),
        ({"200": {}}, served(401), U, Reason.FORBIDDEN),
        ({"200": {}}, served(429), U, Reason.FORBIDDEN),
        ({"200": {}}, served(302), U, Reason.REDIRECTED),
        ({"302": {}}, served(302), V, None),
        ({"200": {}}, served(nonsense=True), U, Reason.VACUOUS),
        ({"200": shaped({"type": "object"})}, served(), R, None),
        ({"200": shaped({"type": "object"})}, served(200, []), R, None),
        ({"200": shaped({"type": "object", "required": ["id"]})}, served(200, {"id": 1}), V, None),
        ({"200": shaped({"type": "object", "required": ["id"]})}, served(200, {}), R, None),
        ({"200": shaped(True)}, served(200, {}), V, None),
        ({"200": shaped(False)}, served(200, {}), R, None),
        ({"200": shaped({"type": "string", "nullable": True})}, served(200, None), V, None),
        ({"200": shaped({"properties": {"nullable": {"type": "integer"}}})}, served(200, {"nullable": "x"}), R, None),
        ({"200": shaped({"required": ["p"], "properties": {"p": {"writeOnly": True}}})}, served(200, {}), V, None),
        ({"200": shaped({"required": ["p"], "properties": {"p": {}}})}, served(200, {}), R, None),
        ({"200": shaped({"minimum": 1, "exclusiveMinimum": True})}, served(200, 1), R, None),
        ({"200": shaped({"minimum": 1, "exclusiveMinimum": False})}, served(200, 1), V, None),
        ({"200": shaped({"$ref": "#/components/schemas/Gone"})}, served(200, 1), U, Reason.PROTOCOL_ERROR),
        ({"200": shaped({"$ref": "http://elsewhere.invalid/x"})}, served(200, 1), U, Reason.PROTOCOL_ERROR),
        ({"200": shaped({"type": 7})}, served(200, 1), U, Reason.PROTOCOL_ERROR),
    ],
)
def test_an_operation_answers_as_documented_or_not(
    responses: dict[str, Any] | None, answer: Served, verdict: Verdict, reason: Reason | None
) -> None:
    found = told(document(responses), answer)
    assert (found.verdict, found.reason) == (verdict, reason), found


def test_a_reference_within_the_document_is_followed() -> None:
    content = document(
        {"200": {"$ref": "#/components/responses/One"}},
        components={
            "responses": {"One": shaped({"$ref": "#/components/schemas/One"})},
            "schemas": {"One": {"type": "integer"}},
        },
    )
    assert told(content, served(200, 1)).verdict is V
    assert told(content, served(200, "1")).verdict is R


def test_swagger_2_is_read() -> None:
    content = {
        "swagger": "2.0",
        "basePath": "/v1",
        "paths": {"/a": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/One"}}}}}},
        "definitions": {"One": {"type": "integer"}},
    }
    assert told(content, served(200, 1, path="/v1/a"), template="/v1/a").verdict is V
    assert told(content, served(200, "1", path="/v1/a"), template="/v1/a").verdict is R


@pytest.mark.parametrize(
    ("parameter", "asked"),
    [
        ({"in": "path", "name": "id", "example": 7}, "/a/7"),
        ({"in": "path", "name": "id", "schema": {"default": "x y"}}, "/a/x%20y"),
        ({"in": "path", "name": "id", "schema": {"enum": ["red", "blue"]}}, "/a/red"),
        ({"in": "path", "name": "id", "examples": {"one": {"value": 3}}}, "/a/3"),
    ],
)
def test_values_come_from_the_document(parameter: dict[str, Any], asked: str) -> None:
    content = document({"200": {}}, "/a/{id}")
    content["paths"]["/a/{id}"]["parameters"] = [parameter]
    seen = fact("", ProjectFile("api.yaml", content), path="api.yaml")
    of = claim("rest.serves", openapi="api.yaml")
    assert judge(of, CHECKS[of.check], evidence(ROLES, seen)) == NeedMore(
        (Look("system", Served.ask(path=asked, template="/a/{id}")),)
    )


@pytest.mark.parametrize("where", ["header", "cookie", "query"])
def test_what_must_be_given_and_is_not_known_leaves_it_open(where: str) -> None:
    content = document({"200": {}})
    content["paths"]["/a"]["parameters"] = [{"in": where, "name": "q", "required": True}]
    found = told(content)
    assert (found.verdict, found.reason) == (U, Reason.NO_OBSERVABLE)


def test_a_query_that_must_be_given_is() -> None:
    content = document({"200": {}})
    content["paths"]["/a"]["parameters"] = [{"in": "query", "name": "q", "required": True}]
    assert told(content, served(path="/a?q=1"), values="q=1").verdict is V


def test_what_is_missing_for_a_template_is_no_contradiction() -> None:
    found = told(document({"200": {}}, "/a/{id}"), served(404, path="/a/1"), template="/a/{id}", values="id=1")
    assert (found.verdict, found.reason) == (U, Reason.NO_OBSERVABLE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], Reason.PROTOCOL_ERROR),
        ({"paths": {}}, Reason.PROTOCOL_ERROR),
        ({"openapi": "3.1.0", "paths": {}}, Reason.VACUOUS),
        (document({"201": {}}, method="post"), Reason.NOT_SAFE),
        ({"openapi": "3", "paths": {f"/{n}": {"get": {}} for n in range(201)}}, Reason.BUDGET),
    ],
)
def test_a_document_of_which_nothing_can_be_shown(content: Any, reason: Reason) -> None:
    found = told(content)
    assert (found.verdict, found.reason) == (U, reason)


def test_one_that_contradicts_outweighs_one_that_is_open() -> None:
    content = {"openapi": "3", "paths": {"/a": {"get": {}}, "/b": {"get": {}}}}
    seen = [
        fact("", ProjectFile("api.yaml", content), at=1.0, path="api.yaml"),
        failure("shop", Served, Reason.TIMED_OUT, at=2.0, path="/a", template="/a"),
        fact("shop", served(500, path="/b"), at=2.0, path="/b", template="/b"),
    ]
    of = claim("rest.serves", openapi="api.yaml")
    assert judged(of, evidence(ROLES, *seen)).verdict is R
    late = judged(of, evidence(ROLES, *seen[:2], fact("shop", served(), at=2.0, path="/b", template="/b")))
    assert (late.verdict, late.reason) == (U, Reason.TIMED_OUT)


def test_answers_older_than_the_document_do_not_count() -> None:
    seen = [
        fact("shop", served(), at=1.0, path="/a", template="/a"),
        fact("", ProjectFile("api.yaml", document({"200": {}})), at=2.0, path="api.yaml"),
    ]
    of = claim("rest.serves", openapi="api.yaml")
    assert isinstance(judge(of, CHECKS[of.check], evidence(ROLES, *seen)), NeedMore)


@pytest.mark.parametrize(
    ("params", "needs"),
    [
        ({}, (Look("system", Served.ask(path="/openapi.json")),)),
        ({"at": "/v3/api"}, (Look("system", Served.ask(path="/v3/api")),)),
        ({"openapi": "a.yaml"}, (Read(ProjectFile.ask(path="a.yaml")),)),
        ({"operations": "GET /a; POST /b"}, (Look("system", Served.ask(path="/a", template="/a")),)),
        ({"operations": "nonsense"}, ()),
        ({"operations": "GET /a", "values": "id"}, ()),
    ],
)
def test_what_it_needs(params: dict[str, str], needs: tuple[object, ...]) -> None:
    assert CHECKS["rest.serves"].needs(claim("rest.serves", **params)) == needs


@pytest.mark.parametrize("answer", [served(404, {}, path="/openapi.json"), served(path="/openapi.json")])
def test_without_a_published_document_nothing_is_known(answer: Served) -> None:
    found = judged(claim("rest.serves"), evidence(ROLES, fact("shop", answer, path="/openapi.json")))
    assert (found.verdict, found.reason) == (U, Reason.NO_OBSERVABLE)


def test_without_a_validator_schemas_leave_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    found = told(document({"200": shaped({"type": "integer"})}), served(200, 1))
    assert (found.verdict, found.reason) == (U, Reason.NOT_INSTALLED)
