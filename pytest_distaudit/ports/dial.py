"""TCP with a deadline: dialling, and reading what a peer says first."""

from __future__ import annotations

import socket
import time

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.failure import unobservable


def dial(host: str, port: int, seconds: float) -> socket.socket:
    """An open connection. Raises Refusal or Unobservable."""
    try:
        return socket.create_connection((host, port), timeout=seconds)
    except OSError as error:
        raise unobservable(error, f"connect to {host}:{port}") from error


def converse(host: str, port: int, opening: bytes, wanted: int, seconds: float) -> bytes:
    """Send ``opening`` and read until ``wanted`` bytes came, the peer closed, or time ran out.

    Returns what came, b"" when the peer closed at once. Raises Unobservable(timed-out) if it
    stayed silent for ``seconds`` in all, however slowly it dribbles.
    """
    deadline = time.monotonic() + seconds
    got = bytearray()
    with dial(host, port, seconds) as connection:
        try:
            if opening:
                connection.sendall(opening)
            while len(got) < wanted:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                chunk = connection.recv(min(65536, wanted - len(got)))
                if not chunk:
                    break
                got += chunk
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"only {len(got)} bytes in {seconds:g} s")
        except OSError as error:
            raise unobservable(error, f"handshake with {host}:{port}") from error
    return bytes(got)


def answers(host: str, port: int, seconds: float = 0.5) -> bool:
    """Whether anything accepts a connection there: a second witness, no more."""
    try:
        dial(host, port, seconds).close()
    except Unobservable:
        return False
    return True
