from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems.ollama import KIND, canonical
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room
from tests.standins import ollama as doubles
from tests.standins import tiny_model

from .bad_days import SECRET, closes, free_port, garbage, located, look, never_answers, refusal, resets
from .canned_api import canned

LLAMA = Ask.of("model", name="llama3")
ALL = ("presence", "health", LLAMA, "work")
LISTED = {"name": "llama3:latest", "model": "llama3:latest", "size": 7, "digest": "abc"}
SERVER = {
    "/": (200, b"Ollama is running"),
    "/api/version": (200, {"version": "0.17.4"}),
    "/api/tags": (200, {"models": [LISTED, {"name": "phi:3b"}]}),
    "/api/ps": (200, {"models": []}),
    "/api/show": (200, {"model_info": {"general.architecture": "llama", "llama.context_length": 8192}}),
}


def at(port: int, login: str = f":{SECRET}@") -> str:
    return f"http://{login}127.0.0.1:{port}"


def url(serve, changes=()):
    return at(canned(serve, SERVER | dict(changes)).port)


@pytest.mark.parametrize("bad_day", [never_answers, garbage, closes, resets])
def test_every_bad_day_fails_every_ask(serve, limits, bad_day):
    port, limits = serve(bad_day), replace(limits, ask_s=0.3)
    reason = Reason.TIMED_OUT if bad_day is never_answers else Reason.PROTOCOL_ERROR
    for ask in ALL:
        assert refusal(KIND, ask, limits, url=at(port)).reason is reason, ask


def test_closed_ports_are_refusals(limits):
    for ask in ALL:
        assert isinstance(refusal(KIND, ask, limits, url=at(free_port())), Refusal), ask


def test_presence(serve, limits):
    seen = look(KIND, "presence", limits, url=url(serve))
    assert (seen.up, seen.product, seen.version, seen.authenticated) == (True, "Ollama", "0.17.4", True)
    turned_away = url(serve, {"/api/tags": (401, b"")})
    assert not look(KIND, "presence", limits, url=turned_away).authenticated


@pytest.mark.parametrize(("login", "header"), [(f":{SECRET}@", f"Bearer {SECRET}"), (f"me:{SECRET}@", "Basic ")])
@pytest.mark.variant("ollama", "managed", "a proxy with a login")
def test_a_login_is_for_the_proxy(serve, limits, login, header):
    made = canned(serve, SERVER)
    look(KIND, "presence", limits, url=at(made.port, login))
    assert all(f"Authorization: {header}" in request for request in made.requests)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"/": (200, b"<html>")}, Reason.WRONG_PRODUCT),
        ({"/": (404, b"")}, Reason.WRONG_PRODUCT),
        ({"/api/version": (200, b"0.17")}, Reason.WRONG_PRODUCT),
        ({"/api/version": (200, {"version": 3})}, Reason.WRONG_PRODUCT),
        ({"/api/version": (404, b"")}, Reason.WRONG_PRODUCT),
        ({"/api/version": (401, SECRET.encode())}, Reason.FORBIDDEN),
        ({"/api/version": (302, b"")}, Reason.REDIRECTED),
        ({"/api/version": (503, b"")}, Reason.PROTOCOL_ERROR),
        ({"/api/version": (200, b"x" * 200_000)}, Reason.TOO_LARGE),
    ],
)
def test_presence_of_something_else(serve, limits, changes, reason):
    assert refusal(KIND, "presence", limits, url=url(serve, changes)).reason is reason


def test_health(serve, limits):
    assert look(KIND, "health", limits, url=url(serve)).healthy
    sick = look(KIND, "health", limits, url=url(serve, {"/api/tags": (500, b"disk is gone")}))
    assert (sick.healthy, sick.detail) == (False, "500 disk is gone")
    for answer, reason in (((403, b""), Reason.FORBIDDEN), ((200, []), Reason.PROTOCOL_ERROR)):
        assert refusal(KIND, "health", limits, url=url(serve, {"/api/tags": answer})).reason is reason


