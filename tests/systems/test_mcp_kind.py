"""Servers of tools on their worst day, over HTTP and as programs."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest

from pytest_distaudit.domain.target import Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems.mcp import KIND, McpSession, tools_of

from .bad_days import (
    SECRET,
    answers_a_gigabyte,
    closes,
    dribbles,
    echoes,
    garbage,
    greets_like_ssh,
    look,
    never_answers,
    refusal,
    resets,
    speaks_http,
    speaks_postgres,
)

QUICK = Limits(connect_s=0.5, ask_s=0.5, look_s=1.5, body_bytes=100_000)
OPENED = {"protocolVersion": "2024-11-05", "serverInfo": {"name": "it", "version": "0.1"}, "capabilities": {}}


def url(port: int) -> str:
    return f"http://audit:{SECRET}@127.0.0.1:{port}/mcp"


def answering(status: str, *heads: str, body: str = "") -> Callable[[socket.socket], None]:
    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        lines = "\r\n".join([f"HTTP/1.1 {status}", *heads, f"Content-Length: {len(body)}", "", body])
        connection.sendall(lines.encode())

    return handler


def rpc(answer: Callable[[dict], object], kind: str = "application/json", wrap: str = "{}") -> Callable:
    """One answer a connection, made of what was asked."""

    def handler(connection: socket.socket) -> None:
        request = b""
        while b"}" not in request.partition(b"\r\n\r\n")[2]:
            chunk = connection.recv(65536)
            if not chunk:
                return
            request += chunk
        asked = json.loads(request.partition(b"\r\n\r\n")[2])
        body = wrap.replace("{}", json.dumps(answer(asked)))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall((head + body).encode())

    return handler


def result(asked: dict, told: object) -> dict:
    return {"jsonrpc": "2.0", "id": asked.get("id"), "result": told}


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (dribbles, Reason.TIMED_OUT),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
        (garbage, Reason.PROTOCOL_ERROR),
        (echoes, Reason.PROTOCOL_ERROR),
        (greets_like_ssh, Reason.TIMED_OUT),
        (speaks_postgres, Reason.PROTOCOL_ERROR),
        (speaks_http, Reason.WRONG_PRODUCT),
        (answers_a_gigabyte, Reason.TOO_LARGE),
        (answering("200 OK", "Content-Type: text/html", body="<p>hi"), Reason.WRONG_PRODUCT),
        (answering("200 OK", JSON, body="{half"), Reason.WRONG_PRODUCT),
        (answering("200 OK", JSON, body='{"status": "healthy"}'), Reason.WRONG_PRODUCT),
        (answering("200 OK", JSON, body="[1, 2]"), Reason.WRONG_PRODUCT),
        (answering("401 Unauthorized", "WWW-Authenticate: Bearer"), Reason.FORBIDDEN),
        (answering("403 Forbidden"), Reason.FORBIDDEN),
        (answering("307 Elsewhere", "Location: http://elsewhere.invalid/"), Reason.REDIRECTED),
        (answering("502 Bad Gateway"), Reason.NOT_REACHABLE),
        (answering("404 Not Found"), Reason.WRONG_PRODUCT),
        (answering("405 No"), Reason.WRONG_PRODUCT),
        (rpc(lambda asked: result(asked, OPENED | {"protocolVersion": "9"})), Reason.WRONG_PRODUCT),
        (rpc(lambda asked: result(asked, OPENED | {"serverInfo": {}})), Reason.WRONG_PRODUCT),
        (rpc(lambda asked: result(asked, "yes")), Reason.WRONG_PRODUCT),
        (rpc(lambda asked: result({"id": 1}, OPENED)), Reason.WRONG_PRODUCT),
        (rpc(lambda asked: asked), Reason.WRONG_PRODUCT),
        (rpc(lambda asked: {"jsonrpc": "2.0", "id": asked.get("id"), "error": "no"}), Reason.WRONG_PRODUCT),
    ],
)
@pytest.mark.variant("mcp", "managed", "behind a login")
def test_bad_days_over_http(serve, bad_day, reason) -> None:
    for ask in ("presence", "health", "tool-servers"):
        assert refusal(KIND, ask, QUICK, url=url(serve(bad_day))).reason is reason


@pytest.mark.variant("mcp", "older", "the transport of two addresses (SSE)")
def test_the_older_transport_is_named(serve) -> None:
    def older(connection: socket.socket) -> None:
        if connection.recv(65536).startswith(b"GET"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: endpoint\r\n")
            never_answers(connection)
        connection.sendall(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")

    assert refusal(KIND, "presence", QUICK, url=url(serve(older))).reason is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [("application/json", "{}"), ("text/event-stream", ": hi\r\n\r\nevent: message\r\ndata: {}\r\n\r\n")],
)
@pytest.mark.variant("mcp", "older", "2024-11-05")
def test_older_versions_are_spoken_and_both_ways_of_answering_read(serve, kind, wrap) -> None:
    port = serve(rpc(lambda asked: result(asked, OPENED), kind, wrap))
    found = look(KIND, "presence", QUICK, url=url(port))
    assert (found.up, found.product, found.version) == (True, "it", "0.1")


@pytest.mark.variant("mcp", "newer", "a version that is not known yet")
def test_a_version_that_is_not_known_yet(serve) -> None:
    def future(asked: dict) -> object:
        if asked["method"] == "server/discover":
            return result(asked, {"supportedVersions": ["2031-01-01"], "capabilities": {}})
        return {"jsonrpc": "2.0", "id": asked.get("id"), "error": {"code": -32022, "message": "too old"}}

    told = refusal(KIND, "presence", QUICK, url=url(serve(rpc(future))))
    assert told.reason is Reason.UNSUPPORTED_VERSION


PAGES = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    page = asked.get("params", {}).get("cursor")
    opened = {"protocolVersion": "2025-06-18", "serverInfo": {"name": "it"}, "capabilities": {"tools": {}}}
    told = {"initialize": opened, "tools/list": {
        "tools": [{"name": f"tool-{page}", "inputSchema": {"type": "object"}}],
        **({} if page == "2" else {"nextCursor": "2" if page else "1"})}}.get(asked["method"])
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message"}))
        how = {"result": told} if told else {"error": {"code": -32601, "message": "unknown"}}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **how}), flush=True)
"""


