"""Sessions with a gRPC server: health and reflection, and knocking at methods without calling them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems._wire import Wire, without
from pytest_distaudit.systems.http_fetch import user_agent

_MISSING = "gRPC is not installed here: pip install 'pytest-distaudit[grpc]'"
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_FRAME_HEAD, _SETTINGS = 9, 4
_HEALTH = "/grpc.health.v1.Health"
_REFLECTIONS = ("grpc.reflection.v1", "grpc.reflection.v1alpha")
#: field 0 of a type that does not exist: no message of any kind can be read from it, so that no handler runs
_UNREADABLE = b"\x07"
_NO_GRPC = "Received http2 header with status"
_TURNED_AWAY = ("UNAUTHENTICATED", "PERMISSION_DENIED")
_REASONS = {
    "DEADLINE_EXCEEDED": Reason.TIMED_OUT,
    "UNAUTHENTICATED": Reason.FORBIDDEN,
    "PERMISSION_DENIED": Reason.FORBIDDEN,
    "UNAVAILABLE": Reason.NOT_REACHABLE,
}


class Status(Exception):
    """A call that did not end with OK: the code's name, and the server's words."""

    def __init__(self, code: str, details: str) -> None:
        self.code, self.details = code, without(details)
        super().__init__(f"{code}: {self.details}")


class _Library:
    """gRPC's own modules; each is an extra of ours. Raises not-installed."""

    def __init__(self) -> None:
        try:
            import grpc
            from grpc_health.v1 import health_pb2
            from grpc_reflection.v1alpha import reflection_pb2
        except ImportError:
            raise Unobservable(Reason.NOT_INSTALLED, _MISSING) from None
        self.grpc: Any = grpc
        self.health: Any = health_pb2
        #: of both versions: they differ by their name alone
        self.reflection: Any = reflection_pb2


