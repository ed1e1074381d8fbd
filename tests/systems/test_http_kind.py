from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from base64 import b64encode

import pytest

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.systems._http_words import alike, alike_but_for_chance, parts_of, verdict_of
from pytest_distaudit.systems.http import KIND

from .bad_days import (
    SECRET,
    closes,
    free_port,
    garbage,
    look,
    never_answers,
    refusal,
    wait_until,
)


def site(serve, pages, otherwise=(404, b"not found"), extra=""):
    """A server with ``pages``: path -> (status, body); ``otherwise`` may be a function of the path."""

    def handle(connection: socket.socket) -> None:
        path = connection.recv(65536).split(b" ")[1].decode()
        status, body = pages.get(path) or (otherwise(path) if callable(otherwise) else otherwise)
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nServer: tiny/1.2\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return f"http://audit:{SECRET}@127.0.0.1:{serve(handle)}"


def test_any_answer_is_presence(serve, limits):
    seen = look(KIND, "presence", limits, url=site(serve, {}))
    assert (seen.up, seen.product, seen.version) == (True, "tiny", "1.2")


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [(never_answers, Reason.TIMED_OUT), (garbage, Reason.PROTOCOL_ERROR), (closes, Reason.PROTOCOL_ERROR)],
)
def test_no_answer_is_no_presence(serve, limits, bad_day, reason):
    for ask in ("presence", "health", Ask.of("answer", path="/x")):
        told = refusal(KIND, ask, limits, url=f"http://audit:{SECRET}@127.0.0.1:{serve(bad_day)}")
        assert told.reason is reason


def test_a_closed_port_is_a_refusal(limits):
    assert isinstance(refusal(KIND, "presence", limits, url=f"http://127.0.0.1:{free_port()}"), Refusal)


def test_health_is_status_and_word_and_parts(serve, limits):
    body = {"status": "ok", "dependencies": {"db": {"status": "down"}, "queue": "up"}}
    seen = look(KIND, "health", limits, url=site(serve, {"/health": (200, body)}))
    assert seen.healthy
    assert seen.discerning is True
    assert [(part.name, part.healthy) for part in seen.parts] == [("db", False), ("queue", True)]
    bad = look(KIND, "health", limits, url=site(serve, {"/health": (200, {"status": "DOWN"})}))
    assert not bad.healthy
    assert not look(KIND, "health", limits, url=site(serve, {"/health": (503, {"status": "ok"})})).healthy


@pytest.mark.parametrize(
    "catch_all",
    [
        lambda path: (200, b'{"status": "ok"}'),
        lambda path: (200, {"status": "ok", "path": path}),
        lambda path: (200, {"status": "ok", "at": time.time(), "id": os.urandom(16).hex()}),
        lambda path: (200, {"status": "ok", "at": time.time(), "id": b64encode(os.urandom(18)).decode()}),
    ],
)
def test_a_server_that_is_healthy_everywhere_does_not_discern(serve, limits, catch_all):
    url = site(serve, {}, otherwise=catch_all)
    seen = look(KIND, "health", limits, url=url)
    assert seen.healthy
    assert seen.discerning is False
    assert look(KIND, Ask.of("answer", path="/api/v1/orders"), limits, url=url).same_as_nonsense


def test_a_health_path_that_is_not_there(serve, limits):
    url = site(serve, {})
    told = refusal(KIND, "health", limits, url=url)
    assert told.reason is Reason.NO_OBSERVABLE
    assert "no health path is declared" in told.detail
    assert not look(KIND, "health", limits, url=url, health="/up").healthy


def test_a_redirect_is_not_followed_and_names_no_secret(serve, limits):
    moved = f"Location: http://u:{SECRET}@elsewhere/login?token={SECRET}\r\n"
    url = site(serve, {"/health": (302, b"")}, extra=moved)
    told = refusal(KIND, "health", limits, url=url)
    assert told.reason is Reason.REDIRECTED
    assert "http://elsewhere/login" in told.detail
    assert refusal(KIND, "health", limits, url=site(serve, {"/health": (401, b"")})).reason is Reason.FORBIDDEN
    assert refusal(KIND, "health", limits, url=site(serve, {"/health": (429, b"")})).reason is Reason.FORBIDDEN


