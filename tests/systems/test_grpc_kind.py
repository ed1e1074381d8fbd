"""gRPC servers on their worst day, and what stands in their place."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import pytest

from pytest_distaudit.domain.target import Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.rpc import Serving
from pytest_distaudit.systems.grpc import KIND, serving
from pytest_distaudit.systems.grpc import health as health_of
from pytest_distaudit.systems.grpc import presence as presence_of
from pytest_distaudit.systems.grpc import process as process_of

from .bad_days import (
    SECRET,
    answers_a_gigabyte,
    closes,
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

grpc = pytest.importorskip("grpc")
health_pb2 = pytest.importorskip("grpc_health.v1.health_pb2")
QUICK = Limits(connect_s=0.5, ask_s=0.7, look_s=2.0, body_bytes=10_000)
CHECK = health_pb2.HealthCheckResponse
Code = grpc.StatusCode


def url(port: int) -> str:
    return f"grpc://audit:{SECRET}@127.0.0.1:{port}"


def settles_and_stalls(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
    never_answers(connection)


@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
        (garbage, Reason.WRONG_PRODUCT),
        (echoes, Reason.WRONG_PRODUCT),
        (greets_like_ssh, Reason.WRONG_PRODUCT),
        (speaks_http, Reason.WRONG_PRODUCT),
        (speaks_postgres, Reason.PROTOCOL_ERROR),
        (answers_a_gigabyte, Reason.WRONG_PRODUCT),
        (settles_and_stalls, Reason.TIMED_OUT),
    ],
)
def test_bad_days(serve, bad_day: Callable[[socket.socket], None], reason: Reason) -> None:
    for ask in ("presence", "health", "serving"):
        assert refusal(KIND, ask, QUICK, url=url(serve(bad_day))).reason is reason


@pytest.fixture
def answering() -> Iterator[Callable[..., int]]:
    """A real server whose health service does what it is told to."""
    servers: list[Any] = []

    def start(check: Callable[[Any, Any], Any] | None) -> int:
        server = grpc.server(futures.ThreadPoolExecutor(2))
        servers.append(server)
        if check is not None:
            handler = grpc.unary_unary_rpc_method_handler(
                check,
                request_deserializer=health_pb2.HealthCheckRequest.FromString,
                response_serializer=lambda told: told if isinstance(told, bytes) else told.SerializeToString(),
            )
            name = "grpc.health.v1.Health"
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Check": handler}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return int(port)

    yield start
    for server in servers:
        server.stop(0).wait()


def aborts(code: Any) -> Callable[[Any, Any], None]:
    return lambda asked, context: context.abort(code, f"no {SECRET}")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (Code.UNAUTHENTICATED, Reason.FORBIDDEN),
        (Code.PERMISSION_DENIED, Reason.FORBIDDEN),
        (Code.INTERNAL, Reason.PROTOCOL_ERROR),
        (Code.UNAVAILABLE, Reason.NOT_REACHABLE),
        (Code.UNIMPLEMENTED, Reason.NO_OBSERVABLE),
    ],
)
def test_what_a_server_says_instead(answering, code: Any, reason: Reason) -> None:
    located = Located("it", "grpc", {"url": url(answering(aborts(code)))})
    with pytest.raises(Exception) as caught:  # noqa: PT011 - its reason is what counts
        health_of(KIND.connect(located, QUICK), None)
    assert caught.value.reason is reason


def test_too_large_and_garbled(answering) -> None:
    assert refusal(KIND, "health", QUICK, url=url(answering(lambda *_: b"\x00" * 20_000))).reason is Reason.TOO_LARGE
    assert refusal(KIND, "health", QUICK, url=url(answering(lambda *_: b"\x07"))).reason is Reason.PROTOCOL_ERROR


def test_alive_without_a_health_service(answering) -> None:
    port = answering(None)
    assert look(KIND, "presence", QUICK, url=url(port)).up
    assert look(KIND, "serving", QUICK, url=url(port)) == Serving((), way="grpc.health.v1, grpc.reflection")
    assert refusal(KIND, "health", QUICK, url=url(port)).reason is Reason.NO_OBSERVABLE
    session = KIND.connect(Located("it", "grpc", {"url": url(port)}), QUICK)
    assert process_of(session, None).pid
    session.close()


@pytest.mark.variant("grpc", "managed", "behind a login")
def test_a_server_that_turns_the_audit_away_runs(answering) -> None:
    port = answering(aborts(Code.UNAUTHENTICATED))
    found = presence_of(KIND.connect(Located("it", "grpc", {"url": url(port)}), QUICK), None)
    assert (found.up, found.authenticated) == (True, False)


def test_a_word_that_is_the_same_for_all(answering) -> None:
    found = look(KIND, "health", QUICK, url=url(answering(lambda *_: CHECK(status=CHECK.SERVING))))
    assert (found.healthy, found.discerning) == (True, False)


def test_methods_are_not_tried_without_leave(answering) -> None:
    located = Located("it", "grpc", {"url": url(answering(None))}, probes=Probes.NONE)
    with pytest.raises(Exception, match="probes") as caught:
        serving(KIND.connect(located, QUICK), Serving.ask(calls="a.B/C"))
    assert caught.value.reason is Reason.NOT_SAFE


def test_without_the_library_the_command_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc_reflection.v1alpha", None)
    told = refusal(KIND, "serving", QUICK, url="grpc://127.0.0.1:1")
    assert (told.reason, "pip install" in told.detail) == (Reason.NOT_INSTALLED, True)
