"""Servers on their worst day, and one look at them: no fixture, so that every test can import it."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.target import Probes
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located

SECRET = "hunter2-secret"

Handler = Callable[[socket.socket], None]


def never_answers(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def dribbles(connection: socket.socket) -> None:
    connection.recv(4096)
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def dribbles_body(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"z")
        time.sleep(0.1)


def answers_a_gigabyte(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(16384):
        connection.sendall(b"x" * 65536)


def declares_a_gigabyte(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx")
    never_answers(connection)


def garbage(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(bytes(range(128, 256)) * 4)


def echoes(connection: socket.socket) -> None:
    while data := connection.recv(4096):
        connection.sendall(data)


def resets(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closes(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def greets_like_ssh(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    never_answers(connection)


def speaks_http(connection: socket.socket) -> None:
    """A strict server: it waits for a whole request before it says anything."""
    request = b""
    while b"\r\n\r\n" not in request:
        chunk = connection.recv(4096)
        if not chunk:
            return
        request += chunk
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


def speaks_postgres(connection: socket.socket) -> None:
    """PostgreSQL up to the login: it agrees to talk and hangs up on anything else."""
    if connection.recv(4096) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f":
        connection.sendall(b"N")
        never_answers(connection)


def dribbles_login(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"N")
    connection.recv(4096)
    for byte in b"E\x00\x00\x03\xe8S" + b"F" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def located(kind: Kind, *, neighbours: tuple[tuple[str, int], ...] = (), **given: object) -> Located:
    known = {name: given.pop(name) for name in ("health", "identity", "inventory") if name in given}
    return Located("it", kind.name, given, neighbours=neighbours, probes=Probes.WRITE, **known)


def look(kind: Kind, ask: Ask | str, limits: Limits, **given: object):
    """One answer of one fresh session, as the engine would ask."""
    ask = Ask.of(ask) if isinstance(ask, str) else ask
    session = kind.connect(located(kind, **given), limits)
    try:
        return kind.answers[ask.capability](session, ask)
    finally:
        session.close()
        assert SECRET not in repr(session.ways)


def refusal(kind: Kind, ask: Ask | str, limits: Limits, **given: object) -> Unobservable:
    """The failure of one look; it names no secret."""
    with pytest.raises(Unobservable) as caught:
        look(kind, ask, limits, **given)
    assert SECRET not in caught.value.detail
    assert SECRET not in str(caught.value)
    return caught.value


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "the server did not come up"
        time.sleep(0.1)
