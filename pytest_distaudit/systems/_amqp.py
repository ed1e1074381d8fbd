"""One short AMQP 0-9-1 conversation under one deadline.

pika supplies the frames. Its own connections have no bound on an answer that never comes, and keep
the server's properties to themselves when the login fails.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import address
from pytest_distaudit.systems._listener import AMQP_HEADER, stranger
from pytest_distaudit.systems._wire import Wire, without

_METHOD_ON_CHANNEL_0 = b"\x01\x00\x00"
_FRAME_END_AND_HEADER = 8
_LARGEST_FRAME = 131072


class Closed(Exception):
    """The broker ended the channel or the connection: AMQP reply code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class AmqpConversation:
    """Connect, read who answers (``server``), log in, ask. Use it as a context manager.

    Transport failures are raised as Unobservable, the broker's refusals as :class:`Closed`.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        parts = urlsplit(url)
        self._host, self._port = address(url)
        self._user = unquote(parts.username or "guest")
        self._password = unquote(parts.password or "guest")
        self._limits = limits
        self._unread = b""
        self._wire = Wire(self._host, self._port, limits.ask_s, limits.connect_s, tls=parts.scheme == "amqps")
        try:
            self.server, self._mechanisms = self._greeted()
        except BaseException:
            self._wire.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.close()

    def login(self, vhost: str) -> None:
        """Log in and open ``vhost`` and channel 1. Raises Closed with the broker's words."""
        from pika import spec

        if "PLAIN" not in self._mechanisms.split():
            raise Unobservable(Reason.FORBIDDEN, f"the broker takes only {self._mechanisms}, the audit speaks PLAIN")
        self._send(
            0,
            spec.Connection.StartOk(
                client_properties={
                    "connection_name": "distaudit",
                    "product": "pytest-distaudit",
                    "capabilities": {"authentication_failure_close": True},
                },
                mechanism="PLAIN",
                response=f"\0{self._user}\0{self._password}",
                locale="en_US",
            ),
        )
        self._await(spec.Connection.Tune)
        self._send(0, spec.Connection.TuneOk(channel_max=1, frame_max=_LARGEST_FRAME, heartbeat=0))
        self._send(0, spec.Connection.Open(virtual_host=vhost))
        self._await(spec.Connection.OpenOk)
        self._send(1, spec.Channel.Open())
        self._await(spec.Channel.OpenOk)

    def queue(self, name: str) -> tuple[int, int]:
        """(ready messages, consumers) of a queue, by passive declaration: it creates nothing."""
        from pika import spec

        self._send(1, spec.Queue.Declare(queue=name, passive=True))
        counts = self._await(spec.Queue.DeclareOk)
        return counts.message_count, counts.consumer_count

    def _greeted(self) -> tuple[dict[str, Any], str]:
        from pika import spec

        self._wire.send(AMQP_HEADER)
        said = self._wire.read(self._limits.ask_s * 0.6)
        # a broker that answers with its own header speaks another version of the protocol
        if not said or not said.startswith(_METHOD_ON_CHANNEL_0[: len(said)]):
            raise stranger(said, self._host, self._port, "RabbitMQ", "amqp", self._limits)
        self._unread = said
        start = self._await(spec.Connection.Start)
        mechanisms = start.mechanisms
        return start.server_properties, mechanisms.decode() if isinstance(mechanisms, bytes) else str(mechanisms)

    def _send(self, channel: int, method: Any) -> None:
        from pika import frame

        self._wire.send(frame.Method(channel, method).marshal())

    def _await(self, wanted: Any) -> Any:
        """The next method of that class. Heartbeats and notices are passed over."""
        from pika import spec

        while True:
            method = self._next()
            if isinstance(method, wanted):
                return method
            if isinstance(method, (spec.Connection.Close, spec.Channel.Close)):
                raise Closed(method.reply_code, without(method.reply_text, self._password))

    def _next(self) -> Any:
        from pika import exceptions, frame

        while True:
            try:
                size, decoded = frame.decode_frame(self._unread)
            except (exceptions.AMQPError, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
                raise self._broken(type(error).__name__) from error
            if decoded is not None:
                self._unread = self._unread[size:]
                return getattr(decoded, "method", None)
            if len(self._unread) > _LARGEST_FRAME + _FRAME_END_AND_HEADER:
                raise self._broken("a frame without end")
            chunk = self._wire.read()
            if not chunk:
                raise self._broken("the connection was closed in the middle of the conversation")
            self._unread += chunk

    def _broken(self, how: str) -> Unobservable:
        return Unobservable(Reason.PROTOCOL_ERROR, f"AMQP with {self._host}:{self._port}: {how}")
