"""Raw conversations under one deadline, and addresses that can be shown to people."""

from __future__ import annotations

import socket
import ssl
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.dial import dial
from pytest_distaudit.ports.failure import unobservable

_SHOWN = 300
#: shorter ones would mask ordinary words
_SHORTEST_SECRET = 4


def bare(url: str) -> str:
    """``url`` without what may be secret: user, password, query, fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def without(text: str, *secrets: str | None) -> str:
    """``text`` on one line, bounded, with the ``secrets`` cut out: peers repeat what they are told."""
    known = [secret for secret in secrets if secret and len(secret) >= _SHORTEST_SECRET]
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


class Wire:
    """One connection, plain or TLS, whose whole life fits in ``seconds``.

    Every failure is raised as Unobservable. Use it as a context manager.
    """

    def __init__(
        self, host: str, port: int, seconds: float, connect_s: float, tls: bool = False, alpn: str = ""
    ) -> None:
        self.where = f"{host}:{port}"
        self._deadline = time.monotonic() + seconds
        self._socket = dial(host, port, min(seconds, connect_s))
        # small messages in both directions: without it each waits 40 ms for an acknowledgement
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._socket = self._wrapped(host, alpn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(data)
        except OSError as error:
            raise unobservable(error, f"talk to {self.where}") from error

    def read(self, seconds: float | None = None) -> bytes | None:
        """What came next: b"" if the peer closed, None if it said nothing for ``seconds``.

        Without ``seconds`` silence until the deadline is raised as timed-out.
        """
        try:
            self._socket.settimeout(self._left() if seconds is None else min(seconds, self._left()))
            return self._socket.recv(65536)
        except TimeoutError as error:
            if seconds is not None:
                return None
            raise Unobservable(Reason.TIMED_OUT, f"{self.where} accepted the connection and did not answer") from error
        except OSError as error:
            raise unobservable(error, f"talk to {self.where}") from error

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _left(self) -> float:
        return max(0.001, self._deadline - time.monotonic())

    def _wrapped(self, host: str, alpn: str) -> socket.socket:
        try:
            self._socket.settimeout(self._left())
            context = ssl.create_default_context()
            if alpn:
                context.set_alpn_protocols([alpn])
            return context.wrap_socket(self._socket, server_hostname=host)
        except OSError as error:
            self._socket.close()
            raise unobservable(error, f"TLS handshake with {self.where}") from error
