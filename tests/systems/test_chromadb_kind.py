from __future__ import annotations

import itertools
import json
import urllib.request
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Inventory
from pytest_distaudit.systems.chromadb import KIND
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import SECRET, closes, free_port, garbage, located, look, never_answers, refusal, resets
from .canned_api import canned

DOCS = Ask.of("collection", name="docs")
ALL = ("presence", "health", DOCS, "work")
BASE = "/api/v2/tenants/default_tenant/databases/default_database"
NONCE = "distaudit-" + "a" * 32
OTHER = "distaudit-" + "b" * 32
NOT_FOUND = (404, {"error": "NotFoundError", "message": "there is none"})
BEATS = itertools.count(1)
SERVER = {
    "/api/v2/heartbeat": lambda request: (200, {"nanosecond heartbeat": next(BEATS)}),
    "/api/v2/version": (200, "1.0.0"),
    "/api/v2/auth/identity": (200, {"tenant": "default_tenant"}),
    "/api/v2/healthcheck": (200, {"is_executor_ready": True, "is_log_client_ready": True}),
    BASE: (200, {"name": "default_database"}),
    f"{BASE}/collections": (200, [{"id": "i-1", "name": "docs"}, {"id": "i-2", "name": "notes"}]),
    f"{BASE}/collections/docs": (200, {"id": "i-1", "name": "docs", "dimension": 3}),
    f"{BASE}/collections/i-1/count": (200, 2),
    f"POST {BASE}/collections/i-1/get": (200, {"ids": ["a"], "documents": [f"about {NONCE}"], "metadatas": [None]}),
    f"{BASE}/collections/i-2/count": (200, 1),
    f"POST {BASE}/collections/i-2/get": (200, {"ids": ["a"], "documents": [None], "metadatas": [{"x": OTHER}]}),
}
INSIDE = f"POST {BASE}/collections/i-1/get"


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


def test_without_an_address_nothing_is_seen(limits):
    assert refusal(KIND, "presence", limits).reason is Reason.NO_OBSERVABLE


# --- presence


def test_presence(serve, limits):
    seen = look(KIND, "presence", limits, url=url(serve))
    assert (seen.up, seen.product, seen.version, seen.authenticated) == (True, "ChromaDB", "1.0.0", True)


@pytest.mark.parametrize(
    ("login", "header"),
    [(f":{SECRET}@", f"X-Chroma-Token: {SECRET}"), (f"me:{SECRET}@", "Authorization: Basic "), ("", "Accept: */*")],
)
def test_who_asks_is_told_as_the_address_says(serve, limits, login, header):
    made = canned(serve, SERVER)
    look(KIND, "presence", limits, url=at(made.port, login))
    assert all(header.lower() in request.lower() for request in made.requests)
    assert all(("authorization" in request.lower()) is bool(login) for request in made.requests)


@pytest.mark.parametrize(
    ("heartbeat", "reason"),
    [
        ((200, {"nanosecond heartbeat": 7}), Reason.WRONG_PRODUCT),
        ((200, {"nanosecond heartbeat": "7"}), Reason.WRONG_PRODUCT),
        ((200, "hello"), Reason.WRONG_PRODUCT),
        ((200, b"<html>"), Reason.WRONG_PRODUCT),
        ((404, b""), Reason.WRONG_PRODUCT),
        ((301, b""), Reason.REDIRECTED),
        ((401, SECRET.encode()), Reason.FORBIDDEN),
        ((403, b""), Reason.FORBIDDEN),
        ((502, b""), Reason.PROTOCOL_ERROR),
        ((200, b"x" * 200_000), Reason.TOO_LARGE),
    ],
)
def test_presence_of_something_else(serve, limits, heartbeat, reason):
    told = refusal(KIND, "presence", limits, url=url(serve, {"/api/v2/heartbeat": heartbeat}))
    assert told.reason is reason


