"""The first words of Kafka's protocol, spoken by the audit itself: who answers, and whether it lets the audit in.

A client library only tells that it could not begin. Sources: Kafka's protocol guide, ApiVersions v0, SaslHandshake v1,
SaslAuthenticate v0, Metadata v1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import address
from pytest_distaudit.systems._listener import stranger
from pytest_distaudit.systems._wire import Wire, without

_METADATA, _HANDSHAKE, _VERSIONS, _AUTHENTICATE = 3, 17, 18, 36
_ILLEGAL_STATE, _BAD_MECHANISM, _REFUSED, _OLD_REQUEST = 34, 33, 58, 35
#: the strongest first: those after SCRAM show the password to whoever answers
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_MOST = 1 << 20

#: (mechanism, user, password) -> what speaks it: ``auth_bytes()``, ``receive(bytes)``, ``is_done()``
Speaker = Callable[[str, str, str], Any]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the broker said. ``apis``: request -> newest version; ``mechanism`` "": it wants no login.

    ``refused``: its words on turning the audit away. ``brokers``: (host, port) by which it sends clients on.
    """

    apis: dict[int, int]
    mechanism: str = ""
    refused: str = ""
    brokers: tuple[tuple[str, int], ...] = ()


def greet(url: str, limits: Limits, speaker: Speaker) -> Greeting:
    """Ask what it knows, log in as the address says, ask for its brokers. Raises Unobservable."""
    host, port = address(url)
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    with Wire(host, port, limits.ask_s, limits.connect_s, parts.scheme == "kafkas") as wire:
        talk = _Talk(wire)
        apis = _versions(talk, host, port, limits)
        mechanism = ""
        if user:
            mechanism, refused = _login(talk, user, password, speaker)
            if refused:
                return Greeting(apis, mechanism, without(refused, password))
        answer = talk.ask(_METADATA, 1, struct.pack(">i", 0))
    if answer is None:
        return Greeting(apis, mechanism, "it hangs up on who does not log in" if not user else "it hangs up")
    return Greeting(apis, mechanism, brokers=_brokers(answer))


class _Talk:
    """Requests and answers of one connection, each with its length before it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._asked = 0
        self.heard = b""
        self.silent = False

    def ask(self, key: int, version: int, body: bytes, patience: float | None = None) -> bytes | None:
        """The answer without its header; None if the broker hung up, or said nothing for ``patience`` seconds."""
        self._asked += 1
        name = b"distaudit"
        request = struct.pack(">hhih", key, version, self._asked, len(name)) + name + body
        self._wire.send(struct.pack(">i", len(request)) + request)
        self.heard = b""
        while len(self.heard) < 4 or len(self.heard) < 4 + self._length():
            try:
                more = self._wire.read(patience)
            except Unobservable as error:
                if error.reason is Reason.PROTOCOL_ERROR and not self.heard:
                    return None
                raise
            if not more:
                self.silent = more is None
                return None
            self.heard += more
            if len(self.heard) >= 8 and (self._length() > _MOST or self._number() != self._asked):
                return None
        return self.heard[8:]

    def _length(self) -> int:
        return int(struct.unpack(">i", self.heard[:4])[0]) % (1 << 32)

    def _number(self) -> int:
        return int(struct.unpack(">i", self.heard[4:8])[0])


def _versions(talk: _Talk, host: str, port: int, limits: Limits) -> dict[int, int]:
    answer = talk.ask(_VERSIONS, 0, b"", limits.ask_s / 2)
    if answer is None:
        raise stranger(talk.heard or (None if talk.silent else b""), host, port, "Kafka", "kafka", limits)
    try:
        error, count = struct.unpack_from(">hi", answer)
        rows = [struct.unpack_from(">hhh", answer, 6 + 6 * number) for number in range(count)]
    except struct.error:
        raise stranger(talk.heard, host, port, "Kafka", "kafka", limits) from None
    if error == _OLD_REQUEST:
        raise Unobservable(Reason.UNSUPPORTED_VERSION, "the broker no longer knows ApiVersions version 0")
    apis = {key: newest for key, _, newest in rows}
    if error or _METADATA not in apis:
        raise Unobservable(Reason.WRONG_PRODUCT, f"what answered at {host}:{port} is no Kafka broker: it has no topics")
    return apis


def _login(talk: _Talk, user: str, password: str, speaker: Speaker) -> tuple[str, str]:
    """(mechanism, why it was refused); mechanism "": the broker wants no login."""
    for mechanism in _MECHANISMS:
        word = mechanism.encode()
        answer = talk.ask(_HANDSHAKE, 1, struct.pack(">h", len(word)) + word)
        if answer is None or len(answer) < 2:
            return "", ""  # it hung up: the next question says so
        error = struct.unpack_from(">h", answer)[0]
        if error == _ILLEGAL_STATE:
            return "", ""
        if error == _BAD_MECHANISM:
            offered = _texts(answer[2:])
            if not set(offered) & set(_MECHANISMS):
                raise Unobservable(Reason.FORBIDDEN, f"the broker wants {', '.join(offered)}, not a user and password")
            continue
        return mechanism, _authenticated(talk, speaker(mechanism, user, password))
    raise Unobservable(Reason.FORBIDDEN, "the broker takes no user and password")


def _authenticated(talk: _Talk, speaking: Any) -> str:
    """Why the login was refused; "" if it was not."""
    while not speaking.is_done():
        said = speaking.auth_bytes()
        answer = talk.ask(_AUTHENTICATE, 0, struct.pack(">i", len(said)) + said)
        if answer is None or len(answer) < 4:
            return "it hangs up on this login"
        error, length = struct.unpack_from(">hh", answer)
        words = answer[4 : 4 + max(length, 0)].decode("utf-8", "replace")
        if error:
            return words or f"the login failed with error {error}"
        rest = answer[4 + max(length, 0) :]
        try:
            speaking.receive(rest[4:])
        except Exception as failed:  # noqa: BLE001 - whatever a hostile peer provokes
            raise Unobservable(Reason.PROTOCOL_ERROR, f"the login failed: {type(failed).__name__}") from None
    return ""


def _texts(data: bytes) -> list[str]:
    found, at = [], 4
    for _ in range(min(struct.unpack_from(">i", data)[0], 50) if len(data) >= 4 else 0):
        length = struct.unpack_from(">h", data, at)[0] if len(data) >= at + 2 else 0
        found.append(data[at + 2 : at + 2 + length].decode("utf-8", "replace"))
        at += 2 + length
    return found


def _brokers(answer: bytes) -> tuple[tuple[str, int], ...]:
    """Addresses out of Metadata version 1: node, host, port, rack, each."""
    found, at = [], 4
    try:
        for _ in range(struct.unpack_from(">i", answer)[0]):
            length = struct.unpack_from(">h", answer, at + 4)[0]
            host = answer[at + 6 : at + 6 + length].decode("utf-8", "replace")
            port, rack = struct.unpack_from(">ih", answer, at + 6 + length)
            found.append((host, port))
            at += 6 + length + 6 + max(rack, 0)
    except struct.error:
        raise Unobservable(Reason.PROTOCOL_ERROR, "Metadata: the answer is cut short") from None
    return tuple(found)
