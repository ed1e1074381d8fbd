from __future__ import annotations

import json
import urllib.request
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.systems._qdrant_words import requests_of
from pytest_distaudit.systems.qdrant import KIND
from tests.standins.qdrant import State, qdrant

from .bad_days import SECRET, closes, free_port, garbage, look, never_answers, refusal, resets
from .canned_api import canned

DOCS = Ask.of("collection", name="docs")
ALL = ("presence", "health", DOCS, "work")
POINTS = "/collections/{collection_name}/points"


def line(method: str, below: str, times: int, status: int = 200, collection: str = "docs") -> str:
    last = f',collection="{collection}"' if collection else ""
    return f'rest_responses_total{{method="{method}",endpoint="{POINTS}{below}",status="{status}"{last}}} {times}\n'


def ok(result: object) -> tuple[int, object]:
    return 200, {"result": result, "status": "ok", "time": 0.0}


INFO = {"status": "green", "points_count": 5, "config": {"params": {"vectors": {"size": 4, "distance": "Dot"}}}}
SERVER = {
    "/": (200, {"title": "qdrant - vector search engine", "version": "1.19.0"}),
    "/readyz": (200, b"all shards are ready"),
    "/telemetry": ok({"id": "d0c0", "app": {"startup": "2026-11-26T00:00:00Z"}}),
    "/cluster": ok({"status": "disabled"}),
    "/collections": ok({"collections": [{"name": "docs"}, {"name": "notes"}]}),
    "/collections/docs": ok(INFO),
    "/metrics": (200, (line("POST", "/search", 3) + line("PUT", "", 2)).encode()),
}
NOT_FOUND = (404, {"status": {"error": "Not found: Collection `docs` doesn't exist!"}})


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


# --- presence


def test_presence(serve, limits):
    made = canned(serve, SERVER)
    seen = look(KIND, "presence", limits, url=at(made.port))
    assert (seen.up, seen.product, seen.version, seen.authenticated) == (True, "Qdrant", "1.19.0", True)
    assert all(f"api-key: {SECRET}" in request for request in made.requests)
    assert not any("Authorization" in request for request in made.requests)


@pytest.mark.parametrize(("status", "authenticated"), [(401, False), (403, True), (200, True)])
def test_a_server_that_turns_the_audit_away_is_present(serve, limits, status, authenticated):
    seen = look(KIND, "presence", limits, url=url(serve, {"/collections": (status, b"Invalid API key")}))
    assert (seen.up, seen.authenticated) == (True, authenticated)


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ((200, {"title": "weaviate"}), Reason.WRONG_PRODUCT),
        ((200, b"<html>qdrant</html>"), Reason.WRONG_PRODUCT),
        ((200, []), Reason.WRONG_PRODUCT),
        ((404, b""), Reason.WRONG_PRODUCT),
        ((401, SECRET.encode()), Reason.FORBIDDEN),
        ((308, b""), Reason.REDIRECTED),
        ((503, b""), Reason.PROTOCOL_ERROR),
        ((200, b"x" * 200_000), Reason.TOO_LARGE),
    ],
)
def test_presence_of_something_else(serve, limits, root, reason):
    assert refusal(KIND, "presence", limits, url=url(serve, {"/": root})).reason is reason


@pytest.fixture
def elsewhere(monkeypatch):
    """The server runs on another host."""
    monkeypatch.setattr("pytest_distaudit.systems._local.serving_process", lambda located, besides=0: None)


def test_a_run_elsewhere_is_named_by_its_telemetry(serve, limits, elsewhere):
    seen = look(KIND, "process", limits, url=url(serve))
    assert (seen.identity, seen.pid) == ("d0c0:2026-11-26T00:00:00Z", None)
    for telemetry in ((403, b""), ok({"id": "d0c0", "app": {}}), ok(None), (200, [])):
        assert refusal(KIND, "process", limits, url=url(serve, {"/telemetry": telemetry})).reason is (
            Reason.NO_OBSERVABLE
        )


# --- health


def test_health(serve, limits):
    assert look(KIND, "health", limits, url=url(serve)).healthy
    sick = look(KIND, "health", limits, url=url(serve, {"/readyz": (503, b"some shards are not ready")}))
    assert (sick.healthy, sick.detail) == (False, "some shards are not ready")
    for answer, reason in (((404, b""), Reason.NO_OBSERVABLE), ((401, b""), Reason.FORBIDDEN)):
        assert refusal(KIND, "health", limits, url=url(serve, {"/readyz": answer})).reason is reason


# --- collections