def program(*words: str) -> McpSession:
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    return McpSession(Located("it", "mcp", {"stdio": f"exec:{quoted}"}), replace(QUICK, ask_s=5, look_s=20))


def test_cursors_are_followed_and_notifications_passed_over() -> None:
    found = tools_of(program(sys.executable, "-c", PAGES))
    assert [tool.name for tool in found.conversations[0].tools or ()] == ["tool-None", "tool-1", "tool-2"]
    assert [one.unknown for one in found.conversations] == ["refused", "refused"]
    assert (found.server, found.protocol, found.started) == ("it", "2025-06-18", True)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("true", Reason.WRONG_PRODUCT),
        ("sh -c 'exit 3'", Reason.BASELINE),
        ("sleep 60", Reason.WRONG_PRODUCT),
        ("echo ok", Reason.WRONG_PRODUCT),
        ("yes", Reason.WRONG_PRODUCT),
        ("sh -c 'while :; do printf aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done'", Reason.TOO_LARGE),
        ("/nowhere/at-all", Reason.NOT_INSTALLED),
        ("/etc/passwd", Reason.FORBIDDEN),
        ("'", Reason.NO_OBSERVABLE),
        ("", Reason.NO_OBSERVABLE),
    ],
)
def test_bad_days_of_programs(command, reason) -> None:
    limits = replace(QUICK, look_s=20.0) if reason is Reason.TOO_LARGE else QUICK
    assert refusal(KIND, "presence", limits, stdio=f"exec:{command}").reason is reason


def test_nothing_is_left_running() -> None:
    mark = f"87{time.time_ns() % 10**6}"
    refusal(KIND, "presence", QUICK, stdio=f"exec:sh -c 'sleep {mark} & sleep {mark}'")
    assert not [one for one in psutil.process_iter(["cmdline"]) if mark in " ".join(one.info["cmdline"] or ())]


def test_secrets_of_the_environment_stay_here(monkeypatch) -> None:
    monkeypatch.setenv("DISTAUDIT_TEST_TOKEN", SECRET)
    refusal(KIND, "presence", QUICK, stdio="exec:sh -c 'echo $DISTAUDIT_TEST_TOKEN >&2; exit 1'")


def test_programs_have_no_port_and_are_not_started_without_leave() -> None:
    for ask in ("listener", "process"):
        assert refusal(KIND, ask, QUICK, stdio="exec:true").reason is Reason.NO_OBSERVABLE
    session = McpSession(Located("it", "mcp", {"stdio": "exec:true"}, probes=Probes.NONE), QUICK)
    with pytest.raises(Exception, match="probes") as caught:
        tools_of(session)
    assert caught.value.reason is Reason.NOT_SAFE
