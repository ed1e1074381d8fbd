"""What is changed in a Consul agent: worded like its own instances, and every refusal told as what it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems._consul_registrar import ConsulRegistrar

TOKEN = "secret-of-the-house"


class Agent:
    def __init__(self) -> None:
        self.held: dict[str, Any] = {}
        self.status, self.body = 200, b""
        self.heard: list[tuple[str, str, str | None, Any]] = []


@pytest.fixture
def agent() -> Iterator[tuple[Agent, ConsulRegistrar]]:
    agent = Agent()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, json.dumps(agent.held).encode())

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = json.loads(body) if body else None
            agent.heard.append((self.command, self.path, self.headers["X-Consul-Token"], told))
            self.answer(agent.status, agent.body)

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Location", "http://elsewhere.example/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://:{TOKEN}@127.0.0.1:{server.server_address[1]}"
        yield agent, ConsulRegistrar(Located("consul", "consul", {"url": url}), Limits())
        server.shutdown()


def test_an_entry_is_like_the_others_and_goes_by_itself(agent: tuple[Agent, ConsulRegistrar]) -> None:
    told, registrar = agent
    told.held = {
        "x": {"Service": "x", "Tags": ["other"]},
        "w-1": {"Service": "w", "Tags": ["primary"], "Meta": {"version": "2"}},
    }
    registrar.send(registrar.entry("w", "!distaudit-1", "10.0.0.5", 81))
    ((method, path, token, entry),) = told.heard
    assert (method, path.partition("?")[0], token) == ("PUT", "/v1/agent/service/register", TOKEN)
    assert (entry["Name"], entry["ID"], entry["Address"], entry["Port"]) == ("w", "!distaudit-1", "10.0.0.5", 81)
    assert (entry["Tags"], entry["Meta"]) == (["primary", "distaudit"], {"version": "2", "distaudit": "1"})
    assert (entry["Check"]["TCP"], entry["Check"]["Status"]) == ("10.0.0.5:81", "passing")
    assert entry["Check"]["DeregisterCriticalServiceAfter"] == "1m"


@pytest.mark.parametrize("held", [{}, {"w": {"Service": "w", "Tags": None, "Meta": None}}])
def test_an_entry_without_another_to_be_like(agent: tuple[Agent, ConsulRegistrar], held: dict[str, Any]) -> None:
    told, registrar = agent
    told.held = held
    entry = registrar.entry("w", "d", "::1", 81).json
    assert (entry["Tags"], entry["Meta"], entry["Check"]["TCP"]) == (["distaudit"], {"distaudit": "1"}, "[::1]:81")


def test_names_are_quoted_and_every_deed_has_its_undo(agent: tuple[Agent, ConsulRegistrar]) -> None:
    told, registrar = agent
    for request in (registrar.withdrawal("a/b?c"), registrar.pause("w 1"), registrar.resume("w 1")):
        registrar.send(request)
    assert [path for _, path, _, _ in told.heard] == [
        "/v1/agent/service/deregister/a%2Fb%3Fc?distaudit=1",
        "/v1/agent/service/maintenance/w%201?enable=true&reason=distaudit&distaudit=1",
        "/v1/agent/service/maintenance/w%201?enable=false&distaudit=1",
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, Reason.FORBIDDEN),
        (401, Reason.FORBIDDEN),
        (301, Reason.REDIRECTED),
        (404, Reason.PROTOCOL_ERROR),
        (500, Reason.PROTOCOL_ERROR),
    ],
)
def test_what_was_not_done_is_said(agent: tuple[Agent, ConsulRegistrar], status: int, reason: Reason) -> None:
    told, registrar = agent
    told.status, told.body = status, f"no, {TOKEN}".encode()
    with pytest.raises(Unobservable) as raised:
        registrar.send(registrar.withdrawal("x"))
    assert raised.value.reason is reason
    assert TOKEN not in raised.value.detail
    assert len(told.heard) == 1, "nothing is tried twice, nobody is followed elsewhere"