def test_a_process_elsewhere_is_not_known(serve, limits, monkeypatch):
    monkeypatch.setattr("pytest_distaudit.systems._local.serving_process", lambda located, besides=0: None)
    assert refusal(KIND, "process", limits, url=url(serve)).reason is Reason.NO_OBSERVABLE


# --- models


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("llama3", "llama3:latest"),
        ("Llama3:8B", "llama3:8b"),
        ("library/llama3", "llama3:latest"),
        ("registry.ollama.ai/library/llama3:7b", "llama3:7b"),
        ("hf.co/me/model", "hf.co/me/model:latest"),
        ("localhost:5000/model", "localhost:5000/model:latest"),
    ],
)
def test_a_model_has_several_names(name, told):
    assert canonical(name) == told


def test_a_model(serve, limits):
    seen = look(KIND, LLAMA, limits, url=url(serve))
    assert (seen.name, seen.exists, seen.remote, seen.fault) == ("llama3:latest", True, "", "")
    assert (seen.digest, seen.size, seen.context, seen.loaded, seen.others) == ("abc", 7, 8192, False, ("phi:3b",))
    loaded = look(KIND, LLAMA, limits, url=url(serve, {"/api/ps": (200, {"models": [LISTED]})}))
    assert loaded.loaded
    untold = look(KIND, LLAMA, limits, url=url(serve, {"/api/ps": (404, b""), "/api/show": (200, {})}))
    assert (untold.loaded, untold.context) == (None, None)
    none = look(KIND, Ask.of("model", name="llama3:70b"), limits, url=url(serve))
    assert (none.exists, none.others) == (False, ("llama3:latest", "phi:3b"))
    assert not look(KIND, LLAMA, limits, url=url(serve, {"/api/tags": (200, {"models": []})})).exists


@pytest.mark.variant("ollama", "managed", "a model that another host runs")
def test_a_model_that_is_run_elsewhere(serve, limits):
    cloud = {**LISTED, "remote_host": "https://me:pw@ollama.example:443/x?k", "remote_model": "llama3"}
    seen = look(KIND, LLAMA, limits, url=url(serve, {"/api/tags": (200, {"models": [cloud]})}))
    assert seen.remote == "ollama.example:443/x"
    told = {"/api/show": (200, {"remote_host": "ollama.example"})}
    assert look(KIND, LLAMA, limits, url=url(serve, told)).remote == "ollama.example"


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_model_whose_file_is_gone(serve, limits, status):
    seen = look(KIND, LLAMA, limits, url=url(serve, {"/api/show": (status, {"error": "model 'llama3' not found"})}))
    assert (seen.exists, seen.fault) == (True, f"{status} model 'llama3' not found")


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/api/tags", (403, b""), Reason.FORBIDDEN),
        ("/api/tags", (200, {}), Reason.PROTOCOL_ERROR),
        ("/api/tags", (200, {"models": None}), Reason.PROTOCOL_ERROR),
        ("/api/tags", (200, {"models": [{"size": 1}]}), Reason.PROTOCOL_ERROR),
        ("/api/tags", (200, b"x" * 200_000), Reason.TOO_LARGE),
        ("/api/show", (403, {"error": "no"}), Reason.FORBIDDEN),
        ("/api/show", (404, b"<html>"), Reason.PROTOCOL_ERROR),
        ("/api/show", (200, b"["), Reason.PROTOCOL_ERROR),
        ("/api/show", (307, b""), Reason.REDIRECTED),
    ],
)
def test_what_cannot_be_seen_is_never_absent(serve, limits, path, answer, reason):
    assert refusal(KIND, LLAMA, limits, url=url(serve, {path: answer})).reason is reason


