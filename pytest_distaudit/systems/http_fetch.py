"""Fetch over httpx: one fresh connection per request, and a bound on everything."""

from __future__ import annotations

import ssl
import time
from base64 import b64encode
from contextlib import nullcontext
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import Refusal, unobservable
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems._wire import bare, without

if TYPE_CHECKING:
    import httpcore


@cache
def user_agent() -> str:
    """How the audit names itself to HTTP servers."""
    try:
        return f"pytest-distaudit/{version('pytest-distaudit')}"
    except PackageNotFoundError:
        return "pytest-distaudit/0"


@cache
def trust() -> ssl.SSLContext:
    """The system's certificate store; loading it takes longer than a request does."""
    return ssl.create_default_context()


class HttpFetch:
    """Implements ports.fetch.Fetch within ``limits``.

    No redirects, retries, cookies or proxies; every request has a connection of its own, so that a
    balancer sees as many clients as there are requests. Safe to share between threads.
    ``socket`` is the path of a Unix socket that every request goes to, whatever host its URL names; ``kept`` are
    connections of another sort, which outlive a request and are closed with this.
    """

    def __init__(
        self, limits: Limits | None = None, socket: str | None = None, kept: httpcore.ConnectionPool | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._socket = socket
        self._kept = kept

    def __call__(self, request: Request) -> Response:
        """Ask once. Raises Unobservable; its text names neither credentials nor the query."""
        import httpcore
        import httpx

        url, auth = _without_credentials(request)
        what = f"{request.method} {bare(url)}"
        try:
            return self._ask(request, url, auth, what)
        except httpx.InvalidURL:
            raise Unobservable(Reason.NOT_REACHABLE, f"{request.method}: the address is not a URL") from None
        except (
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            raise _bounded(unobservable(error, what), auth) from None

    def close(self) -> None:
        """Only where connections are kept, something is open between requests."""
        if self._kept is not None:
            self._kept.close()

    def _ask(self, request: Request, url: str, auth: tuple[str, str] | None, what: str) -> Response:
        import httpcore
        import httpx

        from pytest_distaudit.systems._deadline import Deadline

        headers = {"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity"}
        if self._kept is None:
            headers["Connection"] = "close"
        if auth is not None:
            headers["Authorization"] = "Basic " + basic(auth)
        built = httpx.Request(request.method, url, headers=headers | dict(request.headers), json=request.json)
        started = time.perf_counter()
        pool = self._kept or httpcore.ConnectionPool(
            ssl_context=trust(),
            uds=self._socket,
            local_address=request.source or None,
            network_backend=Deadline(self._limits.ask_s),
        )
        # what is kept has no deadline: there each step has one
        rest = None if self._kept is None else self._limits.ask_s
        timeouts = {"connect": self._limits.connect_s, "read": rest, "write": rest, "pool": rest}
        with (
            nullcontext() if self._kept else pool,
            pool.stream(
                built.method,
                httpcore.URL(
                    scheme=built.url.raw_scheme,
                    host=built.url.raw_host,
                    port=built.url.port,
                    target=built.url.raw_path,
                ),
                headers=built.headers.raw,
                content=built.read(),
                extensions={"timeout": timeouts},
            ) as answer,
        ):
            heads = _headers(answer)
            body = _body(answer, heads, self._limits.body_bytes, what)
        return Response(answer.status, heads, body, time.perf_counter() - started)


def _without_credentials(request: Request) -> tuple[str, tuple[str, str] | None]:
    """(URL without user and password, credentials): they travel in a header, never in a message."""
    try:
        parts = urlsplit(request.url)
        username, password = parts.username, parts.password
    except ValueError:
        raise Unobservable(Reason.NOT_REACHABLE, f"{request.method}: the address is not a URL") from None
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if request.auth is not None or username is None:
        return url, request.auth
    return url, (unquote(username), unquote(password or ""))


def basic(auth: tuple[str, str]) -> str:
    """User and password as a header has them."""
    return b64encode(":".join(auth).encode()).decode()


def _headers(answer: httpcore.Response) -> dict[str, str]:
    heads: dict[str, str] = {}
    for raw_name, raw_value in answer.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        heads[name] = f"{heads[name]}, {value}" if name in heads else value
    return heads


def _body(answer: httpcore.Response, heads: dict[str, str], limit: int, what: str) -> bytes:
    declared = heads.get("content-length", "")
    body = bytearray()
    if not (declared.isdecimal() and int(declared) > limit):
        for chunk in answer.iter_stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise Unobservable(Reason.TOO_LARGE, f"{what}: the answer is larger than {limit} bytes")


def _bounded(told: Unobservable, auth: tuple[str, str] | None) -> Unobservable:
    """The same failure with its text cut to size and free of credentials that the peer sent back."""
    detail = without(told.detail, *((auth[1], basic(auth)) if auth else ()))
    return Refusal(detail) if isinstance(told, Refusal) else Unobservable(told.reason, detail)