@pytest.mark.variant("chromadb", "managed", "turns away whose token is not known")
def test_a_server_that_turns_the_audit_away_is_present(serve, limits):
    seen = look(KIND, "presence", limits, url=url(serve, {"/api/v2/auth/identity": (401, b"")}))
    assert (seen.up, seen.authenticated) == (True, False)
    seen = look(KIND, "presence", limits, url=url(serve, {"/api/v2/version": (500, b"")}))
    assert (seen.up, seen.version, seen.authenticated) == (True, "", True)


@pytest.mark.variant("chromadb", "older", "0.5: API v1 alone")
def test_an_old_server_is_there_and_cannot_be_asked(serve, limits):
    old = {"/api/v1/heartbeat": SERVER["/api/v2/heartbeat"], "/api/v1/version": (200, "0.5.23")}
    where = at(canned(serve, old).port)
    seen = look(KIND, "presence", limits, url=where)
    assert (seen.up, seen.product, seen.version, seen.authenticated) == (True, "ChromaDB", "0.5.23", True)
    for ask in ("health", DOCS, "work"):
        assert refusal(KIND, ask, limits, url=where).reason is Reason.UNSUPPORTED_VERSION


def test_in_a_container_its_run_tells_whose_the_records_are(serve, limits, monkeypatch):
    monkeypatch.setattr("pytest_distaudit.systems._local.serving_process", lambda located, besides=0: None)
    run = lambda: Inventory(True, run="c0ffee, started at noon")  # noqa: E731
    session = KIND.connect(located(KIND, url=url(serve), inventory=run), limits)
    KIND.answers["work"](session, Ask.of("work"))
    assert session.identity == "c0ffee, started at noon"
    assert refusal(KIND, "process", limits, url=url(serve), inventory=run).reason is Reason.NO_OBSERVABLE


def test_a_process_elsewhere_is_not_known(serve, limits, monkeypatch):
    monkeypatch.setattr("pytest_distaudit.systems._local.serving_process", lambda located, besides=0: None)
    assert refusal(KIND, "process", limits, url=url(serve)).reason is Reason.NO_OBSERVABLE


# --- health


def test_health(serve, limits):
    seen = look(KIND, "health", limits, url=url(serve))
    assert (seen.healthy, [part.name for part in seen.parts]) == (True, ["is_executor_ready", "is_log_client_ready"])
    sick = (503, {"is_executor_ready": False, "is_log_client_ready": True})
    seen = look(KIND, "health", limits, url=url(serve, {"/api/v2/healthcheck": sick}))
    assert (seen.healthy, seen.detail) == (False, "is_executor_ready is false")
    seen = look(KIND, "health", limits, url=url(serve, {"/api/v2/healthcheck": (503, {})}))
    assert (seen.healthy, seen.detail) == (False, "503")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((404, b""), Reason.NO_OBSERVABLE), ((403, b""), Reason.FORBIDDEN), ((200, b"ok"), Reason.PROTOCOL_ERROR)],
)
def test_no_word_on_health(serve, limits, answer, reason):
    assert refusal(KIND, "health", limits, url=url(serve, {"/api/v2/healthcheck": answer})).reason is reason


# --- collections


def test_a_collection(serve, limits):
    seen = look(KIND, DOCS, limits, url=url(serve))
    assert (seen.name, seen.exists, seen.place) == ("docs", True, "default_tenant/default_database")
    assert (seen.records, seen.dimensions, seen.others, seen.nonces) == (2, (3,), ("notes",), (NONCE,))
    assert (seen.reads, seen.writes) == (None, None)
    assert seen.digest
    again = look(KIND, DOCS, limits, url=url(serve))
    assert again.digest == seen.digest
    changed = look(KIND, DOCS, limits, url=url(serve, {INSIDE: (200, {"ids": ["b"]})}))
    assert changed.digest != seen.digest


