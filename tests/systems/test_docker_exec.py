"""Engines on their worst day when a program is to be run in a container, and engines in containers."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import NestedSystems, Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import docker, mcp
from pytest_distaudit.systems._docker_session import DockerSession

from .bad_days import SECRET, closes, garbage, never_answers, resets

QUICK = Limits(connect_s=0.5, ask_s=0.5, look_s=1.0, body_bytes=100_000)
VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"}
ID = "c0ffee" + "0" * 58
UP = {"Id": ID, "Name": "/nest", "State": {"Running": True, "Status": "running"}, "Path": "serve", "Args": []}
ROW = {"Id": ID, "Names": ["/nest"], "Labels": {"com.docker.compose.service": "engine"}}


def frame(which: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", which, len(data)) + data


def whole(connection: socket.socket) -> bytes:
    """A request with its body."""
    request, length = b"", 0
    while b"\r\n\r\n" not in request or len(request.partition(b"\r\n\r\n")[2]) < length:
        chunk = connection.recv(65536)
        if not chunk:
            return request or b"GET / HTTP/1.1"
        request += chunk
        told = re.search(rb"(?i)content-length: (\d+)", request)
        length = int(told[1]) if told else 0
    return request


class Engine:
    """Answers as an engine does; ``program`` is what the connection that it hands over is given to."""

    def __init__(self, program: Callable[[socket.socket], None], **changed: object) -> None:
        self.program, self.asked, self.killed = program, [], False
        self.answers: dict[str, object] = {
            "/version": VERSION,
            "/v1.41/info": {"ID": "OUTER", "Name": "host"},
            "/v1.41/containers/json": [ROW],
            f"/v1.41/containers/{ID}/json": UP,
            f"/v1.41/containers/{ID}/exec": (201, {"Id": "e1"}),
            "/v1.41/exec/e1/json": {"Running": False, "ExitCode": 0},
            **changed,
        }

    def __call__(self, connection: socket.socket) -> None:
        request = whole(connection)
        path = request.split(b" ")[1].decode().partition("?")[0]
        self.asked.append((path, request.decode()))
        answer = self.answers.get(path, (404, {"message": "No such thing"}))
        if path == "/v1.41/exec/e1/start" and path not in self.answers:
            connection.sendall(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
            self.program(connection)
            return
        status, told = answer if isinstance(answer, tuple) else (200, answer)
        body = json.dumps(told)
        head = f"HTTP/1.1 {status} It\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall((head + body).encode())


def engine_at(port: int) -> Located:
    return Located("engine", "docker", {"url": f"http://audit:{SECRET}@127.0.0.1:{port}"})


def server_in(engine: Located, name: str = "nest", **more: object) -> mcp.McpSession:
    return mcp.McpSession(Located("it", "mcp", {}, inside=engine, container=name, **more), QUICK)


def failure(act: Callable[[], object]) -> Unobservable:
    with pytest.raises(Unobservable) as caught:
        act()
    assert SECRET not in str(caught.value)
    return caught.value


def says(*frames: bytes, stays: bool = False) -> Callable[[socket.socket], None]:
    def program(connection: socket.socket) -> None:
        for one in frames:
            connection.sendall(one)
        if not stays:
            connection.shutdown(socket.SHUT_WR)
        never_answers(connection)

    return program


def serves(connection: socket.socket) -> None:
    """A server of the protocol, its frames cut in two."""
    connection.sendall(frame(2, b"distaudit:77\nready\n"))
    while line := connection.recv(65536):
        asked = json.loads(line.splitlines()[0])
        opened = {"protocolVersion": "2025-06-18", "serverInfo": {"name": "small"}, "capabilities": {}}
        data = frame(1, json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "result": opened}).encode() + b"\n")
        connection.sendall(data[:11])
        connection.sendall(data[11:])


def test_a_server_in_a_container_by_name_or_compose_service(serve) -> None:
    engine = Engine(serves)
    located = engine_at(serve(engine))
    for name in ("nest", "engine"):
        found = mcp.presence(server_in(located, name), None)
        assert (found.up, found.product) == (True, "small")
    made = next(text for path, text in engine.asked if path.endswith("/exec"))
    assert '"serve"' in made, "what the container itself runs"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (says(frame(1, b"OCI runtime exec failed: no such file\n")), Reason.NO_OBSERVABLE),
        (says(frame(2, b"distaudit:9\n"), frame(1, b"hello\n")), Reason.WRONG_PRODUCT),
        (says(frame(2, b"distaudit:9\n")), Reason.WRONG_PRODUCT),
        (says(frame(2, b"distaudit:9\n"), stays=True), Reason.WRONG_PRODUCT),
        (says(struct.pack(">BxxxI", 1, 2**31), stays=True), Reason.TOO_LARGE),
        (says(b"\x01"), Reason.WRONG_PRODUCT),
    ],
)
def test_programs_that_do_not_converse(serve, program, reason) -> None:
    located = engine_at(serve(Engine(program)))
    assert failure(lambda: mcp.presence(server_in(located), None)).reason is reason


def test_one_that_fails_says_nothing_of_the_one_that_runs(serve) -> None:
    ended = {"/v1.41/exec/e1/json": {"Running": False, "ExitCode": 1}}
    engine = Engine(says(frame(2, b"distaudit:9\nport in use\n")), **ended)
    told = failure(lambda: mcp.presence(server_in(engine_at(serve(engine))), None))
    assert (told.reason, told.detail.endswith("status 1: port in use")) == (Reason.BASELINE, True)


def test_what_does_not_end_is_killed_with_its_group(serve) -> None:
    running = {"/v1.41/exec/e1/json": {"Running": True}}
    engine = Engine(says(frame(2, b"distaudit:4711\n"), stays=True), **running)
    failure(lambda: mcp.presence(server_in(engine_at(serve(engine))), None))
    assert any("kill -9 -4711" in text for _, text in engine.asked)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({f"/v1.41/containers/{ID}/exec": (403, {"message": "read-only"})}, Reason.FORBIDDEN),
        ({f"/v1.41/containers/{ID}/exec": (409, {"message": "paused"})}, Reason.PROTOCOL_ERROR),
        ({"/v1.41/exec/e1/start": (403, {"message": "read-only"})}, Reason.FORBIDDEN),
        ({"/v1.41/exec/e1/start": (500, {"message": "out of order"})}, Reason.PROTOCOL_ERROR),
        ({"/v1.41/containers/json": [ROW, {**ROW, "Names": ["/other"]}]}, Reason.AMBIGUOUS_CLAIM),
        ({"/v1.41/containers/json": {"not": "a list"}}, Reason.PROTOCOL_ERROR),
        ({"/v1.41/containers/json": (403, {})}, Reason.FORBIDDEN),
    ],
)
def test_engines_that_do_not_run_it(serve, changed, reason) -> None:
    located = engine_at(serve(Engine(serves, **changed)))
    assert failure(lambda: mcp.presence(server_in(located, "engine"), None)).reason is reason


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"/v1.41/containers/json": []}, "no container nest"),
        ({f"/v1.41/containers/{ID}/json": {**UP, "State": {"Status": "exited", "ExitCode": 137}}}, "exited (137)"),
        ({f"/v1.41/containers/{ID}/json": {**UP, "State": {**UP["State"], "Paused": True}}}, "running"),
    ],
)
def test_a_container_that_does_not_run_is_down(serve, changed, why) -> None:
    located = engine_at(serve(Engine(serves, **changed)))
    for found in (
        mcp.presence(server_in(located), None),
        docker.presence(DockerSession(Located("in", "docker", {}, inside=located, container="nest"), QUICK), None),
    ):
        assert not found.up
        assert why in found.witness


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
        (garbage, Reason.PROTOCOL_ERROR),
    ],
)
def test_bad_days_of_the_outer_engine(serve, bad_day, reason) -> None:
    located = engine_at(serve(bad_day))
    inner = Located("in", "docker", {}, inside=located, container="nest")
    for ask in ("presence", "containers", "nesting"):
        assert failure(lambda ask=ask: docker.KIND.answers[ask](DockerSession(inner, QUICK), None)).reason is reason
    assert failure(lambda: mcp.presence(server_in(located), None)).reason is reason


@pytest.mark.parametrize(
    ("program", "status", "reason"),
    [
        (says(frame(2, b"distaudit:9\nsh: docker: not found\n")), 127, Reason.NO_OBSERVABLE),
        (says(frame(2, b"distaudit:9\nCannot connect\n")), 1, Reason.NOT_REACHABLE),
        (says(frame(2, b"distaudit:9\n"), stays=True), 0, Reason.TIMED_OUT),
        (says(frame(2, b"distaudit:9\n")), 0, Reason.PROTOCOL_ERROR),
        (says(frame(2, b"distaudit:9\n"), frame(1, b"nonsense\r\n\r\n")), 0, Reason.PROTOCOL_ERROR),
        (says(frame(1, b"OCI runtime exec failed: no such file\n")), 126, Reason.NO_OBSERVABLE),
    ],
)
def test_bad_days_of_the_way_in(serve, program, status, reason) -> None:
    engine = Engine(program, **{"/v1.41/exec/e1/json": {"Running": False, "ExitCode": status}})
    inner = Located("in", "docker", {}, inside=engine_at(serve(engine)), container="nest")
    session = DockerSession(inner, QUICK)
    assert failure(lambda: docker.presence(session, None)).reason is reason
    session.close()


def test_what_is_not_said_to_be_nested_is_not(serve) -> None:
    session = DockerSession(engine_at(serve(Engine(serves))), QUICK)
    for ask in ("nesting", "tool-servers"):
        assert failure(lambda ask=ask: docker.KIND.answers[ask](session, None)).reason is Reason.NO_OBSERVABLE


def test_servers_in_containers_each_say_why(serve) -> None:
    located = replace(engine_at(serve(Engine(says(frame(1, b"hello\n"))))), nested=NestedSystems("ne*", "mcp"))
    (found,) = docker.KIND.answers["tool-servers"](DockerSession(located, QUICK), None).servers
    assert (found.name, found.tools, found.reason) == ("nest", None, Reason.WRONG_PRODUCT)
    shy = replace(located, probes=Probes.NONE)
    (found,) = docker.KIND.answers["tool-servers"](DockerSession(shy, QUICK), None).servers
    assert found.reason is Reason.NOT_SAFE
    other = replace(located, nested=NestedSystems("ne*", "mcp", "http"))
    told = failure(lambda: docker.KIND.answers["tool-servers"](DockerSession(other, QUICK), None))
    assert told.reason is Reason.NO_OBSERVABLE
