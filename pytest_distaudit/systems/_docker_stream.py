"""A connection that an engine hands over, to talk to a program that it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import unobservable
from pytest_distaudit.systems._wire import without

if TYPE_CHECKING:
    import httpcore

_HANDED_OVER, _TURNED_AWAY = 101, (401, 403, 407)
_MOST = 2000


@dataclass(frozen=True, slots=True)
class Wiring:
    """How the engine is reached: a Unix socket, the pool of another way, or neither (TCP). Times in seconds."""

    socket: str | None
    pool: httpcore.ConnectionPool | None
    whole_s: float
    ask_s: float


class Stream(Protocol):
    """Bytes in both directions."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next ones, b"" at the end; raises httpcore's timeouts and network errors."""
        ...

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of them."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class _HandedOver:
    """The stream with all that has to be closed with it."""

    def __init__(self, pool: httpcore.ConnectionPool, answer: httpcore.Response) -> None:
        self._pool, self._answer = pool, answer
        self._inner: Any = answer.extensions["network_stream"]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        found: bytes = self._inner.read(max_bytes, timeout)
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        with suppress(Exception):
            self._inner.close()
        with suppress(Exception):
            self._answer.close()
        with suppress(Exception):
            self._pool.close()


def handed_over(
    url: str, wanted: Mapping[str, Any], wire: Wiring, credentials: tuple[str, str] | None = None
) -> Stream:
    """POST ``wanted``; the connection once the engine has switched. Raises Unobservable."""
    import httpcore

    from pytest_distaudit.systems._deadline import Deadline
    from pytest_distaudit.systems.http_fetch import basic, trust, user_agent

    pool = wire.pool or httpcore.ConnectionPool(
        ssl_context=trust(), uds=wire.socket, network_backend=Deadline(wire.whole_s)
    )
    body = json.dumps(wanted).encode()
    headers = {
        "Host": httpcore.URL(url).host.decode(),
        "User-Agent": user_agent(),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "Upgrade",
        "Upgrade": "tcp",
    }
    if credentials is not None:
        headers["Authorization"] = "Basic " + basic(credentials)
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), wire.ask_s)
    asked = httpcore.Request("POST", url, headers=list(headers.items()), content=body, extensions={"timeout": timeouts})
    try:
        answer = pool.handle_request(asked)
        if answer.status != _HANDED_OVER:
            said = without(b"".join(answer.iter_stream())[:_MOST].decode("utf-8", "replace"))
            reason = Reason.FORBIDDEN if answer.status in _TURNED_AWAY else Reason.PROTOCOL_ERROR
            raise Unobservable(reason, f"exec: the engine answers {answer.status}: {said}")
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
        pool.close()
        raise unobservable(error, "exec") from None
    except Unobservable:
        pool.close()
        raise
    return _HandedOver(pool, answer)