def test_a_collection_that_never_held_anything(serve, limits):
    empty = {
        f"{BASE}/collections/docs": (200, {"id": "i-1", "dimension": None}),
        f"{BASE}/collections/i-1/count": (200, 0),
        INSIDE: (200, {"ids": []}),
    }
    seen = look(KIND, DOCS, limits, url=url(serve, empty))
    assert (seen.records, seen.dimensions, seen.nonces) == (0, (), ())


def test_what_is_not_there(serve, limits):
    seen = look(KIND, DOCS, limits, url=url(serve, {f"{BASE}/collections/docs": NOT_FOUND}))
    assert (seen.exists, seen.records, seen.others) == (False, None, ("notes",))
    # its lists are empty where the database does not exist, too
    seen = look(KIND, DOCS, limits, url=url(serve, {BASE: NOT_FOUND}))
    assert (seen.exists, seen.others) == (False, None)
    assert "no database default_database of tenant default_tenant" in seen.fault


def test_another_database_and_hostile_names(serve, limits):
    made = canned(serve, {**SERVER, "/api/v2/tenants/acme/databases/main": NOT_FOUND})
    seen = look(KIND, Ask.of("collection", name="d", tenant="acme", database="main"), limits, url=at(made.port))
    assert (seen.exists, seen.place) == (False, "acme/main")
    told = refusal(KIND, Ask.of("collection", name="../../x?y#z"), limits, url=at(made.port))
    assert told.reason is Reason.PROTOCOL_ERROR
    assert any("/collections/..%2F..%2Fx%3Fy%23z " in request for request in made.requests)


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        (BASE, (404, b"<html>"), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections/docs", (404, b"not here"), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections/docs", (403, b""), Reason.FORBIDDEN),
        (f"{BASE}/collections/docs", (307, b""), Reason.REDIRECTED),
        (f"{BASE}/collections/docs", (200, {}), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections/docs", (200, b"["), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections", (403, b""), Reason.FORBIDDEN),
        (f"{BASE}/collections", (200, {"a": 1}), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections", (200, b"x" * 200_000), Reason.TOO_LARGE),
        (f"{BASE}/collections/i-1/count", (200, True), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections/i-1/count", (200, "2"), Reason.PROTOCOL_ERROR),
        (f"{BASE}/collections/i-1/count", (500, b""), Reason.PROTOCOL_ERROR),
    ],
)
def test_what_cannot_be_seen_is_never_absent(serve, limits, path, answer, reason):
    if path != BASE:
        assert refusal(KIND, DOCS, limits, url=url(serve, {path: answer})).reason is reason
        return
    told = refusal(KIND, DOCS, limits, url=url(serve, {path: answer, f"{BASE}/collections": (404, b"<html>")}))
    assert told.reason is reason


@pytest.mark.parametrize("answer", [(403, b""), (400, b"no such filter"), (200, b"x" * 200_000)])
def test_contents_that_cannot_be_read_hold_no_nonces_and_no_digest(serve, limits, answer):
    seen = look(KIND, DOCS, limits, url=url(serve, {INSIDE: answer}))
    assert (seen.records, seen.nonces, seen.digest) == (2, None, "")


def test_of_many_records_the_newest_and_the_marked_ones_are_read(serve, limits):
    def inside(request):
        body = json.loads(request.rpartition("\r\n\r\n")[2])
        if "where_document" in body:
            return 200, {"documents": [OTHER]}
        return 200, {"documents": [f"{NONCE} at {body['offset']}"]}

    many = {f"{BASE}/collections/i-1/count": (200, 1000), INSIDE: inside}
    made = canned(serve, SERVER | many)
    seen = look(KIND, DOCS, limits, url=at(made.port))
    assert (seen.nonces, seen.digest) == ((NONCE, OTHER), "")
    assert any('"offset":800' in request.replace(" ", "") for request in made.requests)


# --- what was done for others


def test_work_is_what_is_stored(serve, limits):
    seen = look(KIND, "work", limits, url=url(serve))
    assert (seen.counts, seen.nonces) == ({"records": 3}, (NONCE, OTHER))
    assert "queries" in seen.unseen
    part = look(KIND, "work", limits, url=url(serve, {INSIDE: (403, b"")}))
    assert (part.counts, part.nonces) == ({"records": 3}, None)
    empty = look(KIND, "work", limits, url=url(serve, {f"{BASE}/collections": (200, [])}))
    assert (empty.counts, empty.unseen) == ({"records": 0}, ""), "where no collection is, there is nothing to ask for"


def test_work_of_too_many_collections(serve, limits):
    many = {f"{BASE}/collections": (200, [{"id": str(number)} for number in range(31)])}
    assert refusal(KIND, "work", limits, url=url(serve, many)).reason is Reason.TOO_LARGE


# --- a real server

MISSING = builtin_recipes()["chromadb"].missing()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if MISSING:
        pytest.skip(MISSING)
    room = Room(tmp_path_factory.mktemp("chroma"), '[targets.it.systems.store]\nkind = "chromadb"\nnative = {}\n')
    with room:
        yield room.located["store"].endpoints["url"]


def put(where: str, path: str, body: object) -> object:
    request = urllib.request.Request(where + BASE + path, json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@pytest.mark.live
class TestReal:
    def test_everything(self, server):
        seen = look(KIND, "presence", Limits(), url=server)
        assert (seen.up, seen.product, seen.authenticated) == (True, "ChromaDB", True)
        assert seen.version
        assert look(KIND, "health", Limits(), url=server).healthy
        process = look(KIND, "process", Limits(), url=server)
        assert process.pid
        assert [place.partition(":")[0] for place in process.listens_on] == ["127.0.0.1"]
        assert look(KIND, "listener", Limits(), url=server).protocol == "http"
        assert not look(KIND, DOCS, Limits(), url=server).exists
        assert "no database" in look(KIND, Ask.of("collection", name="docs", tenant="x"), Limits(), url=server).fault

    def test_what_is_stored(self, server):
        made = put(server, "/collections", {"name": "stored"})
        ask = Ask.of("collection", name="stored")
        seen = look(KIND, ask, Limits(), url=server)
        assert (seen.exists, seen.records, seen.dimensions, seen.nonces) == (True, 0, (), ())
        before = look(KIND, "work", Limits(), url=server)
        ids = [str(number) for number in range(300)]
        documents = [f"about {OTHER}", *(f"number {number}" for number in ids[1:-1]), f"about {NONCE}"]
        add = {"ids": ids, "embeddings": [[1.0, float(number), 0.0] for number in range(300)], "documents": documents}
        put(server, f"/collections/{made['id']}/add", add)
        after = look(KIND, ask, Limits(), url=server)
        assert (after.records, after.dimensions, after.nonces, after.digest) == (300, (3,), (NONCE, OTHER), "")
        work = look(KIND, "work", Limits(), url=server)
        assert work.counts["records"] - before.counts["records"] == 300
        assert set(work.nonces) >= {NONCE, OTHER}

    def test_an_upsert_shows_in_the_digest_and_a_query_nowhere(self, server):
        made = put(server, "/collections", {"name": "small"})
        path, ask = f"/collections/{made['id']}", Ask.of("collection", name="small")
        record = {"ids": ["a"], "embeddings": [[1.0, 2.0]], "documents": ["one"]}
        put(server, f"{path}/upsert", record)
        first = look(KIND, ask, Limits(), url=server)
        put(server, f"{path}/query", {"query_embeddings": [[1.0, 2.0]], "n_results": 1})
        assert look(KIND, ask, Limits(), url=server) == first
        put(server, f"{path}/upsert", record | {"documents": ["two"]})
        second = look(KIND, ask, Limits(), url=server)
        assert (second.records, second.digest != first.digest) == (1, True)
