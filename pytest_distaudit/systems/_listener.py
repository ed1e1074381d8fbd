"""Which protocol a TCP port speaks, by a short exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Listener
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.ports.failure import Refusal
from pytest_distaudit.ports.kind import AnswerTo, Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._wire import Wire

POSTGRES_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
#: the second command is one word short, which every version says before it looks at rights
REDIS_QUESTIONS = b"PING\r\nAUTH\r\n"
#: ApiVersions version 0 under the number "dist"; the answer repeats it and begins without an error
KAFKA_VERSIONS = b"\x00\x00\x00\x0b\x00\x12\x00\x00dist\x00\x01d"
_KAFKA_ANSWER = b"dist\x00\x00"
_REDIS_ANSWERS = (b"+PONG", b"-NOAUTH", b"-LOADING", b"-NOPERM", b"-DENIED", b"-MASTERDOWN", b"-BUSY")

_OPENINGS = {
    "http": b"GET / HTTP/1.1\r\nHost: distaudit\r\nUser-Agent: pytest-distaudit\r\nConnection: close\r\n\r\n",
    "amqp": AMQP_HEADER,
    "postgresql": POSTGRES_SSL_REQUEST,
    "redis": REDIS_QUESTIONS,
    "kafka": KAFKA_VERSIONS,
}
_TLS_SCHEMES = {"https", "amqps", "grpcs", "kafkas", "rediss"}


class _Placed(Protocol):
    located: Located
    limits: Limits
    ways: list[str]


def listener_of(expected: Mapping[str, str]) -> AnswerTo:
    """The answer to ``listener`` for a kind that speaks ``expected[endpoint]`` on its endpoints."""

    def answer(session: _Placed, ask: Ask) -> Listener:
        endpoint, host, port = _place(session.located, ask)
        wanted = expected.get(endpoint, "")
        tls = endpoint in session.located.endpoints and _is_tls(session.located.endpoints[endpoint])
        session.ways.append(f"connect to port {port}")
        process = _local.serving_process(session.located, besides=port)
        try:
            protocol = recognise(host, port, wanted, session.limits, tls)
        except Refusal as refusal:
            witness = _witness(session.located, host, port)
            if witness is None:
                raise
            told = f"{refusal.detail}, while {witness} answers"
            return Listener(port, open=False, expected=wanted, witness=told, host=host)
        owner = _local.owns(process, port) if process and _local.is_local(host) else None
        return Listener(port, open=True, protocol=protocol, expected=wanted, owner=owner, host=host)

    return answer


def recognise(host: str, port: int, expected: str, limits: Limits, tls: bool = False) -> str:
    """The protocol spoken there. Raises Refusal or Unobservable if nothing can be connected to.

    The expected protocol is tried first and longest, so that a busy server is not called silent.
    """
    order = sorted(_OPENINGS, key=lambda protocol: protocol != expected)
    heard: set[str] = set()
    for protocol in order:
        patience = limits.ask_s * (0.5 if protocol == expected else 0.1)
        try:
            with Wire(host, port, patience + limits.connect_s, limits.connect_s, tls) as wire:
                said = _said(wire, _OPENINGS[protocol], patience)
        except Unobservable:
            if not heard:
                raise
            break  # it accepted before: a listener for one client at a time
        spoken = classify(said)
        if spoken in _OPENINGS:
            return spoken
        heard.add(spoken)
    return next(word for word in ("unknown", "silent", "closed") if word in heard)


def stranger(said: bytes | None, host: str, port: int, product: str, protocol: str, limits: Limits) -> Unobservable:
    """Why there is no ``product`` although something accepted the connection and ``said`` that."""
    where = f"{host}:{port}"
    if said:
        heard = repr(said[:40])[2:-1]
        return Unobservable(Reason.WRONG_PRODUCT, f"what answered at {where} is not {product}: got {heard}")
    spoken = recognise(host, port, "", limits)
    if spoken in _OPENINGS and spoken != protocol:
        return Unobservable(Reason.WRONG_PRODUCT, f"what answered at {where} is not {product}: it speaks {spoken}")
    if said is None:
        return Unobservable(Reason.TIMED_OUT, f"{where} accepted the connection and did not answer")
    return Unobservable(Reason.PROTOCOL_ERROR, f"{where} closed the connection at once")


def classify(said: bytes | None) -> str:
    """The protocol whose server would say this to a client's opening."""
    if said is None:
        return "silent"
    if said in (b"S", b"N"):
        return "postgresql"
    # frame type 1 on channel 0, or the protocol header by which a broker turns strangers away
    if said.startswith((b"AMQP", b"\x01\x00\x00")):
        return "amqp"
    if said.startswith(b"HTTP/"):
        return "http"
    if said.startswith(_REDIS_ANSWERS):
        return "redis"
    if said[4:].startswith(_KAFKA_ANSWER):
        return "kafka"
    return "unknown" if said else "closed"


def _said(wire: Wire, opening: bytes, patience: float) -> bytes | None:
    try:
        wire.send(opening)
        return wire.read(patience)
    except Unobservable:
        return b""  # a reset is a way of closing


def _place(located: Located, ask: Ask) -> tuple[str, str, int]:
    """(endpoint name or "", host, port) that the ask means."""
    port = ask.arg("port")
    if not port:
        endpoint = ask.arg("endpoint") or next(iter(located.endpoints), "")
        if endpoint not in located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f"{located.system} declares no endpoint {endpoint!r}")
        return endpoint, *address(located.endpoints[endpoint])
    for endpoint, url in located.endpoints.items():
        if address(url)[1] == int(port):
            return endpoint, *address(url)
    host = next((address(url)[0] for url in located.endpoints.values()), "127.0.0.1")
    return "", host, int(port)


def _witness(located: Located, host: str, port: int) -> str | None:
    own = [address(url) for url in located.endpoints.values()]
    for other_host, other_port in (*own, *located.neighbours):
        if other_host == host and other_port != port and answers(other_host, other_port):
            return f"{other_host}:{other_port}"
    return None


def _is_tls(url: str) -> bool:
    return url.partition(":")[0] in _TLS_SCHEMES
