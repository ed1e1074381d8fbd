"""contract.holds on hand-made evidence."""

from __future__ import annotations

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
ONE = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
ANY = object()


def published(schema: Any = None, path: str = "/a", method: str = "get", status: str = "200") -> dict[str, Any]:
    answer = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "paths": {path: {method: {"responses": {status: answer}}}},
        "components": {"schemas": {"One": ONE}},
    }


def call(body: Any = ANY, path: str = "/a", status: int = 200, method: str = "GET") -> dict[str, Any]:
    response = {"status": status} if body is ANY else {"status": status, "body": body}
    return {"request": {"method": method, "path": path}, "response": response}


def answer(status: int = 200, body: Any = ANY, *, nonsense: bool = False, path: str = "/a") -> Served:
    return Served(path, status, "", body is not ANY, None if body is ANY else body, same_as_nonsense=nonsense)


def told(document: Any, calls: Any, *answers: Served, template: str = "/a") -> Judgement:
    content = {"calls": calls} if isinstance(calls, list) else calls
    seen = [
        fact("", ProjectFile("c.json", content), at=1.0, path="c.json"),
        fact("", ProjectFile("p.json", document), at=1.0, path="p.json"),
        *(fact("shop", one, at=2.0, path=one.path, template=template) for one in answers),
    ]
    return judged(claim("contract.holds", consumer="c.json", openapi="p.json"), evidence(ROLES, *seen))


@pytest.mark.parametrize(
    ("schema", "example", "body", "verdict", "reason"),
    [
        (ONE, {"id": 1}, {"id": 2}, V, None),
        (ONE, {"name": "x"}, {"id": 2, "name": "y"}, V, None),
        ({"$ref": "#/components/schemas/One"}, {"id": 1}, {"id": 2}, V, None),
        ({"allOf": [ONE]}, {"id": 1}, {"id": 2}, V, None),
        ({"anyOf": [ONE, {"type": "null"}]}, {"id": 1}, {"id": 2}, V, None),
        ({"type": "array", "items": ONE}, [{"id": 1}], [{"id": 2}], V, None),
        ({"type": "array", "items": ONE}, [], [], V, None),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"x": 1}, {"x": 2}, V, None),
        ({"type": ["integer", "null"]}, None, 3, V, None),
        ({"type": "boolean"}, True, False, V, None),
        ({"oneOf": [ONE, {**ONE, "required": ["name"]}]}, {"id": 1}, {"id": 2}, V, None),
        ({**ONE, "not": {"required": ["gone"]}, "minProperties": 2}, {"id": 1}, {"id": 2, "name": "x"}, V, None),
        ({"type": "array", "items": ONE, "minItems": 2}, [{"id": 1}], [{"id": 2}, {"id": 3}], V, None),
        ({"properties": {"not": {"type": "integer"}}}, {"not": 1}, {"not": 2}, V, None),
        ({"properties": {"not": {"type": "integer"}}}, {"not": "1"}, {"not": 2}, R, None),
        (ONE, {"name": "x"}, {"id": 2}, R, None),
        (ONE, {"name": "x"}, {"id": 2, "name": 3}, R, None),
        (ONE, {"gone": 1}, {"id": 2, "gone": 1}, R, None),
        (ONE, {"id": "1"}, {"id": 2}, R, None),
        (ONE, {"id": 1}, {}, R, None),
        (ONE, {"id": 1}, ANY, R, None),
        ({"type": "array", "items": ONE}, [{"name": "x"}], [{"id": 1, "name": "x"}, {"id": 2}], R, None),
        ({"type": "array", "items": ONE}, [{"id": 1}], [], U, Reason.NO_OBSERVABLE),
        ({"type": "array"}, [1], [1], U, Reason.VACUOUS),
        ({"type": "object"}, {"id": 1}, {"id": 1}, U, Reason.VACUOUS),
        ({}, {"id": 1}, {"id": 1}, U, Reason.VACUOUS),
        ({}, 1, 1, U, Reason.VACUOUS),
        (None, {"id": 1}, {"id": 1}, U, Reason.VACUOUS),
        ({}, {"id": 1}, {}, R, None),
        ({}, {"id": 1}, [], R, None),
        ({}, [1], {}, R, None),
        ({}, 1, "1", R, None),
        ({}, [1], ["1"], R, None),
    ],
)
def test_what_is_read_is_promised_and_given_or_not(
    schema: Any, example: Any, body: Any, verdict: Verdict, reason: Reason | None
) -> None:
    found = told(published(schema), [call(example)], answer(200, body))
    assert (found.verdict, found.reason) == (verdict, reason), found


