"""Sessions with systems whose whole interface is JSON over HTTP GET."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch


class ApiSession:
    """One look; what was answered is remembered for its length.

    ``http://user:password@host`` asks with Basic authentication, ``http://:TOKEN@host`` with a bearer token.
    """

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self._secrets: list[str] = []
        self._fetch = HttpFetch(limits)
        self._answers: dict[tuple[str, str], Response] = {}

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def get(self, path: str, endpoint: str = "url") -> Response:
        """GET /``path`` of the endpoint, whatever the status."""
        known = self._answers.get((endpoint, path))
        if known is None:
            self.ways.append(f"GET /{path.partition('?')[0]}")
            known = self._answers[endpoint, path] = self.ask(path, endpoint)
        return known

    def ask(self, path: str, endpoint: str = "url") -> Response:
        """GET /``path`` anew. Raises no-observable where that endpoint is not declared."""
        if endpoint not in self.located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{self.located.system} declares no "{endpoint}" endpoint')
        url, headers = self._address(self.located.endpoints[endpoint])
        return self._fetch(Request("GET", f"{url}/{path}", headers))

    def read(self, path: str) -> Any:
        """GET /``path`` as JSON. Raises forbidden, redirected or protocol-error unless it is a whole answer."""
        answer, what = self.get(path), f"GET /{path.partition('?')[0]}"
        if answer.status != 200:
            raise self.refused(answer, what)
        return answer.decoded(what)

    def refused(self, answer: Response, what: str) -> Unobservable:
        """What an answer other than 200 to ``what`` means."""
        said = without(answer.text[:200], *self._secrets)
        if answer.status in (401, 403):
            return Unobservable(Reason.FORBIDDEN, f"{what}: {answer.status} {said}".rstrip())
        if 300 <= answer.status < 400:
            return Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
        return Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {answer.status} {said}".rstrip())

    def identify(self) -> str:
        """Name the run of the process that answers, where this host sees it; say what the name is made of."""
        own = _local.serving_process(self.located)
        if own is None:
            return ""
        self.identity = _local.boot(own)
        return "pid and its start"

    def _address(self, url: str) -> tuple[str, dict[str, str]]:
        """(where to ask, headers); credentials of a user go with the request by themselves."""
        parts = urlsplit(url)
        secret = unquote(parts.password or "")
        self._secrets = [secret]
        if secret and not parts.username:
            bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="")
            return urlunsplit(bare).rstrip("/"), {"Authorization": f"Bearer {secret}"}
        return urlunsplit(parts._replace(query="")).rstrip("/"), {}


def stranger(session: ApiSession, path: str, product: str) -> Unobservable:
    """What it means that ``path`` was not answered as the product does."""
    answer = session.get(path)
    if answer.status in (401, 403) or 300 <= answer.status < 400 or answer.status >= 500:
        return session.refused(answer, f"GET /{path}")
    heard = without(answer.text[:60])
    return Unobservable(Reason.WRONG_PRODUCT, f"what answered /{path} is not {product}: {answer.status} {heard}")


def of_shape(value: Any, shape: type, what: str) -> Any:
    """``value`` if it is one. Raises protocol-error: a partial answer is none."""
    if not isinstance(value, shape):
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {type(value).__name__} where {shape.__name__} belongs")
    return value
