"""One look at a product's JSON interface: each question once, every refusal one reason."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
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

#: (user, password of the address) -> headers that prove who asks
Login = Callable[[str, str], Mapping[str, str]]

_TURNED_AWAY = (401, 403, 407)


def basic_or_bearer(user: str, password: str) -> Mapping[str, str]:
    """How a server, or a proxy before one without a login of its own, is told who asks: ``http://user:password@host``
    by basic authentication, ``http://:TOKEN@host`` by a bearer token."""
    if user:
        return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}
    return {"Authorization": f"Bearer {password}"} if password else {}


class JsonApi:
    """A session with a system's HTTP interfaces; what was answered is remembered for its length.

    Paths begin with a slash. ``url`` and ``headers`` are where and how the endpoint "url" is asked.
    """

    def __init__(self, located: Located, limits: Limits, login: Login = basic_or_bearer) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self._login = login
        self.url, self.headers, self.password = self._address(located.endpoints.get("url", ""))
        self._fetch = HttpFetch(limits)
        self._answers: dict[tuple[str, str, str], Response] = {}

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def get(self, path: str, endpoint: str = "url") -> Response:
        """GET ``path``, whatever the status. Raises no-observable where that endpoint is not declared."""
        return self._asked("GET", path, None, endpoint)

    def post(self, path: str, body: Any) -> Response:
        """POST a question (one that only reads), whatever the status."""
        return self._asked("POST", path, body)

    def forget(self, path: str, endpoint: str = "url") -> None:
        """GET ``path`` anew the next time."""
        self._answers.pop((endpoint, path, "null"), None)

    def read(self, path: str) -> Any:
        """GET ``path`` as JSON. Raises forbidden, redirected or protocol-error unless the status is 200."""
        return self.decoded(self.get(path), f"GET {path.partition('?')[0]}")

    def decoded(self, answer: Response, what: str) -> Any:
        """The JSON of an answer whose status is 200. Raises Unobservable."""
        if answer.status != 200:
            raise self.refused(answer, what)
        return answer.decoded(what)

    def refused(self, answer: Response, what: str) -> Unobservable:
        """What an answer other than 200 to ``what`` means."""
        said = f"{what}: {answer.status} {without(answer.text[:200], self.password)}".rstrip()
        if answer.status in _TURNED_AWAY:
            return Unobservable(Reason.FORBIDDEN, said)
        if 300 <= answer.status < 400:
            return Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
        return Unobservable(Reason.PROTOCOL_ERROR, said)

    def stranger(self, answer: Response, what: str, product: str) -> Unobservable:
        """Why what answered ``what`` cannot be taken for the product."""
        if answer.status in _TURNED_AWAY or 300 <= answer.status < 400 or answer.status >= 500:
            return self.refused(answer, what)
        heard = without(answer.text[:60], self.password)
        return Unobservable(
            Reason.WRONG_PRODUCT, f"what answered {what} is not {product}: {answer.status} {heard}".rstrip()
        )

    def identify(self) -> str:
        """Name the run of the process that answers, where this host sees it; say what the name is made of, else "".

        Of a process in a container it is the container's run: counters outlive neither.
        """
        own = _local.serving_process(self.located)
        if own is not None:
            self.identity = _local.boot(own)
            return "pid and its start"
        inventory = self.located.inventory
        self.identity = inventory().run if inventory else ""
        return ""

    def _asked(self, method: str, path: str, body: Any, endpoint: str = "url") -> Response:
        if endpoint not in self.located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{self.located.system} declares no "{endpoint}" endpoint')
        key = endpoint, path, json.dumps(body, sort_keys=True)
        if key not in self._answers:
            self.ways.append(f"{method} {path.partition('?')[0]}")
            url, headers, _ = self._address(self.located.endpoints[endpoint])
            self._answers[key] = self._fetch(Request(method, url + path, headers, body))
        return self._answers[key]

    def _address(self, url: str) -> tuple[str, Mapping[str, str], str]:
        """(where to ask, headers, the secret that no message may hold)."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
        return urlunsplit(bare).rstrip("/"), self._login(user, password), password


def json_of(answer: Response) -> Any:
    """The JSON of an answer, None if it is none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def of_shape(value: Any, shape: type, what: str) -> Any:
    """``value`` if it is one. Raises protocol-error: a partial answer is none."""
    if not isinstance(value, shape):
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {type(value).__name__} where {shape.__name__} belongs")
    return value
