"""Requests that come as from many clients, where whoever is asked can see from where."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine import clients
from pytest_distaudit.engine.clients import client_for
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.disturb import _workload
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems.http_fetch import HttpFetch

STORE = Located("store", "http", {"url": "http://127.0.0.1:1"}, "native")


@pytest.fixture(autouse=True)
def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Linux."""
    monkeypatch.setattr(clients, "_many", lambda: True)


def test_each_has_an_address_of_its_own() -> None:
    found = {client_for("http://127.0.0.1:80/x") for _ in range(500)}
    assert len(found) == 500
    assert len({one.rpartition(".")[0] for one in found}) > 400
    assert all(one.startswith("127.") and not one.startswith("127.0.0.") for one in found)


@pytest.mark.parametrize("url", ["http://localhost:80/", "http://[::1]/", "http://10.0.0.1/", "http://store/", "x"])
def test_elsewhere_there_is_none(url: str) -> None:
    assert client_for(url) == ""


def test_where_those_addresses_are_not_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    clients._many.cache_clear()
    monkeypatch.setattr(socket.socket, "bind", lambda *given: (_ for _ in ()).throw(OSError("no such address")))
    assert client_for("http://127.0.0.1/") == ""
    clients._many.cache_clear()


def test_the_server_sees_it() -> None:
    seen: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.client_address[0])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        source = client_for(url)
        HttpFetch()(Request("GET", url, source=source))
        server.shutdown()
    assert seen == [source]


@pytest.mark.parametrize(
    ("located", "many", "expected"),
    [
        (STORE, True, True),
        (STORE, False, False),
        (replace(STORE, source="attach"), True, False),
        (replace(STORE, system="other"), True, False),
    ],
)
def test_only_who_sees_them_is_asked_from_many(located: Located, many: bool, expected: bool) -> None:
    asked: list[Request] = []

    class Answering:
        def __call__(self, request: Request) -> Response:
            asked.append(request)
            return Response(200, {}, b"", 0.0)

        def close(self) -> None:
            pass

    operation = Operation("ask", "GET http://store/", many_clients=many)
    load = _workload(operation, 100, Answering(), lambda name: "http://127.0.0.1:1", Clock(), {located.system: located})
    with load:
        while len(asked) < 3:
            threading.Event().wait(0.01)
    told: Sequence[str] = [one.client for one in load.traffic().sent]
    assert set(told) == {one.source for one in asked}
    assert all(told) is expected
    assert any(told) is expected
