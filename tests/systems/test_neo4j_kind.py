from __future__ import annotations

import json
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.graphs import GraphDatabase
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems._neo4j_session import committed
from pytest_distaudit.systems.neo4j import KIND
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

from .bad_days import (
    SECRET,
    answers_a_gigabyte,
    dribbles_body,
    echoes,
    free_port,
    garbage,
    greets_like_ssh,
    look,
    never_answers,
    refusal,
    speaks_http,
)

ASKS = ("presence", "health", "process", "graph", "work")
ROOT = {
    "neo4j_version": "5.26.0",
    "neo4j_edition": "community",
    "transaction": "http://elsewhere.invalid/db/{databaseName}/tx",
    "query": "http://elsewhere.invalid/db/{databaseName}/query/v2",
}
UNAUTHORIZED = {"errors": [{"code": "Neo.ClientError.Security.Unauthorized", "message": f"Invalid: {SECRET}"}]}


def bookmark(number: bytes) -> str:
    return "FB:" + b64encode(b"\x91\xcc\x10" + bytes(16) + number + b"\x90").decode()


def table(*columns: str, rows: tuple[tuple[object, ...], ...] = (), at: bytes = b"\x08") -> dict[str, object]:
    data = [{"row": list(row), "meta": [None] * len(row)} for row in rows]
    return {"results": [{"columns": list(columns), "data": data}], "errors": [], "lastBookmarks": [bookmark(at)]}


def failing(code: str) -> dict[str, object]:
    return {"results": [], "errors": [{"code": code, "message": "no"}]}


DATABASES = table("name", "currentStatus", rows=(("neo4j", "online"), ("system", "online")))
SAYS: dict[str, object] = {
    "SHOW DATABASES": DATABASES,
    "SHOW DEFAULT DATABASE": table("name", rows=(("neo4j",),)),
    "MATCH (n) RETURN": table("count(n)", rows=((4,),)),
    "MATCH ()-[r]->()": table("count(r)", rows=((3,),)),
    "CALL db.labels": table("label", rows=(("Fact",), ("distaudit_probe",))),
    "MATCH (n) WITH n LIMIT 1000": table("sampled", "bare", "distinct", rows=((4, 1, 3),)),
    "MATCH (n:`Fact`)": table("count(n)", rows=((2,),)),
    "MATCH (n:`distaudit_probe`)": table("count(n)", rows=((1,),)),
    "SHOW INDEXES": table("name", "type", rows=(("a", "LOOKUP"), ("b", "RANGE"))),
    "SHOW CONSTRAINTS": table("name", "type"),
    "CALL dbms.queryJmx": table("at", rows=((1700000000000,),)),
    "RETURN 1": table("1", rows=((1,),)),
}

Serve = Callable[[Callable[[socket.socket], None]], int]


def answer(status: int, body: object, *heads: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    more = "".join(f"{one}\r\n" for one in heads)
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(data)}\r\n{more}\r\n".encode() + data


def request(connection: socket.socket) -> tuple[str, bytes]:
    heard = b""
    while b"\r\n\r\n" not in heard:
        more = connection.recv(65536)
        if not more:
            return "", b""
        heard += more
    head, _, body = heard.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode(), body


