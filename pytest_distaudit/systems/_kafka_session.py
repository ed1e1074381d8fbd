"""Sessions with a Kafka broker: the audit's own greeting, then a client that never joins a group."""

from __future__ import annotations

import socket
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import unobservable
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._kafka_wire import Greeting, greet
from pytest_distaudit.systems._wire import without

CLIENT_NAME = "distaudit"
_INSTALL = "kafka-python is not installed; pip install 'pytest-distaudit[kafka]'"

T = TypeVar("T")


def library() -> Any:
    """The client's package. Raises Unobservable where it is missing."""
    try:
        with warnings.catch_warnings():  # on importing it, it reads its schemas in a deprecated way
            warnings.simplefilter("ignore", DeprecationWarning)
            import kafka
    except ImportError:
        raise Unobservable(Reason.NOT_INSTALLED, _INSTALL) from None
    return kafka


class KafkaSession:
    """One look at one cluster through one of its brokers."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        if "url" not in located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{located.system} declares no endpoint "url"')
        self.url = located.endpoints["url"]
        self._password = unquote(urlsplit(self.url).password or "")
        self._open: list[Any] = []

    def close(self) -> None:
        """Hang up."""
        for client in self._open:
            with suppress(Exception):
                client.close()

    @cached_property
    def greeting(self) -> Greeting:
        """The broker's first words. Raises Unobservable."""
        self.ways.append("ApiVersions, Metadata")
        return greet(self.url, self.limits, _speaker)

    def ask(self, what: str, question: Callable[[Any], T]) -> T:
        """The answer of the client for administration. Raises Unobservable."""
        self.ways.append(what)
        return self.guarded(what, lambda: question(self._admin))

    def guarded(self, what: str, asked: Callable[[], T]) -> T:
        """What ``asked`` returns, its failures as reasons."""
        try:
            return asked()
        except Exception as error:  # the client passes on whatever a hostile peer provokes
            raise self._failed(error, what) from error

    def identify(self) -> None:
        """Name the run that answers, where it can be seen; else the cluster, whose offsets outlive every run."""
        own = _local.serving_process(self.located)
        if own is not None:
            self.identity = _local.boot(own)
        else:
            told = self.ask("describe the cluster", lambda admin: admin.describe_cluster())
            self.identity = str(told.get("cluster_id") or "")

    @cached_property
    def _admin(self) -> Any:
        kafka = library()
        return self._opened(kafka.KafkaAdminClient(**self._settings, bootstrap_timeout_ms=self._milliseconds))

    @cached_property
    def consumer(self) -> Any:
        """A reader without a group: it commits nothing, and nobody is told of it. Sees what is committed only."""
        kafka = library()
        self._allowed()
        return self._opened(
            kafka.KafkaConsumer(
                **self._settings,
                group_id=None,
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                bootstrap_timeout_ms=self._milliseconds,
                fetch_max_wait_ms=100,
                fetch_max_bytes=self.limits.body_bytes,
                max_partition_fetch_bytes=self.limits.body_bytes,
            )
        )

    def _opened(self, client: Any) -> Any:
        self._open.append(client)
        return client

    @property
    def _milliseconds(self) -> int:
        return int(self.limits.ask_s * 1000)

    @property
    def _settings(self) -> dict[str, Any]:
        mechanism = self._allowed().mechanism
        parts = urlsplit(self.url)
        secured = "SSL" if parts.scheme == "kafkas" else "PLAINTEXT"
        login = {
            "sasl_mechanism": mechanism,
            "sasl_plain_username": unquote(parts.username or ""),
            "sasl_plain_password": self._password,
        }
        return {
            "bootstrap_servers": "{}:{}".format(*address(self.url)),
            "client_id": CLIENT_NAME,
            "request_timeout_ms": self._milliseconds,
            "security_protocol": f"SASL_{secured}" if mechanism else secured,
            **(login if mechanism else {}),
        }

    def _allowed(self) -> Greeting:
        """The greeting, if it lets the audit in and sends it nowhere that its password may not go."""
        told = self.greeting
        if told.refused:
            raise Unobservable(Reason.FORBIDDEN, f"the broker turned the audit away: {told.refused}")
        known = {address(self.url)[0], *(host for host, _ in self.located.neighbours)}
        for host, port in told.brokers if told.mechanism else ():
            if host not in known and not any(_same(host, one) for one in known):
                because = f"the broker sends its clients on to {host}:{port}, which the target does not name"
                raise Unobservable(Reason.REDIRECTED, f"{because}; the audit takes its password nowhere else")
        return told

    def _failed(self, error: Exception, what: str) -> Unobservable:
        if isinstance(error, Unobservable):
            return error
        said = f"{what}: {without(str(error), self._password) or type(error).__name__}"
        errors = library().errors
        if isinstance(error, (errors.AuthorizationError, errors.SaslAuthenticationFailedError)):
            return Unobservable(Reason.FORBIDDEN, said)
        if isinstance(error, (errors.UnsupportedVersionError, errors.UnrecognizedBrokerVersion)):
            return Unobservable(Reason.UNSUPPORTED_VERSION, said)
        if isinstance(error, errors.KafkaTimeoutError):
            away = ", ".join(f"{host}:{port}" for host, port in self.greeting.brokers)
            return Unobservable(Reason.TIMED_OUT, f"{said}; the broker sends its clients on to {away}")
        return unobservable(error, what)


def _same(host: str, other: str) -> bool:
    """Whether two names are of one address."""
    try:
        return bool(_addresses(host) & _addresses(other))
    except OSError:
        return False


def _addresses(host: str) -> set[str]:
    return {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}


def _speaker(mechanism: str, user: str, password: str) -> Any:
    """What speaks that mechanism of logging in."""
    library()
    from kafka.net.sasl.plain import SaslMechanismPlain
    from kafka.net.sasl.scram import SaslMechanismScram

    login = {"sasl_mechanism": mechanism, "sasl_plain_username": user, "sasl_plain_password": password}
    return (SaslMechanismPlain if mechanism == "PLAIN" else SaslMechanismScram)(**login)
