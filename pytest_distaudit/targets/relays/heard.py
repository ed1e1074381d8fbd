"""What a relay hears of one connection: requests, where it is HTTP, else whatever comes in one piece."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field

import h11

from pytest_distaudit.ports.links import Arrival

#: nonces of the audit, wherever they stand
_NONCE = re.compile(rb"distaudit-[0-9a-f]{32}")
_HEAD = 64 * 1024
#: of a request's body, how much is looked through
_BODY = 256 * 1024
_WORDS = 120


@dataclass(slots=True)
class _Heard:
    at: float
    words: str = ""
    head: bytes = b""
    body: bytearray = field(default_factory=bytearray)
    nonces: tuple[str, ...] | None = None

    def hear(self, data: bytes) -> None:
        self.body += data[: max(0, _BODY - len(self.body))]

    def over(self) -> None:
        """Keep what counts of it."""
        self.nonces = _nonces(self.head + self.body)
        self.words = f"{self.words} {_called(self.body)}".rstrip()
        self.head = b""
        self.body.clear()

    def told(self, connection: int) -> Arrival:
        found = _nonces(self.head + self.body) if self.nonces is None else self.nonces
        return Arrival(self.at, connection, self.words, found)


class Hearing:
    """Follows what a caller sends on one connection; changes nothing of it."""

    def __init__(self, http: bool) -> None:
        self._heard: list[_Heard] = []
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD) if http else None

    def hear(self, data: bytes) -> None:
        """These bytes came now."""
        now = time.monotonic()
        if self._http is None:
            self._heard.append(_Heard(now, nonces=_nonces(data)))
            return
        try:
            self._follow(self._http, data, now)
        except h11.ProtocolError:  # not HTTP, or not any more
            self._http = None
            self._heard.append(_Heard(now, nonces=_nonces(data)))

    def told(self, connection: int) -> list[Arrival]:
        """What has come so far."""
        return [one.told(connection) for one in self._heard]

    def __len__(self) -> int:
        return len(self._heard)

    @property
    def complete(self) -> bool:
        """Whether all of what came last is there."""
        return bool(self._heard) and self._heard[-1].nonces is not None

    def _follow(self, http: h11.Connection, data: bytes, now: float) -> None:
        http.receive_data(data)
        while True:
            event = http.next_event()
            if isinstance(event, h11.Request):
                self._heard.append(_request(event, now))
            elif isinstance(event, h11.Data):
                self._heard[-1].hear(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._heard[-1].over()
                if not _ready_for_more(http):
                    self._http = None
                    return
            else:
                return


def _request(event: h11.Request, now: float) -> _Heard:
    target = event.target.decode("latin-1").partition("?")[0]
    head = b"\n".join([event.target, *(value for _, value in event.headers)])
    return _Heard(now, f"{event.method.decode('latin-1')} {target}"[:_WORDS], head)


def _called(body: bytearray) -> str:
    """The method of a call by JSON-RPC; "" for everything else."""
    if b'"jsonrpc"' not in body:
        return ""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    method = told.get("method") if isinstance(told, dict) else None
    return method[:_WORDS] if isinstance(method, str) else ""


def _ready_for_more(http: h11.Connection) -> bool:
    """Let it take the request for answered; whether another one may follow on the connection."""
    if http.their_state is not h11.DONE:
        return False
    http.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
    http.send(h11.EndOfMessage())
    if http.our_state is not h11.DONE:
        return False
    http.start_next_cycle()
    return True


def _nonces(text: bytes | bytearray) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.decode() for found in _NONCE.findall(text)))
