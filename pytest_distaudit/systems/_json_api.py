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


class JsonApi:
    """A session with the HTTP interface at endpoint ``url``; what was answered is remembered for its length."""

    def __init__(self, located: Located, limits: Limits, login: Login) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        if "url" not in located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{located.system} declares no "url" endpoint, the HTTP API')
        parts = urlsplit(located.endpoints["url"])
        user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")).rstrip("/")
        self.headers = login(user, self.password)
        self._fetch = HttpFetch(limits)
        self._answers: dict[tuple[str, str], Response] = {}

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def get(self, path: str) -> Response:
        """GET ``path``, whatever the status."""
        return self._asked("GET", path, None)

    def post(self, path: str, body: Any) -> Response:
        """POST a question (one that only reads), whatever the status."""
        return self._asked("POST", path, body)

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

    def local_run(self) -> str:
        """Name the process that answers if this host can see it; "" otherwise.

        It becomes ``identity``. Of a process in a container that is the container's run: counters outlive neither.
        """
        own = _local.serving_process(self.located)
        if own is not None:
            self.identity = _local.boot(own)
            return self.identity
        inventory = self.located.inventory
        self.identity = inventory().run if inventory else ""
        return ""

    def _asked(self, method: str, path: str, body: Any) -> Response:
        key = path, json.dumps(body, sort_keys=True)
        if key not in self._answers:
            self.ways.append(f"{method} {path.partition('?')[0]}")
            self._answers[key] = self._fetch(Request(method, self.url + path, self.headers, body))
        return self._answers[key]


def proxy_login(user: str, password: str) -> Mapping[str, str]:
    """How a proxy before a server without a login of its own is told who asks: basic, or a token alone."""
    if user:
        return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}
    return {"Authorization": f"Bearer {password}"} if password else {}


def json_of(answer: Response) -> Any:
    """The JSON of an answer, None if it is none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None
