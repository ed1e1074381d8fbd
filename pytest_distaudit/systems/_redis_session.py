"""Sessions with a Redis server, or one that answers alike (Valkey)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import unobservable
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems._redis_own import OwnReads, own_reads
from pytest_distaudit.systems._wire import without

if TYPE_CHECKING:
    from redis import Redis

#: how the audit's connections are named in the server's list of clients
CLIENT_NAME = "distaudit"

_TURNED_AWAY = ("NOAUTH", "WRONGPASS", "DENIED", "NOPERM")


class RedisSession:
    """One look at one server, over one connection; what ``INFO`` said is remembered for its length."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self._client: Redis | None = None

    @property
    def url(self) -> str:
        """The address, secrets included."""
        if "url" not in self.located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{self.located.system} declares no endpoint "url"')
        return self.located.endpoints["url"]

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            with suppress(Exception):
                self._client.close()

    def ask(self, *words: str, raw: bool = False) -> Any:
        """The answer to one command, in bytes if ``raw``. Raises Unobservable; forbidden where it was turned away."""
        with self.asking(" ".join(words)):
            if raw:
                self.client.response_callbacks.pop(words[0], None)
                return self.client.execute_command(*words, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
            return self.client.execute_command(*words)  # type: ignore[no-untyped-call]

    @cached_property
    def info(self) -> Mapping[str, Any]:
        """Everything that the server counts. Raises Unobservable, wrong-product unless it is a store's."""
        told = self.ask("INFO", "everything") or self.ask("INFO", "all")
        if not isinstance(told, dict) or len(str(told.get("run_id", ""))) != 40:
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered INFO is not Redis: it has no run_id")
        self.refuse_mode(str(told.get("redis_mode", "")))
        self.identity = str(told["run_id"])
        return self.own_reads.taken_from(told)

    @property
    def own_reads(self) -> OwnReads:
        """What the audit itself has looked up in this run of the server."""
        return own_reads(self.identity)

    def refuse_mode(self, mode: str) -> None:
        """Raise wrong-product for a server of another sort than the kind's."""
        if mode == "sentinel":
            words = "what answered is a Sentinel, which stores nothing; name its master, or say kind redis-sentinel"
            raise Unobservable(Reason.WRONG_PRODUCT, words)

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """For a block that asks this over the client. Raises Unobservable; forbidden where it was turned away."""
        self.ways.append(what)
        try:
            yield
        except Exception as error:  # the client passes on whatever a hostile peer provokes
            raise self._failed(error, what) from error

    @cached_property
    def client(self) -> Redis:
        """The one connection."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        parts, (host, port) = urlsplit(self.url), address(self.url)
        self._client = redis.Redis(
            host=host,
            port=port,
            username=unquote(parts.username or "") or None,
            password=unquote(parts.password or "") or None,
            ssl=parts.scheme == "rediss",
            socket_timeout=self.limits.ask_s,
            socket_connect_timeout=self.limits.connect_s,
            single_connection_client=True,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
            encoding_errors="replace",
        )
        # a user who may not name the connection may still look
        with suppress(redis.ResponseError):
            self._client.execute_command("CLIENT", "SETNAME", CLIENT_NAME)  # type: ignore[no-untyped-call]
        return self._client

    def _failed(self, error: Exception, what: str) -> Unobservable:
        import redis

        said = without(str(error), unquote(urlsplit(self.url).password or ""))
        refusals = redis.AuthenticationError, redis.exceptions.AuthorizationError, redis.exceptions.NoPermissionError
        if isinstance(error, refusals) or str(error).startswith(_TURNED_AWAY):
            return Unobservable(Reason.FORBIDDEN, f"{what}: {said}")
        if isinstance(error, redis.ResponseError):
            return Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {said}")
        return unobservable(error, what)
