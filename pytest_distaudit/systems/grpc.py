"""A gRPC server: presence, the word of its health service, its services and methods by reflection."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.target import Probes
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.located import address
from pytest_distaudit.ports.rpc import RpcService, Serving
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._grpc_session import GrpcSession, Status
from pytest_distaudit.systems._listener import listener_of

_SERVING, _EMPTY = "SERVING", b""
_MOST_SERVICES, _MOST_METHODS = 200, 300
_NO_HEALTH = "the server offers no grpc.health.v1.Health"


def _nonsense() -> str:
    return f"distaudit.Nobody{secrets.token_hex(8)}"


def presence(session: GrpcSession, ask: Ask) -> Presence:
    """Any status of gRPC's own: a server without a health service says that it has none."""
    try:
        session.health("")
    except Status as status:
        if status.code != "UNIMPLEMENTED":
            raise Unobservable(Reason.PROTOCOL_ERROR, str(status)) from None
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return Presence(up=True, product="gRPC", authenticated=False)
    return Presence(up=True, product="gRPC")


def health(session: GrpcSession, ask: Ask) -> Health:
    """Its word on itself, beside that on a service that cannot exist."""
    try:
        word, nonsense = session.health(""), session.health(_nonsense())
    except Status as status:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{_NO_HEALTH} ({status.code})") from None
    way = "grpc.health.v1.Health/Check"
    return Health(healthy=word == _SERVING, detail=word, discerning=nonsense != _SERVING, way=way)


def serving(session: GrpcSession, ask: Ask) -> Serving:
    """All services that reflection lists, and those that are asked for."""
    wanted, methods, calls = (_names(ask, name) for name in ("services", "methods", "calls"))
    if session.located.probes is Probes.NONE and (methods or calls):
        because = f'{session.located.system} has probes = "none": its methods are not tried'
        raise Unobservable(Reason.NOT_SAFE, because)
    listed = session.services()
    described = session.methods(listed[:_MOST_SERVICES]) if listed else {}
    told, nonsense = _word(session, ""), _word(session, _nonsense())
    known = {*wanted, *(listed or ()), *(session.health_names() if told else ())}
    found = []
    for name in sorted(known)[:_MOST_SERVICES]:
        tried = {
            method: session.knock(f"{name}/{method}", _EMPTY if f"{name}/{method}" in calls else b"\x07")
            for method in _tried(name, wanted, methods + calls, described)
        }
        found.append(
            RpcService(
                name=name,
                listed=None if listed is None else name in listed,
                methods=described.get(name),
                health=_word(session, name) if told else "",
                served=tuple(method for method, answer in tried.items() if answer),
                unserved=tuple(method for method, answer in tried.items() if answer is False),
            )
        )
    return Serving(tuple(found), told, nonsense, way="grpc.health.v1, grpc.reflection")


def _names(ask: Ask, arg: str) -> tuple[str, ...]:
    """The words of an argument; a method may be written with a slash before it."""
    return tuple(word.strip().strip("/") for word in str(ask.arg(arg) or "").split(",") if word.strip())


def _tried(
    service: str, wanted: tuple[str, ...], methods: tuple[str, ...], described: dict[str, tuple[str, ...]]
) -> list[str]:
    """The methods of a wanted service, by reflection and as asked for."""
    asked = {one.rpartition("/")[2] for one in methods if one.rpartition("/")[0] == service}
    return sorted(asked | set(described.get(service, ()) if service in wanted else ()))[:_MOST_METHODS]


def _word(session: GrpcSession, service: str) -> str:
    try:
        return session.health(service)
    except Status:
        return ""


def process(session: GrpcSession, ask: Ask) -> ServerProcess:
    """Whoever listens, where that is a process of this host."""
    found = _local.listening_process(*address(session.located.endpoints["url"]))
    if found is None:
        raise Unobservable(Reason.NO_OBSERVABLE, "gRPC does not tell processes apart, and it is none of this host")
    return _local.server(session.located, _local.boot(found), "pid and its start")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({}),
    "process": process,
    "serving": serving,
}

KIND = Kind(
    name="grpc",
    endpoints={"url": ("grpc", "grpcs")},
    connect=GrpcSession,
    answers=_ANSWERS,
)