def test_an_answer(serve, limits):
    url = site(serve, {"/a/b": (200, b"x" * 5000)}, extra="Content-Type: text/plain\r\nLocation: /c\r\n")
    seen = look(KIND, Ask.of("answer", path="/a/b"), limits, url=url)
    assert (seen.status, len(seen.body), seen.content_type, seen.location) == (200, 4000, "text/plain", "/c")
    assert not seen.same_as_nonsense
    assert look(KIND, Ask.of("answer", path="/a/z"), limits, url=url).same_as_nonsense


def test_a_declared_header_is_the_identity(serve, limits):
    url = site(serve, {"/": (200, b"")}, extra="X-Boot: b1\r\n")
    seen = look(KIND, "process", limits, url=url, identity="header:X-Boot")
    assert (seen.identity, seen.how) == ("b1", "header x-boot")
    told = refusal(KIND, "process", limits, url=url, identity="header:X-Other")
    assert told.reason is Reason.NO_OBSERVABLE


@pytest.fixture
def program():
    """Start a Python program that listens on the port given as its first argument."""
    started: list[subprocess.Popen[bytes]] = []

    def start(text: str, *args: object) -> tuple[int, subprocess.Popen[bytes]]:
        port = free_port()
        argv = [sys.executable, "-c", textwrap.dedent(text), str(port), *map(str, args)]
        started.append(subprocess.Popen(argv))
        wait_until(lambda: answers("127.0.0.1", port), 10)
        return port, started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(10)


_SERVER = """
    import http.server, sys
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler,
                                    ).serve_forever()
"""
_RELAY = """
    import socket, sys, threading
    def pump(a, b):
        while data := a.recv(65536):
            b.sendall(data)
    def serve(client):
        server = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def test_a_local_server_is_known_by_its_process_and_a_relay_by_whom_it_dials(program, limits):
    port, server = program(_SERVER)
    own = look(KIND, "process", limits, url=f"http://127.0.0.1:{port}")
    assert own.pid == server.pid
    assert own.identity.startswith(f"{server.pid}:")
    assert own.forwards_to == ()
    assert own.listens_on == (f"127.0.0.1:{port}",)
    named = look(KIND, "process", limits, url=f"http://localhost:{port}")
    assert named.identity == own.identity

    relay_port, _ = program(_RELAY, port)
    relay = look(KIND, "process", limits, url=f"http://127.0.0.1:{relay_port}")
    assert relay.identity != own.identity
    assert relay.forwards_to == (f"127.0.0.1:{port}",)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('{"status": "ok"}', True),
        ('{"status": "UP", "healthy": true}', True),
        ('{"healthy": false}', False),
        ('{"status": "not_ready"}', False),
        ('{"state": "degraded"}', False),
        ('{"status": {"status": "down"}}', None),
        ('{"status": 503}', False),
        ('{"status": 200}', None),
        ("unhealthy", False),
        ("pong", None),
        ("[]", None),
        ("<html>error pages</html>", False),
        ("", None),
    ],
)
def test_the_word_of_a_body(body, word):
    assert verdict_of(body) is word


def test_parts_in_their_usual_spellings():
    spring = {"status": "DOWN", "components": {"db": {"status": "DOWN"}, "disk": {"status": "UP", "details": {}}}}
    assert [(part.name, part.healthy) for part in parts_of(json.dumps(spring))] == [("db", False), ("disk", True)]
    listed = {"checks": [{"name": "mq", "status": "pass"}, {"name": "?"}, 7]}
    assert [(part.name, part.healthy) for part in parts_of(json.dumps(listed))] == [("mq", True)]
    draft = {"checks": {"cache:up": [{"status": "fail"}]}}
    assert [(part.name, part.healthy) for part in parts_of(json.dumps(draft))] == [("cache:up", False)]
    assert parts_of("[]") == parts_of("x") == ()


def test_alike_looks_past_the_path_and_what_is_never_the_same():
    assert alike("no /health at 12:01", "no /distaudit-ab at 12:02", "health", "distaudit-ab")
    assert not alike("fine", "not found", "health", "distaudit-ab")
    assert alike("root", "root", "", "distaudit-ab")


def test_chance_and_a_clock_that_went_on_do_not_make_a_page_another_one():
    """The two nonsenses are told within one second, the page in another one."""
    first, second = "12:00:01 aZk+/x", "12:00:01 Qb9+/y"
    assert alike_but_for_chance("12:00:02 p7L+/z", "a", (first, "n1"), (second, "n2"))
    assert not alike_but_for_chance("12:00:02 p7L+/z more", "a", (first, "n1"), (second, "n2"))
    assert not alike_but_for_chance("at 12:00:02", "a", ("no 12:00:01", "n1"), ("no 12:00:01", "n2"))