def test_work_cannot_be_seen(serve, limits):
    seen = look(KIND, "work", limits, url=url(serve))
    assert (seen.counts, seen.nonces) == ({}, None)
    assert seen.unseen
    assert look(KIND, "work", limits, url=url(serve, {"/api/tags": (200, {"models": []})})).unseen == ""
    assert refusal(KIND, "work", limits, url=url(serve, {"/api/tags": (500, b"")})).reason is Reason.PROTOCOL_ERROR


# --- how it answers


def probed(where: str, model: str = "llama3"):
    session = KIND.connect(located(KIND, url=where), Limits())
    return KIND.probes["model-probe"]({"system": session}, Limits(), model=model)


def test_a_model_is_asked_four_things_that_nobody_has_seen():
    with doubles.ollama(doubles.canned) as where:
        first, second = probed(where), probed(where)
    assert len({one.prompt for one in (*first.answers, *second.answers)}) == 8
    assert [one.limit for one in first.answers] == [3, 48, 48, 48]
    assert [one.right for one in first.answers] == [None, False, False, False]
    assert all(one.text and one.tokens and one.total_ns and not one.error for one in first.answers)
    assert (first.loaded, first.restored) == (("llama3:latest",), True)


def test_what_the_server_says_instead_of_an_answer(serve):
    seen = probed(url(serve, {"/api/generate": (500, {"error": f"out of memory {SECRET}"})}))
    assert {one.error for one in seen.answers} == {"500 out of memory ***"}
    assert {one.error for one in probed(url(serve, {"/api/generate": (200, b"[")})).answers} == {"200 ["}
    with pytest.raises(Exception, match="forbidden"):
        probed(url(serve, {"/api/generate": (401, b"")}))


def test_a_model_that_was_not_loaded_is_unloaded_again(serve):
    made = canned(serve, SERVER | {"/api/generate": (200, {"response": "x"})})
    assert probed(at(made.port)).restored
    bodies = [json.loads(one.rpartition("\r\n\r\n")[2]) for one in made.requests if "/api/generate" in one]
    assert [one["keep_alive"] for one in bodies] == ["60s"] * 4 + [0]
    made = canned(serve, SERVER | {"/api/generate": (200, {"response": "x"}), "/api/ps": (200, {"models": [LISTED]})})
    assert probed(at(made.port)).restored
    assert len([one for one in made.requests if "/api/generate" in one]) == 4


def test_thoughts_are_part_of_the_answer(serve):
    seen = probed(url(serve, {"/api/generate": (200, {"response": "yes", "thinking": "well, ", "eval_count": True})}))
    assert (seen.answers[0].text, seen.answers[0].tokens) == ("well, yes", None)


def test_the_tiny_model_is_a_file_of_its_format():
    model = tiny_model.gguf()
    assert model.startswith(b"GGUF\x03\0\0\0")
    assert model == tiny_model.gguf()
    assert len(model) < 200_000


# --- a real server

MISSING = builtin_recipes()["ollama"].missing()


@pytest.mark.live
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_real_server(tmp_path):
    target = f"""
[targets.it.systems.llm]
kind = "ollama"
[targets.it.systems.llm.native]
then = [["{{python}}", "{tiny_model.__file__}", "{{llm.url}}", "tiny"]]
"""
    with Room(tmp_path, target) as room:
        where = room.located["llm"].endpoints["url"]
        seen = look(KIND, "presence", Limits(), url=where)
        assert (seen.up, seen.product, seen.authenticated) == (True, "Ollama", True)
        assert look(KIND, "health", Limits(), url=where).healthy
        process = look(KIND, "process", Limits(), url=where)
        assert {place.partition(":")[0] for place in process.listens_on} == {"127.0.0.1"}
        ask = Ask.of("model", name="tiny")
        model = look(KIND, ask, Limits(), url=where)
        assert (model.name, model.loaded, model.context, model.fault) == ("tiny:latest", False, 2048, "")
        seen = probed(where, "tiny")
        assert (seen.loaded, seen.restored) == (("tiny:latest",), True)
        assert all(0 < one.tokens <= one.limit for one in seen.answers)
        assert len({one.text for one in seen.answers}) == 4