def server(serve: Serve, root: object = ROOT, status: int = 200, **said: object) -> str:
    """A server with that root document; ``said``: the beginning of a statement -> its answer or (status, answer)."""
    known = SAYS | {name.replace("_", " "): value for name, value in said.items()}

    def handle(connection: socket.socket) -> None:
        head, body = request(connection)
        if head.startswith("GET / "):
            connection.sendall(root if isinstance(root, bytes) else answer(200, root))
        elif head:
            assert "access-mode: READ" in head
            asked = json.loads(body)
            statement = asked["statement"] if "statement" in asked else asked["statements"][0]["statement"]
            name = max((one for one in known if statement.startswith(one)), key=len)
            told = known[name]
            connection.sendall(told if isinstance(told, bytes) else answer(status, told))

    return f"http://neo4j:{SECRET}@127.0.0.1:{serve(handle)}"


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (speaks_http, Reason.WRONG_PRODUCT),
        (greets_like_ssh, Reason.TIMED_OUT),
        (garbage, Reason.PROTOCOL_ERROR),
        (echoes, Reason.PROTOCOL_ERROR),
        (never_answers, Reason.TIMED_OUT),
        (dribbles_body, Reason.TIMED_OUT),
        (answers_a_gigabyte, Reason.TOO_LARGE),
    ],
)
def test_every_bad_day(serve, limits, bad_day, reason):
    where = f"http://neo4j:{SECRET}@127.0.0.1:{serve(bad_day)}"
    assert refusal(KIND, "presence", replace(limits, ask_s=0.5), url=where).reason is reason


def test_closed_ports_are_refusals(limits):
    for ask in ASKS:
        assert isinstance(refusal(KIND, ask, limits, url=f"http://127.0.0.1:{free_port()}"), Refusal)


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ({"data": "http://x/db/data/", "management": "http://x/db/manage/"}, Reason.UNSUPPORTED_VERSION),
        ({"version": "5.26.0"}, Reason.WRONG_PRODUCT),
        (["neo4j_version"], Reason.WRONG_PRODUCT),
        (answer(401, {}), Reason.FORBIDDEN),
        (answer(404, b"no"), Reason.WRONG_PRODUCT),
        (answer(302, b"", "Location: http://elsewhere.invalid/"), Reason.REDIRECTED),
    ],
)
@pytest.mark.variant("neo4j", "older", "3.5")
def test_roots_that_are_none(serve, limits, root, reason):
    for ask in ASKS:
        assert refusal(KIND, ask, limits, url=server(serve, root)).reason is reason


def test_the_whole_table(serve, limits):
    where = server(serve)
    seen = look(KIND, "presence", limits, url=where)
    assert (seen.product, seen.version, seen.authenticated, seen.started_at) == ("Neo4j", "5.26.0", True, 1.7e9)
    assert look(KIND, "health", limits, url=where).healthy
    assert look(KIND, "work", limits, url=where).counts == {"committed to neo4j": 8}
    seen = look(KIND, Ask.of("graph", label="Fact"), limits, url=where)
    assert (seen.nodes, seen.relationships, seen.labelled, seen.own) == (4, 3, 2, 1)
    assert (seen.sampled, seen.bare, seen.distinct, seen.indexes, seen.constraints) == (4, 1, 3, 1, 0)
    assert (seen.hidden, seen.example) == (False, "")
    assert seen.databases == (
        GraphDatabase("neo4j", "online", online=True),
        GraphDatabase("system", "online", online=True),
    )


def test_a_wrong_password_is_running_and_the_rest_is_forbidden(serve, limits):
    for code in ("Unauthorized", "CredentialsExpired"):
        refused = {"errors": [{"code": f"Neo.ClientError.Security.{code}", "message": f"Invalid: {SECRET}"}]}
        where = server(serve, SHOW_DATABASES=answer(401, refused))
        assert look(KIND, "presence", limits, url=where).authenticated is False
        for ask in ASKS[1:]:
            assert refusal(KIND, ask, limits, url=where).reason is Reason.FORBIDDEN
    where = server(serve, SHOW_DATABASES=answer(403, b""))
    assert refusal(KIND, "health", limits, url=where).reason is Reason.FORBIDDEN


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(200, b"hello"), Reason.PROTOCOL_ERROR),
        ([], Reason.PROTOCOL_ERROR),
        ({"results": [], "errors": []}, Reason.PROTOCOL_ERROR),
        ({"results": [{"columns": ["a", "b"], "data": [{"row": [1]}]}], "errors": []}, Reason.PROTOCOL_ERROR),
        (table("count(n)", rows=(("many",),)), Reason.PROTOCOL_ERROR),
        (table("count(n)"), Reason.PROTOCOL_ERROR),
        (answer(500, {}), Reason.PROTOCOL_ERROR),
        (answer(307, b"", "Location: http://elsewhere.invalid/"), Reason.REDIRECTED),
        (failing("Neo.ClientError.Transaction.TransactionTimedOut"), Reason.TIMED_OUT),
        (failing("Neo.TransientError.General.DatabaseUnavailable"), Reason.NO_OBSERVABLE),
        ({"errors": ["?"]}, Reason.PROTOCOL_ERROR),
        (answer(200, {"data": [0] * 100000}), Reason.TOO_LARGE),
    ],
)
def test_answers_that_are_none(serve, limits, said, reason):
    where = server(serve, **{"MATCH (n) RETURN": said})
    assert refusal(KIND, "graph", limits, url=where).reason is reason