def test_a_collection(serve, limits):
    seen = look(KIND, DOCS, limits, url=url(serve))
    assert (seen.name, seen.exists, seen.others, seen.fault) == ("docs", True, ("notes",), "")
    assert (seen.records, seen.approximate, seen.dimensions) == (5, True, (4,))
    assert (seen.reads, seen.writes, seen.counts_all, seen.nonces, seen.digest) == (3, 2, False, None, "")


def test_it_is_not_there(serve, limits):
    seen = look(KIND, DOCS, limits, url=url(serve, {"/collections/docs": NOT_FOUND}))
    assert (seen.exists, seen.others) == (False, ("notes",))


@pytest.mark.parametrize(
    ("vectors", "dimensions"),
    [
        ({"text": {"size": 384}, "image": {"size": 512}}, (384, 512)),
        ({}, ()),
        (None, ()),
        ({"text": {}}, None),
        ("x", None),
    ],
)
def test_vectors_of_several_sorts(serve, limits, vectors, dimensions):
    info = {**INFO, "config": {"params": {"vectors": vectors}}}
    assert look(KIND, DOCS, limits, url=url(serve, {"/collections/docs": ok(info)})).dimensions == dimensions


def test_a_collection_that_does_not_serve(serve, limits):
    info = {**INFO, "status": "red", "optimizer_status": {"error": "disk is full"}, "points_count": None}
    seen = look(KIND, DOCS, limits, url=url(serve, {"/collections/docs": ok(info)}))
    assert (seen.fault, seen.records) == ("status red disk is full", None)
    for status in ("yellow", "grey"):
        told = ok({**INFO, "status": status})
        assert look(KIND, DOCS, limits, url=url(serve, {"/collections/docs": told})).fault == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"/metrics": (403, b"")},
        {"/metrics": (404, b"")},
        {"/cluster": (403, b"")},
        {"/cluster": ok({"status": "enabled", "peers": {"1": {}, "2": {}}})},
    ],
)
def test_what_is_not_counted_is_not_zero(serve, limits, changes):
    seen = look(KIND, DOCS, limits, url=url(serve, changes))
    assert (seen.exists, seen.reads, seen.writes, seen.counts_all) == (True, None, None, False)


def test_counts_without_a_known_run_are_none(serve, limits, elsewhere):
    seen = look(KIND, DOCS, limits, url=url(serve, {"/telemetry": (403, b"")}))
    assert (seen.exists, seen.reads) == (True, None)


@pytest.mark.variant("qdrant", "older", "metrics without collections")
def test_older_versions_count_for_all_collections(serve, limits):
    coarse = line("POST", "/search", 3, collection="") + line("PUT", "", 2, collection="")
    seen = look(KIND, DOCS, limits, url=url(serve, {"/metrics": (200, coarse.encode()), "/cluster": (404, b"")}))
    assert (seen.reads, seen.writes, seen.counts_all) == (3, 2, True)
    seen = look(KIND, DOCS, limits, url=url(serve, {"/metrics": (200, b"app_info 1\n")}))
    assert (seen.reads, seen.writes, seen.counts_all) == (0, 0, False)


@pytest.mark.variant("qdrant", "managed", "a key for single collections")
def test_a_key_of_single_collections_sees_no_others(serve, limits):
    assert look(KIND, DOCS, limits, url=url(serve, {"/collections": (403, b"")})).others is None


def test_it_has_no_databases(serve, limits):
    ask = Ask.of("collection", name="docs", database="main")
    assert refusal(KIND, ask, limits, url=url(serve)).reason is Reason.NO_OBSERVABLE


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/collections/docs", (404, b"<html>"), Reason.PROTOCOL_ERROR),
        ("/collections/docs", (403, b""), Reason.FORBIDDEN),
        ("/collections/docs", (302, b""), Reason.REDIRECTED),
        ("/collections/docs", ok({}), Reason.PROTOCOL_ERROR),
        ("/collections/docs", (200, []), Reason.PROTOCOL_ERROR),
        ("/collections/docs", (200, b"x" * 200_000), Reason.TOO_LARGE),
        ("/collections", (200, {}), Reason.PROTOCOL_ERROR),
        ("/collections", ok({"collections": [1]}), Reason.PROTOCOL_ERROR),
        ("/collections", (500, b""), Reason.PROTOCOL_ERROR),
    ],
)
def test_what_cannot_be_seen_is_never_absent(serve, limits, path, answer, reason):
    assert refusal(KIND, DOCS, limits, url=url(serve, {path: answer})).reason is reason


# --- what was done for others


