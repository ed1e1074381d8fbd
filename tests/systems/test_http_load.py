"""The load generator against good servers and bad ones: every request has one fate, and none is asked twice."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil
import pytest

from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.load import Fate, Hit, Shot
from pytest_distaudit.systems import http_load as module
from pytest_distaudit.systems.http_load import HttpLoad, http_load

LIMITS = Limits(connect_s=1.0, body_bytes=100_000)
OLD = f"distaudit-{'0' * 32}"
#: this process's own: tests beside it ask ports that nobody listened at a moment ago
HOST = f"127.31.{os.getpid() % 256}.1"
Answer = Callable[[bytes], bytes | None]


@dataclass
class Server:
    """Answers each request as ``answer`` says; None closes the connection."""

    answer: Answer
    port: int = 0
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    told = Server(answer)
    with socket.create_server((HOST, 0), backlog=64) as listener:
        told.port = listener.getsockname()[1]

        def converse(line: socket.socket) -> None:
            with line, suppress(OSError):
                heard = b""
                while more := line.recv(65536):
                    heard += more
                    while b"\r\n\r\n" in heard:
                        head, _, heard = heard.partition(b"\r\n\r\n")
                        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                        while len(heard) < length:
                            heard += line.recv(65536)
                        told.heard.append(head + b"\r\n\r\n" + heard[:length])
                        heard = heard[length:]
                        said = told.answer(told.heard[-1])
                        if said is None:
                            return
                        line.sendall(said)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    told.connections += 1
                    threading.Thread(target=converse, args=(line,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield told
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def path(heard: bytes) -> bytes:
    return heard.split(b" ", 2)[1]


def said(body: bytes, status: int = 200, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), more, body)


def fired(server: Server, many: int = 5, every: float = 0.02, patience_s: float = 0.3, **request: object) -> list[Hit]:
    shots = []
    for at in range(many):
        nonce = f"distaudit-{secrets.token_hex(16)}"
        asked = Request("GET", f"http://{HOST}:{server.port}/say/{nonce}")
        shots.append(Shot(at * every, asked, nonce))
    hits, strain = HttpLoad(LIMITS, "").fire(shots, patience_s)
    assert len(hits) == many
    assert strain.processors >= 1
    return list(hits)


def fates(hits: list[Hit]) -> str:
    return "".join(hit.fate.value for hit in hits)


def echo(heard: bytes) -> bytes:
    return said(path(heard))


def test_good_answers_come_over_connections_that_are_kept() -> None:
    with serving(echo) as server:
        hits = fired(server)
    assert fates(hits) == "....."
    assert server.connections == 1
    assert all(abs(hit.sent - at * 0.02) < 0.02 and 0 < hit.took < 0.1 for at, hit in enumerate(hits))


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (lambda heard: said(b"done"), "n", ""),
        (lambda heard: said(OLD.encode()), "c", ""),
        (lambda heard: said(b"busy", 503), "e", "503 busy"),
        (lambda heard: said(path(heard), 302, b"Location: http://127.0.0.1:1/\r\n"), "e", "302 /say/"),
        (lambda heard: None, "e", "the connection was closed"),
        (lambda heard: b"220 smtp.example ready\r\n", "t", "no answer"),
        (lambda heard: b"SSH-2.0\r\n\r\n", "e", "no HTTP"),
        (lambda heard: b"HTTP/1.1 200 x\r\nContent-Length: nine\r\n\r\n", "e", "no HTTP"),
        (lambda heard: said(b"x" * 200_000), "e", "the answer is too large"),
        (lambda heard: b"HTTP/1.1 200 x\r\nContent-Length: 99\r\n\r\nhalf", "t", "no answer"),
        (lambda heard: b"", "t", "no answer"),
        (lambda heard: said(path(heard), 200, b"Connection: close\r\n"), ".", ""),
        (lambda heard: b"HTTP/1.1 100 Continue\r\n\r\n" + echo(heard), ".", ""),
        (
            lambda heard: (
                b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
                % (len(path(heard)), path(heard))
            ),
            ".",
            "",
        ),
    ],
)
def test_every_request_has_one_fate(answer: Answer, expected: str, words: str) -> None:
    with serving(answer) as server:
        hits = fired(server)
        assert fates(hits) == expected * 5, hits
    assert all(hit.said.startswith(words) for hit in hits), hits
    assert len(server.heard) == 5, "nothing is asked twice"


def test_an_answer_that_ends_with_the_connection() -> None:
    with serving(lambda heard: b"HTTP/1.0 200 x\r\n\r\n" + path(heard)) as server:
        assert fates(fired(server, 1)) == "t"

    def whole(heard: bytes) -> bytes:
        threading.Timer(0.05, ended.set).start()
        return b"HTTP/1.0 200 x\r\n\r\n" + path(heard)

    ended = threading.Event()
    with socket.create_server((HOST, 0)) as listener:

        def once() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(whole(line.recv(4096)))
                ended.wait()

        threading.Thread(target=once, daemon=True).start()
        assert fates(fired(Server(whole, listener.getsockname()[1]), 1)) == "."


def test_nobody_there_is_an_error() -> None:
    with serving(echo) as server:
        pass
    hits = fired(server)
    assert fates(hits) == "eeeee"
    assert hits[0].said.startswith("no connection: ")


def test_no_answer_keeps_nobody_waiting() -> None:
    """Open loop: the second is asked while the first waits."""
    with serving(lambda heard: b"" if path(heard).endswith(b"0") else echo(heard)) as server:
        hits = fired(server, 20, 0.01)
    assert set(fates(hits)) <= {".", "t"}
    assert all(abs(hit.sent - at * 0.01) < 0.02 for at, hit in enumerate(hits))
    assert all(hit.took >= 0.25 for hit in hits if hit.fate is Fate.OPEN)


def test_what_is_due_while_all_wait_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    with serving(lambda heard: b"") as server:
        hits = fired(server, 6)
    assert fates(hits) == "tttxxx"


def test_a_connection_that_has_rested_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RESTS_S", 0.0)
    with serving(echo) as server:
        assert fates(fired(server)) == "....."
    assert server.connections == 5


def test_what_is_sent_is_what_the_operation_says() -> None:
    with serving(lambda heard: said(heard, 201)) as server:
        nonce = f"distaudit-{secrets.token_hex(16)}"
        url = f"http://user:p%20w@{HOST}:{server.port}/say?q=1"
        shots = [
            Shot(0.0, Request("POST", url, {"X-Word": nonce, "Accept": "text/plain"}, {"work": nonce}), nonce, ok)
            for ok in ((), (201,), (200,))
        ]
        hits, _ = HttpLoad(LIMITS, "").fire(shots, 1.0)
    assert fates(list(hits)) == "..e"
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /say?q=1 HTTP/1.1\r\n")
    assert json.loads(body) == {"work": nonce}
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert b"authorization: basic dxnlcjpwihc=" in lines
    assert [line for line in lines if line.startswith(b"accept:")] == [b"accept: text/plain"]


def test_the_audits_own_server_answers_and_goes() -> None:
    me = psutil.Process()
    before = set(me.children())
    with http_load(LIMITS) as generator:
        nonce = f"distaudit-{secrets.token_hex(16)}"
        shots = [Shot(at / 100, Request("GET", f"{generator.control}/{nonce}"), nonce) for at in range(20)]
        hits, _ = generator.fire(shots, 1.0)
    assert fates(list(hits)) == "." * 20
    assert set(me.children()) == before