class GrpcSession:
    """One look at one server over one connection."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self._channel: Any = None
        self._reflection: str | None = None

    def close(self) -> None:
        """Hang up."""
        if self._channel is not None:
            self._channel.close()

    def health(self, service: str) -> str:
        """The server's word on ``service`` ("" is itself); "unknown" for a name it does not know.

        Raises Status(UNIMPLEMENTED) where it offers no such word, and Unobservable.
        """
        health_pb2 = _Library().health
        asked = health_pb2.HealthCheckRequest(service=service)
        try:
            told = self._one(f"{_HEALTH}/Check", asked.SerializeToString(), health_pb2.HealthCheckResponse.FromString)
        except Status as status:
            if status.code == "NOT_FOUND":
                return "unknown"
            raise
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(told.status))

    def health_names(self) -> tuple[str, ...]:
        """The services whose health the server tells of itself; () where it does not list them."""
        health_pb2 = _Library().health
        if not hasattr(health_pb2, "HealthListRequest"):
            return ()
        try:
            told = self._one(f"{_HEALTH}/List", b"", health_pb2.HealthListResponse.FromString)
        except Status:
            return ()
        return tuple(sorted(name for name in told.statuses if name))

    def services(self) -> tuple[str, ...] | None:
        """The services that reflection lists; None where it is not offered."""
        reflection_pb2 = _Library().reflection
        asked = reflection_pb2.ServerReflectionRequest(list_services="*")
        for version in _REFLECTIONS:
            self._reflection = version
            try:
                answers = list(self._reflected([asked]))
            except Status as status:
                if status.code == "UNIMPLEMENTED":
                    continue
                raise self._failed(status, "reflection") from None
            if not answers or not answers[0].HasField("list_services_response"):
                raise Unobservable(Reason.PROTOCOL_ERROR, "reflection does not answer what it was asked")
            return tuple(sorted(without(one.name) for one in answers[0].list_services_response.service))
        self._reflection = None
        return None

    def methods(self, services: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Service -> its methods, of those that reflection describes."""
        reflection_pb2 = _Library().reflection
        from google.protobuf import descriptor_pb2
        from google.protobuf.message import DecodeError

        asked = [reflection_pb2.ServerReflectionRequest(file_containing_symbol=name) for name in services]
        found: dict[str, tuple[str, ...]] = {}
        try:
            for answer in self._reflected(asked) if asked else ():
                for data in answer.file_descriptor_response.file_descriptor_proto:
                    file = descriptor_pb2.FileDescriptorProto.FromString(data)
                    for one in file.service:
                        name = f"{file.package}.{one.name}".removeprefix(".")
                        found[name] = tuple(sorted(each.name for each in one.method))
        except DecodeError:
            raise Unobservable(
                Reason.PROTOCOL_ERROR, "reflection describes services in what is no descriptor"
            ) from None
        except Status as status:
            raise self._failed(status, "reflection") from None
        return found

    def knock(self, method: str, message: bytes = _UNREADABLE) -> bool | None:
        """Whether somebody takes calls of ``method``; None if the audit was turned away before that showed."""
        try:
            for _ in self._calls(f"/{method}", [message], bytes):
                break
        except Status as status:
            if status.code == "UNIMPLEMENTED":
                return False
            if status.code in _TURNED_AWAY:
                return None
            if status.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                raise self._failed(status, method) from None
        return True

    def _reflected(self, asked: list[Any]) -> Iterator[Any]:
        reflection_pb2 = _Library().reflection
        method = f"/{self._reflection}.ServerReflection/ServerReflectionInfo"
        messages = [one.SerializeToString() for one in asked]
        yield from self._calls(method, messages, reflection_pb2.ServerReflectionResponse.FromString)

    def _one(self, method: str, message: bytes, read: Callable[[bytes], Any]) -> Any:
        """The answer. Raises Status(UNIMPLEMENTED), Status(NOT_FOUND), Unobservable."""
        try:
            answers = list(self._calls(method, [message], read))
        except Status as status:
            if status.code in ("UNIMPLEMENTED", "NOT_FOUND"):
                raise
            raise self._failed(status, method.strip("/")) from None
        if not answers:
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{method.strip('/')}: no answer")
        return answers[0]

    def _calls(self, method: str, messages: list[bytes], read: Callable[[bytes], Any]) -> Iterator[Any]:
        """Answers of a call of whatever shape. Raises Status, Unobservable."""
        channel = self._connected
        grpc = _Library().grpc
        self.ways.append(method.strip("/"))
        try:
            call = channel.stream_stream(method, request_serializer=bytes, response_deserializer=read)
            yield from call(iter(messages), timeout=self.limits.ask_s)
        except grpc.RpcError as error:
            code = getattr(error.code(), "name", "UNKNOWN")
            details = str(error.details() or "")
            if details.startswith(_NO_GRPC):
                because = f"what answers is HTTP/2 and not gRPC: {without(details)}"
                raise Unobservable(Reason.WRONG_PRODUCT, because) from None
            if code == "RESOURCE_EXHAUSTED" and "larger than max" in details:
                raise Unobservable(Reason.TOO_LARGE, f"{method.strip('/')}: {without(details)}") from None
            raise Status(code, details) from None

    def _failed(self, status: Status, what: str) -> Unobservable:
        return Unobservable(_REASONS.get(status.code, Reason.PROTOCOL_ERROR), f"{what}: {status}")

    @cached_property
    def _connected(self) -> Any:
        """A channel to what has been heard to speak HTTP/2: gRPC itself calls every failure unavailable."""
        grpc = _Library().grpc
        url = self.located.endpoints["url"]
        (host, port), secure = address(url), urlsplit(url).scheme == "grpcs"
        _greet(host, port, self.limits, secure)
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        options = [
            ("grpc.primary_user_agent", user_agent()),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", self.limits.body_bytes),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if secure:
            trust = grpc.ssl_channel_credentials(_trusted())
            self._channel = grpc.secure_channel(place, trust, options)
        else:
            self._channel = grpc.insecure_channel(place, options)
        return self._channel


def _trusted() -> bytes | None:
    """This machine's authorities; gRPC would bring its own."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file and Path(file).is_file() else None


def _greet(host: str, port: int, limits: Limits, secure: bool) -> None:
    """Raise Unobservable unless what listens there begins as an HTTP/2 server does: with its settings."""
    with Wire(host, port, limits.ask_s, limits.connect_s, secure, alpn="h2") as wire:
        wire.send(_HELLO)
        said = b""
        while len(said) < _FRAME_HEAD:
            more = wire.read()
            if not more:
                break
            said += more
            if said.startswith(b"HTTP/"):
                break
    if not said:
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{host}:{port} closed the connection at once")
    if len(said) < _FRAME_HEAD or said[3] != _SETTINGS:
        heard = repr(said[:40])[2:-1]
        because = f"what answered at {host}:{port} does not speak HTTP/2, which gRPC stands on: got {heard}"
        raise Unobservable(Reason.PROTOCOL_ERROR if secure else Reason.WRONG_PRODUCT, because)