def test_work(serve, limits):
    seen = look(KIND, "work", limits, url=url(serve))
    assert seen.counts == {f"POST {POINTS}/search": 3, f"PUT {POINTS}": 2}
    assert "peers" not in seen.unseen
    many = {"/cluster": ok({"status": "enabled", "peers": {"1": {}, "2": {}}})}
    assert "peers" in look(KIND, "work", limits, url=url(serve, many)).unseen
    assert refusal(KIND, "work", limits, url=url(serve, {"/metrics": (403, b"")})).reason is Reason.FORBIDDEN


@pytest.mark.parametrize(("held", "unseen"), [(b"collections_total 0", False), (b"q_collections_total 12", True)])
def test_where_no_collection_is_nothing_is_hidden(serve, limits, held, unseen):
    metrics = {"/metrics": (200, b'app_info{name="qdrant",version="1.19.0"} 1\n' + held + b"\n")}
    seen = look(KIND, "work", limits, url=url(serve, metrics))
    assert (seen.counts, bool(seen.unseen)) == ({}, unseen)


@pytest.mark.parametrize(
    ("method", "below", "writes"),
    [
        ("PUT", "", True),
        ("POST", "", False),
        ("GET", "/{id}", False),
        ("POST", "/delete", True),
        ("POST", "/batch", True),
        ("POST", "/payload", True),
        ("POST", "/payload/clear", True),
        ("PUT", "/vectors", True),
        ("POST", "/vectors/delete", True),
        ("POST", "/query", False),
        ("POST", "/query/batch", False),
        ("POST", "/search/batch", False),
        ("POST", "/scroll", False),
        ("POST", "/recommend/batch", False),
    ],
)
def test_what_reads_and_what_writes(method, below, writes):
    told = requests_of(line(method, below, 4))
    assert (told.reads("docs"), told.writes("docs")) == ((0, 4) if writes else (4, 0))
    assert (told.reads("notes"), told.writes("notes")) == (0, 0)


def test_what_fails_was_not_done():
    told = requests_of(line("POST", "/search", 4, status=400) + line("POST", "/search", 2, status=204))
    assert told.reads("docs") == 2
    older = (
        'grpc_responses_total{endpoint="/qdrant.Points/Search"} 9\n'
        'grpc_responses_fail_total{endpoint="/qdrant.Points/Search"} 2\n'
        'grpc_responses_total{endpoint="/qdrant.Collections/List"} 50\n'
    )
    assert requests_of(older).by_sort == {"gRPC Search": 7}
    newer = (
        'x_grpc_responses_total{endpoint="/qdrant.Points/Upsert",status="0",collection="docs"} 9\n'
        'x_grpc_responses_total{endpoint="/qdrant.Points/Upsert",status="3",collection="docs"} 4\n'
        'x_grpc_responses_fail_total{endpoint="/qdrant.Points/Upsert",status="3",collection="docs"} 4\n'
    )
    assert requests_of(newer).writes("docs") == 9


def test_other_lines_are_passed_over():
    assert requests_of('rest_responses_total{method="GET"\ncollections_total 3\n' + "x" * 10_000).by_sort == {}


# --- the double


def ask(where: str, method: str, path: str, body: object = None, key: str = "") -> None:
    request = urllib.request.Request(where + path, json.dumps(body).encode(), method=method)
    request.add_header("api-key", key)
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()


@pytest.mark.parametrize("finely", [True, False])
def test_no_look_of_ours_moves_a_counter(limits, finely):
    with qdrant(State(key=SECRET, finely=finely)) as where:
        ours = where.replace("//", f"//:{SECRET}@")
        ask(where, "PUT", "/collections/docs", {"vectors": {"size": 3, "distance": "Dot"}}, SECRET)
        for _ in range(2):
            seen = look(KIND, DOCS, limits, url=ours)
            assert (seen.exists, seen.records, seen.dimensions, seen.reads, seen.writes) == (True, 0, (3,), 0, 0)
            for other in ("presence", "health", "process", "work", "listener"):
                look(KIND, other, limits, url=ours)
        ask(where, "PUT", "/collections/docs/points", {"points": [{"id": 1, "vector": [1, 2, 3]}]}, SECRET)
        ask(where, "POST", "/collections/docs/points/query", {"query": [1, 2, 3]}, SECRET)
        seen = look(KIND, DOCS, limits, url=ours)
        assert (seen.records, seen.reads, seen.writes, seen.counts_all) == (1, 1, 1, not finely)
        nobody = look(KIND, "presence", limits, url=where)
        assert (nobody.up, nobody.authenticated) == (True, False)
        assert refusal(KIND, DOCS, limits, url=where).reason is Reason.FORBIDDEN