def test_lists_that_are_cut_short(serve, limits):
    for said in (table("name"), table("name", rows=(("neo4j",),))):
        assert refusal(KIND, "health", limits, url=server(serve, SHOW_DATABASES=said)).reason is Reason.PROTOCOL_ERROR
    where = server(serve, SHOW_DEFAULT_DATABASE=table("name"))
    assert refusal(KIND, "graph", limits, url=where).reason is Reason.FORBIDDEN


def test_a_database_that_is_not_there_is_told_by_the_server(serve, limits):
    missing = failing("Neo.ClientError.Database.DatabaseNotFound")
    where = server(serve, **{"MATCH (n) RETURN": answer(404, missing)})
    assert look(KIND, Ask.of("graph", database="knowledge"), limits, url=where).exists is False


def test_a_database_that_does_not_serve_is_no_health(serve, limits):
    said = table("name", "currentStatus", rows=(("neo4j", "offline"),))
    seen = look(KIND, "health", limits, url=server(serve, SHOW_DATABASES=said))
    assert (seen.healthy, seen.detail) == (False, "neo4j is offline")


PRIVILEGE = ("access", "action", "graph", "segment")


@pytest.mark.parametrize(
    ("rows", "hidden"),
    [
        ((("GRANTED", "match", "*", "NODE(*)"), ("GRANTED", "match", "*", "RELATIONSHIP(*)")), False),
        ((("GRANTED", "match", "*", "NODE(*)"),), True),
        ((("GRANTED", "match", "other", "NODE(*)"), ("GRANTED", "match", "*", "RELATIONSHIP(*)")), True),
        ((("GRANTED", "match", "*", "NODE(Fact)"), ("GRANTED", "match", "*", "RELATIONSHIP(*)")), True),
        (
            (
                ("GRANTED", "match", "*", "NODE(*)"),
                ("GRANTED", "match", "*", "RELATIONSHIP(*)"),
                ("DENIED", "traverse", "neo4j", "NODE(Secret)"),
            ),
            True,
        ),
        ((), True),
    ],
)
@pytest.mark.variant("neo4j", "managed", "rights that hide nodes")
def test_rights_may_hide_nodes(serve, limits, rows, hidden):
    said = {"SHOW USER PRIVILEGES": table(*PRIVILEGE, rows=rows)}
    where = server(serve, ROOT | {"neo4j_edition": "enterprise"}, **said)
    assert look(KIND, "graph", limits, url=where).hidden is hidden


def test_rights_that_may_not_be_read_may_hide_nodes(serve, limits):
    said = {"SHOW USER PRIVILEGES": failing("Neo.ClientError.Security.Forbidden")}
    where = server(serve, ROOT | {"neo4j_edition": "enterprise"}, **said)
    assert look(KIND, "graph", limits, url=where).hidden is True


