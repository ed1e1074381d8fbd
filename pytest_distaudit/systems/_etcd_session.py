"""Sessions with one member of etcd, over its JSON gateway."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._json_api import JsonApi
from pytest_distaudit.systems._wire import without

_VERSION = re.compile(r"(\d+)\.(\d+)\.")
_STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.MULTILINE)
#: codes of gRPC
_INVALID, _DENIED, _UNAUTHENTICATED = 3, 7, 16

#: (run of a member, method) -> how often this process has called it
CALLED: Counter[tuple[str, str]] = Counter()


class EtcdSession(JsonApi):
    """One look at one member.

    User and password are those of the address: ``http://user:password@host:2379``.
    """

    def __init__(self, located: Located, limits: Limits) -> None:
        super().__init__(located, limits, lambda user, password: {})
        # other members are answered less than clients, but are told the version
        self._endpoint = "url" if "url" in located.endpoints else "peer"
        address = located.endpoints.get(self._endpoint, "")
        self.url, _, self.password = self._address(address)
        self._user = unquote(urlsplit(address).username or "")
        self._token = ""

    def version(self) -> str:
        """The member's own. Raises Unobservable, wrong-product unless it is etcd's."""
        answer = self.get("/version", self._endpoint)
        if answer.status != 200:
            raise refused(answer, "GET /version", Reason.WRONG_PRODUCT)
        try:
            told = answer.decoded("GET /version")
        except Unobservable:
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("etcdserver"), str):
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered /version is not etcd")
        return str(told["etcdserver"])

    def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one call of the gateway (``kv/range``). Raises Unobservable."""
        what = f"POST {self._gateway()}/{path}"
        self.ways.append(what)
        headers = {"Authorization": self._bearer()} if self._user else {}
        answer = self._fetch(Request("POST", f"{self.url}{self._gateway()}/{path}", headers, dict(body)))
        if answer.status != 200:
            raise refused(answer, what)
        told = answer.decoded(what)
        if isinstance(told, dict):
            told = told.get("result", told)  # of a call that may answer more than once
        if not isinstance(told, dict) or not isinstance(told.get("header"), dict):
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: the answer has no header")
        return told

    def status(self) -> dict[str, Any]:
        """The member's word on itself."""
        return self.call("maintenance/status", {})

    def metrics(self) -> str | None:
        """Everything counted since the member began; None where it does not show that to clients."""
        self.forget("/metrics", self._endpoint)
        answer = self.get("/metrics", self._endpoint)
        return answer.text if answer.status == 200 and "process_start_time" in answer.text else None

    def _gateway(self) -> str:
        found = _VERSION.match(self.version())
        release = (int(found[1]), int(found[2])) if found else (0, 0)
        if release < (3, 2):
            raise Unobservable(Reason.UNSUPPORTED_VERSION, f"etcd {self.version()} has no JSON gateway (3.2+)")
        return {(3, 2): "/v3alpha", (3, 3): "/v3beta"}.get(release, "/v3")

    def _bearer(self) -> str:
        """A token, asked for once a look."""
        if not self._token:
            what = f"POST {self._gateway()}/auth/authenticate"
            self.ways.append(what)
            who = {"name": self._user, "password": self.password}
            answer = self._fetch(Request("POST", f"{self.url}{self._gateway()}/auth/authenticate", json=who))
            if answer.status != 200:
                said = without(answer.text[:200], self.password)
                raise Unobservable(Reason.FORBIDDEN, f"{what}: {answer.status} {said}".rstrip())
            told = answer.decoded(what)
            self._token = str(told.get("token", "")) if isinstance(told, dict) else ""
            if not self._token:
                raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: no token came back")
        return self._token


def refused(answer: Response, what: str, otherwise: Reason = Reason.PROTOCOL_ERROR) -> Unobservable:
    """What an answer other than 200 to ``what`` means."""
    said = f"{what}: {answer.status} {without(answer.text[:200])}".rstrip()
    try:
        told = answer.decoded(what)
    except Unobservable:
        told = {}
    code = told.get("code") if isinstance(told, dict) else None
    nameless = code == _INVALID and b"user name is empty" in answer.body
    if answer.status in (401, 403) or code in (_DENIED, _UNAUTHENTICATED) or nameless:
        return Unobservable(Reason.FORBIDDEN, said)
    if 300 <= answer.status < 400:
        return Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
    if answer.status >= 500:
        return Unobservable(Reason.PROTOCOL_ERROR, said)
    return Unobservable(otherwise, said)


def started_at(metrics: str | None) -> float | None:
    """When the member's process started, seconds since the epoch, by its metrics."""
    found = _STARTED.search(metrics or "")
    return float(found[1]) if found else None


def identify(session: EtcdSession, member: str, metrics: str | None) -> str:
    """Name the run of the member that answers; say what the name is made of ("" = unknown)."""
    own, started = _local.serving_process(session.located), started_at(metrics)
    if started is not None:
        session.identity = f"{member}:{started:.2f}"
        return "member id and process start"
    if own is not None:
        session.identity = f"{member}:{_local.boot(own)}"
        return "member id, pid and its start"
    return ""


def key(text: str) -> str:
    """A key or value as the gateway takes it."""
    return base64.b64encode(text.encode()).decode()


def plain(coded: object) -> str:
    """The inverse of :func:`key`; "" for what is no text."""
    try:
        return base64.b64decode(str(coded), validate=True).decode()
    except ValueError:
        return ""
