"""Sessions with a Consul agent, and which run of which agent answers them."""

from __future__ import annotations

import re
from collections.abc import Mapping
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

#: in the query of every request of ours, so that the agent's log tells it from those of others
MARK = "distaudit"
METRICS = "agent/metrics?format=prometheus"
_TOKEN_HEADER = "X-Consul-Token"  # noqa: S105 - the header's name
FILTERED = "x-consul-results-filtered-by-acls"
#: header of every answer that comes from the catalog
INDEX = "x-consul-index"
_STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.MULTILINE)


class ConsulSession:
    """One look at one agent; what it answered is remembered for the look's length.

    The token is the password of the address: ``http://:TOKEN@host:8500``.
    """

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        if "url" not in located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{located.system} declares no "url" endpoint, the HTTP API')
        parts = urlsplit(located.endpoints["url"])
        self.token = unquote(parts.password or "")
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="")).rstrip("/")
        self._fetch = HttpFetch(limits)
        self._answers: dict[str, Response] = {}

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    @property
    def headers(self) -> dict[str, str]:
        """What proves who asks."""
        return {_TOKEN_HEADER: self.token} if self.token else {}

    def get(self, path: str) -> Response:
        """GET /v1/``path``, whatever the status."""
        if path not in self._answers:
            self.ways.append(f"GET /v1/{path.partition('?')[0]}")
            self._answers[path] = self.ask(path)
        return self._answers[path]

    def ask(self, path: str, mark: str = "1") -> Response:
        """GET /v1/``path`` anew, bearing ``mark``."""
        joint = "&" if "?" in path else "?"
        return self._fetch(Request("GET", f"{self.url}/v1/{path}{joint}{MARK}={mark}", self.headers))

    def change(self, path: str, told: object = None) -> Request:
        """PUT /v1/``path``, for whoever sends it."""
        joint = "&" if "?" in path else "?"
        return Request("PUT", f"{self.url}/v1/{path}{joint}{MARK}=1", self.headers, told)

    def forget(self, path: str) -> None:
        """Let ``path`` be asked for anew."""
        self._answers.pop(path, None)

    def send(self, request: Request) -> Response:
        """The answer to a request of the caller's own making."""
        return self._fetch(request)

    def read(self, path: str) -> Any:
        """GET /v1/``path`` as JSON. Raises forbidden, redirected or protocol-error unless it is the whole answer."""
        answer, what = self.get(path), f"GET /v1/{path.partition('?')[0]}"
        if answer.status != 200:
            raise self.refused(answer, what)
        if answer.headers.get(FILTERED) == "true":
            raise Unobservable(Reason.FORBIDDEN, f"{what}: the agent left out what the audit's token may not see")
        return answer.decoded(what)

    def refused(self, answer: Response, what: str) -> Unobservable:
        """What an answer other than 200 to ``what`` means."""
        said = without(answer.text[:200], self.token)
        if answer.status in (401, 403):
            return Unobservable(Reason.FORBIDDEN, f"{what}: {answer.status} {said}".rstrip())
        if 300 <= answer.status < 400:
            return Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
        return Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {answer.status} {said}".rstrip())

    def agent(self) -> Mapping[str, Any]:
        """The agent's word on itself, known to be Consul's own. Raises Unobservable; forbidden without agent:read."""
        seen = self.read("agent/self")
        if not isinstance(seen, dict) or not all(isinstance(seen.get(part), dict) for part in ("Config", "Member")):
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered /v1/agent/self is not Consul")
        return seen

    def metrics(self) -> str | None:
        """Everything counted since the agent began, as Prometheus reads it; None where it keeps or shows none."""
        answer = self.get(METRICS)
        plain = answer.headers.get("content-type", "").startswith("text/plain")
        return answer.text if answer.status == 200 and plain and "process_start_time" in answer.text else None


def started_at(metrics: str | None) -> float | None:
    """When the agent's process started, seconds since the epoch, by its metrics."""
    found = _STARTED.search(metrics or "")
    return float(found[1]) if found else None


def identify(session: ConsulSession) -> str:
    """Name the run of the agent that answers; say what the name is made of ("" = unknown)."""
    own = _local.serving_process(session.located)
    if own is not None:
        session.identity = _local.boot(own)
        return "pid and its start"
    try:
        node = session.agent()["Config"].get("NodeID")
    except Unobservable:
        return ""
    started = started_at(session.metrics())
    if not node or started is None:
        return ""  # the node's id alone outlives a restart
    session.identity = f"{node}:{started:.0f}"
    return "node id and process start"
