from __future__ import annotations

import socket
import ssl
import subprocess
import time

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.systems.http_fetch import HttpFetch, user_agent

from .bad_days import (
    SECRET,
    answers_a_gigabyte,
    closes,
    declares_a_gigabyte,
    dribbles,
    dribbles_body,
    echoes,
    free_port,
    garbage,
    never_answers,
    resets,
)


def asked(limits, url, **given):
    with pytest.raises(Unobservable) as caught:
        HttpFetch(limits)(Request("GET", url, **given))
    assert SECRET not in str(caught.value)
    assert len(caught.value.detail) < 400
    return caught.value


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (dribbles, Reason.TIMED_OUT),
        (dribbles_body, Reason.TIMED_OUT),
        (answers_a_gigabyte, Reason.TOO_LARGE),
        (declares_a_gigabyte, Reason.TOO_LARGE),
        (garbage, Reason.PROTOCOL_ERROR),
        (echoes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
        (closes, Reason.PROTOCOL_ERROR),
    ],
)
def test_every_bad_day_is_one_reason_in_time(serve, limits, bad_day, reason):
    port = serve(bad_day)
    started = time.monotonic()
    told = asked(limits, f"http://audit:{SECRET}@127.0.0.1:{port}/x?token={SECRET}")
    assert told.reason is reason
    assert time.monotonic() - started < limits.ask_s + 3


def test_a_refusal_can_be_told_from_other_silence(limits):
    assert isinstance(asked(limits, f"http://a:{SECRET}@127.0.0.1:{free_port()}/"), Refusal)


def test_an_unknown_host_is_not_reachable(limits):
    told = asked(limits, f"http://a:{SECRET}@nowhere.invalid/")
    assert told.reason is Reason.NOT_REACHABLE
    assert not isinstance(told, Refusal)


@pytest.mark.parametrize("url", [f"http://a:{SECRET}@[::1/", f"http://a:{SECRET}@host:port/"])
def test_a_broken_address_is_not_repeated(limits, url):
    assert asked(limits, url).reason is Reason.NOT_REACHABLE


def test_a_self_signed_certificate_is_not_trusted(serve, limits, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*argv, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def tls(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(4096)

    assert asked(limits, f"https://a:{SECRET}@localhost:{serve(tls)}/").reason is Reason.TLS_UNTRUSTED


def test_one_request_one_connection_named_and_with_credentials_in_a_header(serve, limits, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    heard: list[bytes] = []

    def records(connection: socket.socket) -> None:
        said = b""
        while not said.endswith(b'{"n":1}') and (more := connection.recv(65536)):
            said += more  # head and body may come apart
        heard.append(said)
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nmoved"
        )

    port = serve(records)
    fetch = HttpFetch(limits)
    for _ in range(2):
        answer = fetch(Request("POST", f"http://audit:{SECRET}@127.0.0.1:{port}/a/b?q=1", json={"n": 1}))
    assert (answer.status, answer.body) == (302, b"moved")
    assert answer.headers["x-a"] == "1, 2"
    assert 0 < answer.elapsed < 5
    assert len(heard) == 2
    text = heard[0].decode().lower()
    assert text.startswith("post /a/b?q=1 http/1.1")
    assert f"user-agent: {user_agent()}" in text
    assert "authorization: basic " in text
    assert SECRET not in text
    assert '{"n":1}' in text


def test_a_body_of_exactly_the_limit_is_an_answer(serve, limits):
    def answers(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)

    assert len(HttpFetch(limits)(Request("GET", f"http://127.0.0.1:{serve(answers)}/")).body) == 100_000
