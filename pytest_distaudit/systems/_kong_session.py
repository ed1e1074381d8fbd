"""Sessions with Kong: its Admin API, and the address at which it takes requests."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._json_api import JsonApi
from pytest_distaudit.systems._wire import without

_TOKEN_HEADER = "Kong-Admin-Token"  # noqa: S105 - the header's name
_PAGE, _PAGES = 1000, 20

#: requests to the Admin API by this audit: (address, node) -> how many; the node's counter has them, too
_own: Counter[tuple[str, str]] = Counter()
_one_at_a_time: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)


class KongSession(JsonApi):
    """One look at one node.

    The token of an Admin API with rights is the password of its address: ``http://:TOKEN@host:8001``.
    """

    def __init__(self, located: Located, limits: Limits) -> None:
        super().__init__(located, limits, lambda user, password: {_TOKEN_HEADER: password} if password else {})
        self.admin, _, self.password = self._address(located.endpoints.get("admin", ""))

    def get(self, path: str, endpoint: str = "admin") -> Response:
        """GET ``path``, of the Admin API, whatever the status. Raises Unobservable."""
        if not self.admin:
            if "url" in self.located.endpoints:
                self._fetch(Request("GET", self.located.endpoints["url"]))  # nobody there is nobody there
            because = f'{self.located.system} declares no "admin" endpoint, where Kong tells of itself'
            raise Unobservable(Reason.NO_OBSERVABLE, f'{because}; declare endpoints.admin = "http://HOST:8001"')
        with _one_at_a_time[self.admin]:
            asked = len(self.ways)
            answer = super().get(path, endpoint)
            _own[self.admin, self.identity] += len(self.ways) - asked
        return answer

    def read(self, path: str) -> Mapping[str, Any]:
        """GET ``path`` of the Admin API as a JSON object. Raises Unobservable unless it is one."""
        answer, what = self.get(path), f"GET {path.partition('?')[0]}"
        if answer.status != 200:
            raise self.refused(answer, what)
        seen = answer.decoded(what)
        if not isinstance(seen, dict):
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: not what Kong answers")
        return seen

    def all(self, path: str) -> list[Mapping[str, Any]]:
        """Everything of a collection, page after page. Raises too-large beyond twenty pages."""
        found: list[Mapping[str, Any]] = []
        following = f"{path}?size={_PAGE}"
        for _ in range(_PAGES):
            page = self.read(following)
            rows = page.get("data")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise Unobservable(Reason.PROTOCOL_ERROR, f"GET {path}: the answer has no data")
            found += rows
            further = page.get("next")
            if not further:
                return found
            if not isinstance(further, str) or not further.startswith("/") or further.startswith("//"):
                raise Unobservable(Reason.REDIRECTED, f"GET {path}: the next page is said to be elsewhere")
            following = further
        raise Unobservable(Reason.TOO_LARGE, f"GET {path}: more than {_PAGES} pages of {_PAGE}")

    @cached_property
    def node(self) -> Mapping[str, Any]:
        """Kong's word on itself. Raises Unobservable; wrong-product unless it says what only Kong says."""
        answer = self.get("/")
        if answer.status != 200:
            raise self.refused(answer, "GET /")
        try:
            seen = answer.decoded("GET /")
        except Unobservable:
            seen = None
        if not isinstance(seen, dict) or not seen.get("node_id") or not isinstance(seen.get("plugins"), dict):
            heard = without(answer.text[:60], self.password)
            raise Unobservable(Reason.WRONG_PRODUCT, f"what answered is not Kong's Admin API: {heard}")
        self.identity = self._identity(seen)
        return seen

    def _identity(self, seen: Mapping[str, Any]) -> str:
        """The node's id may outlive a restart, its processes do not."""
        pids = seen.get("pids")
        running = f":{pids.get('master')}:{pids.get('workers')}" if isinstance(pids, dict) else ""
        boots = _local.boots(self.located) if self.located.inventory else ""
        return f"{seen['node_id']}{running}{'@' if boots else ''}{boots}"

    def requests(self) -> int:
        """Requests of all listeners since the node's counters began, without the audit's own to the Admin API."""
        _ = self.node
        with _one_at_a_time[self.admin]:
            _own[self.admin, self.identity] += _own.pop((self.admin, ""), 0)
            self.forget("/status", "admin")
            server = self.read("/status").get("server")
            own = _own[self.admin, self.identity]
        total = server.get("total_requests") if isinstance(server, dict) else None
        if not isinstance(total, int):
            raise Unobservable(Reason.PROTOCOL_ERROR, "GET /status: it does not tell how many requests there were")
        return total - own

    def through(self, path: str) -> Response:
        """GET ``path`` by way of the gateway. Raises Unobservable."""
        if "url" not in self.located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f"{self.located.system} declares no url to take requests at")
        self.ways.append("GET of a path that cannot exist")
        return self._fetch(Request("GET", self.located.endpoints["url"].rstrip("/") + path))

    def refused(self, answer: Response, what: str) -> Unobservable:
        """What an answer other than 200 to ``what`` means."""
        said = f"{what}: {answer.status} {without(answer.text[:200], self.password)}".rstrip()
        if answer.status in (401, 403):
            return Unobservable(Reason.FORBIDDEN, f"{said}; a token with the role read-only is needed")
        if 300 <= answer.status < 400:
            return Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
        if answer.status == 404:
            return Unobservable(Reason.WRONG_PRODUCT, f"{said}: no Admin API of Kong is there")
        return Unobservable(Reason.PROTOCOL_ERROR, said)