@pytest.mark.variant("neo4j", "newer", "the Query API instead of transactions over HTTP")
def test_newer_servers_are_asked_by_the_query_api(serve, limits):
    root = {name: value for name, value in ROOT.items() if name != "transaction"}
    newer = {
        name: {
            "data": {
                "fields": told["results"][0]["columns"],
                "values": [one["row"] for one in told["results"][0]["data"]],
            },
            "bookmarks": told["lastBookmarks"],
        }
        for name, told in SAYS.items()
    }
    where = server(serve, root, 202, **newer)
    assert look(KIND, "graph", limits, url=where).nodes == 4
    assert look(KIND, "work", limits, url=where).counts == {"committed to neo4j": 8}


def test_without_a_bookmark_nothing_is_counted(serve, limits):
    where = server(serve, RETURN_1={**table("1", rows=((1,),)), "lastBookmarks": ["?"]})
    assert refusal(KIND, "work", limits, url=where).reason is Reason.NO_OBSERVABLE


@pytest.mark.variant("neo4j", "managed", "no right to ask for the start")
def test_who_may_not_ask_for_the_start_cannot_tell_the_run(serve, limits, monkeypatch):
    where = server(serve, **{"CALL dbms.queryJmx": failing("Neo.ClientError.Security.Forbidden")})
    assert look(KIND, "presence", limits, url=where).started_at is None


@pytest.mark.parametrize(
    ("packed", "number"),
    [
        (b"\x08", 8),
        (b"\x7f", 127),
        (b"\xc9\x01\x00", 256),
        (b"\xca\x00\x01\x00\x00", 65536),
        (b"\xcb\x00\x00\x00\x01\x00\x00\x00\x00", 1 << 32),
        (b"\xc9\x01", None),
        (b"", None),
    ],
)
def test_bookmarks_are_numbers(packed, number):
    assert committed([bookmark(packed)]) == number


def test_what_is_no_bookmark():
    assert committed([]) is None
    assert committed(["FB:not base64!", "FB:AAAA"]) is None


# --- a real server

MISSING = builtin_recipes()["neo4j"].missing()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if MISSING is not None:
        pytest.skip(MISSING)
    target = f'[targets.it.systems.graph]\nkind = "neo4j"\nnative = {{password = "{SECRET}", start_limit = 180}}\n'
    with Room(tmp_path_factory.mktemp("neo4j"), target) as room:
        yield room.located["graph"].endpoints["url"]


@pytest.mark.live
def test_a_real_server(real):
    import httpx

    unhurried = Limits(ask_s=15.0)
    assert look(KIND, "presence", unhurried, url=real).authenticated
    assert look(KIND, "process", unhurried, url=real).pid
    before = look(KIND, "work", unhurried, url=real).counts["committed to neo4j"]
    assert look(KIND, "graph", unhurried, url=real).nodes == 0
    assert look(KIND, "work", unhurried, url=real).counts["committed to neo4j"] == before, "looking commits nothing"
    url = real.replace(f"neo4j:{SECRET}@", "") + "/db/neo4j/tx/commit"
    body = {"statements": [{"statement": "CREATE (:Fact {n: 1})-[:OF]->(:Fact {n: 2})"}]}
    assert httpx.post(url, json=body, auth=("neo4j", SECRET), timeout=30).json()["errors"] == []
    assert look(KIND, "work", unhurried, url=real).counts["committed to neo4j"] > before
    seen = look(KIND, "graph", unhurried, url=real)
    assert (seen.nodes, seen.relationships, seen.labels, seen.hidden) == (2, 1, ("Fact",), False)
    wrong = real.replace(SECRET, "another-one")
    assert look(KIND, "presence", unhurried, url=wrong).authenticated is False


def test_the_recipe_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISTAUDIT_LAB_EXTRA", str(tmp_path))
    assert "./run lab-extra neo4j" in (builtin_recipes()["neo4j"].missing() or "")
    assert subprocess.run(["/bin/sh", "-n", "lab/extra/neo4j"], check=False).returncode == 0
