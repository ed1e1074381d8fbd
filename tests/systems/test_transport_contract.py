"""One contract for every adapter: whatever breaks on the way to a system has one reason, the same for all kinds.

A kind that is registered is held to it at once; what does not apply to a kind is named here.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.wiring import load_kinds

from .bad_days import SECRET, Handler, closes, free_port, never_answers, refusal, resets

#: what is no connection over TCP: a process by its number, a socket in the file system, datagrams
_NOT_TCP = {"pid", "pidfile", "unix", "exec", "dns"}
_TLS = {"https", "amqps", "grpcs", "kafkas", "rediss"}
#: what an address of that scheme holds behind host and port
_PATHS = {"postgresql": "/db", "postgres": "/db", "amqp": "/%2F", "amqps": "/%2F", "redis": "/0", "rediss": "/0"}


def dribbles_for_ever(connection: socket.socket) -> None:
    """Something, but never an answer, a byte at a time."""
    connection.recv(4096)
    while True:
        connection.sendall(b"\x00")
        time.sleep(0.2)


def over_tcp() -> Iterator[tuple[Kind, str, str]]:
    """(kind, endpoint, scheme) of everything that is asked over TCP without TLS."""
    kinds = load_kinds()
    for name in kinds:
        for endpoint, schemes in kinds[name].endpoints.items():
            for scheme in schemes:
                if scheme not in _NOT_TCP | _TLS:
                    yield kinds[name], endpoint, scheme


def over_tls() -> Iterator[tuple[Kind, str, str]]:
    """The same with TLS."""
    kinds = load_kinds()
    for name in kinds:
        for endpoint, schemes in kinds[name].endpoints.items():
            for scheme in schemes:
                if scheme in _TLS:
                    yield kinds[name], endpoint, scheme


def named(case: tuple[Kind, str, str]) -> str:
    return "-".join((case[0].name, *case[1:]))


PLAIN = pytest.mark.parametrize("case", [*over_tcp()], ids=named)
ENCRYPTED = pytest.mark.parametrize("case", [*over_tls()], ids=named)


def failed(case: tuple[Kind, str, str], limits: Limits, host: str, port: int) -> Unobservable:
    """How its presence could not be observed."""
    kind, endpoint, scheme = case
    url = f"{scheme}://audit:{SECRET}@{host}:{port}{_PATHS.get(scheme, '')}"
    began = time.monotonic()
    told = refusal(kind, "presence", limits, **{endpoint: url})
    assert time.monotonic() - began < limits.look_s + limits.connect_s, "later than a look may last"
    return told


@PLAIN
def test_nobody_of_that_name(limits: Limits, case: tuple[Kind, str, str]) -> None:
    assert failed(case, limits, "nowhere.invalid", 1).reason is Reason.NOT_REACHABLE


@PLAIN
def test_nobody_listens(limits: Limits, case: tuple[Kind, str, str]) -> None:
    told = failed(case, limits, "127.0.0.1", free_port())
    assert told.reason is Reason.NOT_REACHABLE
    assert isinstance(told, Refusal), "with a second witness a refusal means down"


@PLAIN
def test_nobody_accepts(limits: Limits, case: tuple[Kind, str, str]) -> None:
    """A host that drops what is sent to it: the queue of this listener is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queued = [socket.socket() for _ in range(4)]
        try:
            for one in queued:
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
            assert failed(case, limits, *listener.getsockname()).reason is Reason.TIMED_OUT
        finally:
            for one in queued:
                one.close()


@PLAIN
@pytest.mark.parametrize(
    ("bad_day", "reason"),
    [
        (never_answers, Reason.TIMED_OUT),
        (closes, Reason.PROTOCOL_ERROR),
        (resets, Reason.PROTOCOL_ERROR),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_somebody_accepts_and_does_not_serve(
    serve: Callable[[Handler], int], limits: Limits, case: tuple[Kind, str, str], bad_day: Handler, reason: Reason
) -> None:
    assert failed(case, limits, "127.0.0.1", serve(bad_day)).reason is reason


@PLAIN
def test_somebody_dribbles(serve: Callable[[Handler], int], limits: Limits, case: tuple[Kind, str, str]) -> None:
    """Zeros speak no protocol: some see that at once, others wait for more."""
    told = failed(case, limits, "127.0.0.1", serve(dribbles_for_ever))
    assert told.reason in (Reason.TIMED_OUT, Reason.WRONG_PRODUCT, Reason.PROTOCOL_ERROR)


@ENCRYPTED
def test_nobody_vouches_for_the_certificate(
    serve: Callable[[Handler], int], limits: Limits, untrusted: ssl.SSLContext, case: tuple[Kind, str, str]
) -> None:
    def greets(connection: socket.socket) -> None:
        with untrusted.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)

    assert failed(case, limits, "localhost", serve(greets)).reason is Reason.TLS_UNTRUSTED


@ENCRYPTED
def test_somebody_speaks_no_tls(serve: Callable[[Handler], int], limits: Limits, case: tuple[Kind, str, str]) -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert failed(case, limits, "127.0.0.1", serve(plain)).reason is Reason.PROTOCOL_ERROR


def test_every_kind_is_held_to_it() -> None:
    kinds = load_kinds()
    held = {kind.name for kind, _, _ in (*over_tcp(), *over_tls())}
    assert set(kinds) - held == {"process"}, "asked by its number, not over a network"
