"""An instance of the audit's own: it stands where a service is looked for, notes who comes, and does no work."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.ports.diversion import Came

_NONCE = re.compile(rb"distaudit-[0-9a-f]{32}")
_MOST = 64 * 1024
_PATIENCE_S = 2.0
#: notes of one experiment; the rest is answered, and forgotten
_NOTES = 100_000
_BODY = b'{"distaudit": "this is no instance of the service, but the audit\'s own"}'
_HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nX-Distaudit: substitute\r\nConnection: close\r\n"
_ANSWERS = (b"200 OK", b"503 Service Unavailable")


class Substitute:
    """Listens at ``address``. Whose request bears no nonce of the audit's is told 503; the others alternately that
    and 200, so that callers show who has answered whichever of them they pass on.
    """

    def __init__(self, host: str, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._came: list[Came] = []
        self._times = 0
        self._server = _Server(_bindable(host), self._handler())
        self.port = int(self._server.server_address[1])

    @property
    def came(self) -> tuple[Came, ...]:
        """Who has come so far."""
        with self._lock:
            return tuple(self._came)

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        note = self._note

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    heard = _heard(self.request)
                    if heard:  # a check that only connects asks nothing
                        status = note(heard)
                        length = b"Content-Length: %d\r\n\r\n" % len(_BODY)
                        self.request.sendall(_HEAD % status + length + _BODY)

        return Handler

    def _note(self, heard: bytes) -> bytes:
        found = _NONCE.search(heard)
        with self._lock:
            if len(self._came) < _NOTES:
                self._came.append(Came(self._clock.now(), found[0].decode() if found else ""))
            self._times += found is not None
            return _ANSWERS[self._times % 2] if found else _ANSWERS[1]

    def serve(self) -> None:
        """Answer until it is closed."""
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def substitute(host: str, clock: Clock) -> Iterator[Substitute]:
    """One that answers while the block runs."""
    here = Substitute(host, clock)
    thread = threading.Thread(target=here.serve, daemon=True, name="distaudit-substitute")
    thread.start()
    try:
        yield here
    finally:
        here.close()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


def _bindable(host: str) -> tuple[str, int]:
    """The host's own address; where others reach this one by an address that is not its own, every one of its own."""
    with socket.socket() as tried:
        try:
            tried.bind((host, 0))
        except OSError:
            return "", 0
    return host, 0


def _heard(line: socket.socket) -> bytes:
    """One HTTP request as far as it is told how long it is; whatever comes at first of anything else."""
    line.settimeout(_PATIENCE_S)
    heard = b""
    with suppress(TimeoutError):
        while len(heard) < _MOST and (more := line.recv(_MOST)):
            heard += more
            head, end, body = heard.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            chunked = b"chunked" in head.lower() and not body.endswith(b"0\r\n\r\n")
            if end and not chunked and len(body) >= (int(length[1]) if length else 0):
                break
    return heard
