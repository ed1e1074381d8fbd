"""nginx: presence, and how many requests it has handled. It tells no more: neither routes nor servers.

The status page counts all requests of all servers, also those for the page itself: the audit's are taken out.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, Presence, ServerProcess
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.gateways import Gateway, GatewayRefusal
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch

_STATUS = re.compile(r"Active connections: \d+\s+server accepts handled requests\s+(\d+) (\d+) (\d+)\s+Reading: \d+")
_SERVER = re.compile(r"nginx(?:/([\w.+-]+))?")
_UNSEEN = "nginx tells neither routes nor servers, and counts no answers: all of it stands only in its configuration"
_BODY = 200

#: requests for the status page by this audit: (address, process) -> how many. One at a time, so that the page and the
#: count belong together; those of another process of the audit look like anybody's.
_own: Counter[tuple[str, str]] = Counter()
_one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class NginxSession:
    """One look at one server; its status page is read once."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self._fetch = HttpFetch(limits)

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def get(self, endpoint: str, path: str = "") -> Response:
        """GET of an endpoint's address. Raises Unobservable."""
        url = self.located.endpoints[endpoint]
        self.ways.append(f"GET {urlsplit(url).path or '/'}" if not path else "GET of a path that cannot exist")
        return self._fetch(Request("GET", url.rstrip("/") + path if path else url))

    @cached_property
    def requests(self) -> int:
        """Requests since the counters began, without the audit's own for the page. Raises Unobservable."""
        if "status" not in self.located.endpoints:
            because = f"{self.located.system} declares no status page"
            raise Unobservable(Reason.NO_OBSERVABLE, f'{because}; declare endpoints.status, where "stub_status" is on')
        url = self.located.endpoints["status"]
        with _one_at_a_time[url]:
            answer = self.get("status")
            found = _STATUS.match(answer.text.strip())
            if answer.status != 200 or found is None:
                raise _no_status(answer, urlsplit(url).password)
            self.identity = _run(self.located)
            _own[url, self.identity] += 1
            own = _own[url, self.identity]
        return int(found[3]) - own


def _run(located: Located) -> str:
    """Its processes, or its container: what it counts outlives a reload, but neither of them."""
    return _local.boots(located) or (located.inventory().run if located.inventory else "")


def _no_status(answer: Response, secret: str | None) -> Unobservable:
    said = f"the status page answers {answer.status}"
    if answer.status in (401, 403):
        return Unobservable(Reason.FORBIDDEN, f"{said}; allow the audit's address, or give a user")
    if 300 <= answer.status < 400:
        return Unobservable(Reason.REDIRECTED, said)
    if answer.status >= 500:
        return Unobservable(Reason.PROTOCOL_ERROR, said)
    heard = without(answer.text[:60], unquote(secret or ""))
    return Unobservable(Reason.WRONG_PRODUCT, f"what answered is not nginx's stub_status: {answer.status} {heard}")


def presence(session: NginxSession, ask: Ask) -> Presence:
    """The status page, which only nginx words so; without one, an answer whose header names it."""
    if "status" in session.located.endpoints:
        _ = session.requests
        return Presence(up=True, product="nginx")
    answer = session.get("url")
    named = _SERVER.match(answer.headers.get("server", ""))
    if named is None:
        raise Unobservable(Reason.WRONG_PRODUCT, f"what answered does not call itself nginx: {answer.status}")
    session.identity = _run(session.located)
    return Presence(up=True, product="nginx", version=named[1] or "")


def process(session: NginxSession, ask: Ask) -> ServerProcess:
    """Which processes answer, by this host's tables: nginx itself does not tell."""
    session.identity = _run(session.located)
    if not session.identity:
        raise Unobservable(Reason.NO_OBSERVABLE, "nginx does not tell its process, and it cannot be seen from here")
    return _local.server(session.located, session.identity, "pids and their starts")


def health(session: NginxSession, ask: Ask) -> Health:
    """The declared path's answer; nginx has no word of its own on health."""
    path = session.located.health
    if path is None or "url" not in session.located.endpoints:
        raise Unobservable(Reason.NO_OBSERVABLE, 'nginx has no word on its health; declare url and health = "/..."')
    answer = session.get("url", path)
    healthy = 200 <= answer.status < 300
    return Health(healthy=healthy, detail=f"{answer.status}", way=f"GET {path}")


def gateway(session: NginxSession, ask: Ask) -> Gateway:
    """Requests alone."""
    return Gateway(routes=None, backends=None, taken_in=session.requests, unseen=_UNSEEN)


def refusal(session: NginxSession, ask: Ask) -> GatewayRefusal:
    """A path that cannot exist. Who answered cannot be told: another nginx behind it words its pages alike."""
    if "url" not in session.located.endpoints:
        raise Unobservable(Reason.NO_OBSERVABLE, f"{session.located.system} declares no url to take requests at")
    answer = session.get("url", f"/distaudit-{secrets.token_hex(16)}")
    return GatewayRefusal(answer.status, own=None, body=answer.text[:_BODY])


def work(session: NginxSession, ask: Ask) -> Work:
    """Requests; those of health checks and other monitors are among them and cannot be told apart."""
    return Work(counts={"requests": session.requests}, way="stub_status")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http", "status": "http"}),
    "process": process,
    "gateway": gateway,
    "gateway-refusal": refusal,
    "work": work,
}

KIND = Kind(
    name="nginx",
    endpoints={"url": ("http", "https"), "status": ("http", "https")},
    connect=NginxSession,
    answers=_ANSWERS,
)
