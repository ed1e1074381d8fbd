"""Sessions with a RabbitMQ broker, and which run of which node answers them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch

#: the broker samples its uptime every five seconds: estimates of one start differ by so much
_UPTIME_LAG_S = 8.0


class RabbitSession:
    """One look at one broker; what the management API answered is remembered for its length."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self.management = located.endpoints.get("management")
        self.amqp = located.endpoints.get("amqp")
        self._fetch = HttpFetch(limits)
        self._answers: dict[str, Response] = {}
        #: what ``identity`` is made of; None until it was looked for
        self.named_by: str | None = None

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def vhost(self, ask: Ask) -> str:
        """The virtual host that the ask means: its own, else that of the amqp address, else "/"."""
        path = urlsplit(self.amqp).path[1:] if self.amqp else ""
        return ask.arg("vhost") or unquote(path) or "/"

    def get(self, path: str) -> Response:
        """GET /api/``path``, whatever the status."""
        if self.management is None:
            raise Unobservable(
                Reason.NO_OBSERVABLE, f'{self.located.system} declares no "management" endpoint; add one to see more'
            )
        if path not in self._answers:
            self.ways.append(f"GET /api/{path.partition('?')[0]}")
            self._answers[path] = self._fetch(Request("GET", f"{self.management.rstrip('/')}/api/{path}"))
        return self._answers[path]

    def read(self, path: str) -> Any:
        """GET /api/``path`` as JSON. Raises forbidden, redirected or protocol-error unless it is a 200."""
        answer = self.get(path)
        what = f"GET /api/{path.partition('?')[0]}"
        if answer.status == 200:
            return answer.decoded(what)
        raise refused(answer, what)

    def overview(self) -> Mapping[str, Any]:
        """The broker's summary, known to be RabbitMQ's own. Raises Unobservable."""
        seen = self.read("overview")
        if not isinstance(seen, dict) or "rabbitmq_version" not in seen:
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered /api/overview is not RabbitMQ's management API")
        return seen

    def node(self) -> Mapping[str, Any] | None:
        """The node that answers, with pid and uptime; None if the audit's user may not see nodes."""
        name = self.overview().get("node")
        if name is None:
            return None
        # "name" is asked for so that a broker that ignores ?columns answers alike
        answer = self.get(f"nodes/{quote(str(name), safe='')}?columns=name,os_pid,uptime,running")
        return answer.decoded("GET /api/nodes") if answer.status == 200 else None


def refused(answer: Response, what: str) -> Unobservable:
    """What an answer other than 200 to ``what`` means."""
    said = without(answer.text[:200])
    if answer.status in (401, 403):
        return Unobservable(Reason.FORBIDDEN, f"{what}: {answer.status} {said}".rstrip())
    if 300 <= answer.status < 400:
        return Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
    return Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {answer.status} {said}".rstrip())


def identify(session: RabbitSession) -> str:
    """Name the run of the node that answers, once; say what the name is made of ("" = unknown)."""
    if session.named_by is None:
        session.named_by, session.identity = _identity(session)
    return session.named_by


def _identity(session: RabbitSession) -> tuple[str, str]:
    node = None
    if session.management is not None:
        try:
            node = session.node()
        except Unobservable:
            node = None
    own = _local.serving_process(session.located)
    # a node that has just started does not know its own pid yet
    if node is not None and own is not None and node.get("os_pid") in (None, own.pid, str(own.pid)):
        return "node name, pid and its start", f"{node['name']}:{_local.boot(own)}"
    if node is not None:
        identity = _remembered(str(node.get("name")), str(node.get("os_pid")), started_at(node))
        return "node name, pid and uptime", identity
    if own is not None:
        return "pid and its start", _local.boot(own)
    return "", ""


#: (node, pid) -> the first estimate of its start. Uptime is sampled, so that every look estimates
#: anew; rounding would flip at some boundary, and a pid alone is the same after a container restarts.
_STARTS: dict[tuple[str, str], float] = {}


def _remembered(name: str, pid: str, started: float | None) -> str:
    if started is None:
        return f"{name}:{pid}"
    known = _STARTS.get((name, pid))
    if known is None or abs(known - started) > _UPTIME_LAG_S:
        known = _STARTS[name, pid] = started
    return f"{name}:{pid}:{known:.0f}"


def started_at(node: Mapping[str, Any]) -> float | None:
    """When the node started, by its sampled uptime: up to some seconds late."""
    uptime = node.get("uptime")
    return time.time() - uptime / 1000 if isinstance(uptime, (int, float)) else None
