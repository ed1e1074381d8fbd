"""The way to an engine inside a container: its own command line there passes bytes on to its socket."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpcore

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.systems._docker_exec import Executed, in_container

if TYPE_CHECKING:
    from pytest_distaudit.systems._docker_session import DockerSession

_PASSES_ON = ("docker", "system", "dial-stdio")
#: each costs a process in the container
_CONNECTIONS = 4
_NOT_FOUND = (126, 127)


class _Stream(httpcore.NetworkStream):
    """The program's input and output as a connection."""

    def __init__(self, program: Executed, container: str) -> None:
        self._program, self._container, self._rest = program, container, b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._rest:
            said = self._program.read(timeout or 0.001)
            if said is None:
                raise httpcore.ReadTimeout(f"the engine inside {self._container} does not answer")
            if not said:
                self._ended()
            self._rest = said
        found, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._program.write(buffer)

    def close(self) -> None:
        self._program.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        raise Unobservable(Reason.PROTOCOL_ERROR, "an engine inside a container is asked over its socket, without TLS")

    def get_extra_info(self, info: str) -> Any:
        # asked before a connection is used again
        return False if info == "is_readable" else None

    def _ended(self) -> None:
        status, words = self._program.fate()
        if status in _NOT_FOUND:
            because = f"{self._container} has no docker command; publish the engine's API and declare its url"
            raise Unobservable(Reason.NO_OBSERVABLE, because)
        if status:
            raise Unobservable(Reason.NOT_REACHABLE, f"no engine answers inside {self._container}: {words}")


class Through(httpcore.NetworkBackend):
    """Connections to the engine inside ``container`` of the engine that ``session`` asks."""

    def __init__(self, session: DockerSession, container: str) -> None:
        self._session, self._container = session, container

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Whatever host is named."""
        return _Stream(in_container(self._session, self._container, _PASSES_ON), self._container)


def through(session: DockerSession, container: str) -> httpcore.ConnectionPool:
    """A few connections there, which are kept: each is a program in the container."""
    return httpcore.ConnectionPool(max_connections=_CONNECTIONS, network_backend=Through(session, container))