@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [
        (200, V, None),
        (204, R, None),
        (404, R, None),
        (500, R, None),
        (401, U, Reason.FORBIDDEN),
        (429, U, Reason.FORBIDDEN),
        (302, U, Reason.REDIRECTED),
    ],
)
def test_another_status(status: int, verdict: Verdict, reason: Reason | None) -> None:
    found = told(published(), [call()], answer(status))
    assert (found.verdict, found.reason) == (verdict, reason)


def test_a_thing_that_is_not_there_leaves_it_open() -> None:
    found = told(published(path="/a/{id}"), [call(path="/a/1")], answer(404, path="/a/1"), template="/a/{id}")
    assert (found.verdict, found.reason) == (U, Reason.NO_OBSERVABLE)


def test_an_answer_to_everything_shows_nothing() -> None:
    found = told(published(), [call()], answer(nonsense=True))
    assert (found.verdict, found.reason) == (U, Reason.VACUOUS)


@pytest.mark.parametrize("calls", [[call(path="/b")], [call(method="DELETE")], [call(path="/a/b")], [call(status=201)]])
def test_a_call_that_is_not_published(calls: list[Any]) -> None:
    assert told(published(), calls, answer()).verdict is R


def test_a_fixed_path_wins_over_a_placeholder() -> None:
    document = published(path="/{any}")
    document["paths"]["/a"] = published()["paths"]["/a"]
    assert told(document, [call(path="/a?q=1")], answer(path="/a?q=1")).verdict is V


def test_what_is_not_sent_is_said() -> None:
    document = published()
    document["paths"]["/a"]["post"] = {"responses": {"201": {}}}
    found = told(document, [call(), call(method="post", status=201)], answer())
    assert found.verdict is V
    assert "POST /a" in found.shows_not
    alone = told(document, [call(method="POST", status=201)])
    assert (alone.verdict, alone.reason) == (U, Reason.NOT_SAFE)


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([], Reason.VACUOUS),
        ([call()] * 201, Reason.BUDGET),
        ({}, Reason.PROTOCOL_ERROR),
        ({"calls": 1}, Reason.PROTOCOL_ERROR),
        ([{}], Reason.PROTOCOL_ERROR),
        ([7], Reason.PROTOCOL_ERROR),
        ([call(status="soon")], Reason.PROTOCOL_ERROR),  # type: ignore[arg-type]
    ],
)
def test_a_consumer_of_which_nothing_can_be_shown(calls: Any, reason: Reason) -> None:
    found = told(published(), calls)
    assert (found.verdict, found.reason) == (U, reason)


def test_pact_files_are_read() -> None:
    assert told(published(), {"interactions": [call()]}, answer()).verdict is V


def test_it_asks_for_the_answers_once_it_knows_the_calls() -> None:
    of = claim("contract.holds", consumer="c.json")
    document = Look("system", Served.ask(path="/openapi.json"))
    assert CHECKS[of.check].needs(of) == (Read(ProjectFile.ask(path="c.json")), document)
    seen = [
        fact("", ProjectFile("c.json", {"calls": [call(), call()]}), path="c.json"),
        fact("shop", answer(200, published(), path="/openapi.json"), path="/openapi.json"),
    ]
    wanted = NeedMore((Look("system", Served.ask(path="/a", template="/a")),))
    assert judge(of, CHECKS[of.check], evidence(ROLES, *seen)) == wanted
    late = failure("shop", Served, Reason.TIMED_OUT, at=1.0, path="/a", template="/a")
    found = judged(of, evidence(ROLES, *seen, late))
    assert (found.verdict, found.reason) == (U, Reason.TIMED_OUT)
