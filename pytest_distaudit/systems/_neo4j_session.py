"""Sessions with a Neo4j server over HTTP: statements in read mode, each in a transaction of its own."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch

SYSTEM = "system"
NOT_FOUND = "Neo.ClientError.Database.DatabaseNotFound"
_SECURITY = "Neo.ClientError.Security."
_UNAVAILABLE = ("Neo.TransientError.", "Neo.DatabaseError.")
_TOO_LONG = "TransactionTimedOut"
#: the beginning of the root document of 3.5 and older
_OLD = {"data", "management"}


class Failed(Unobservable):
    """The server refused a statement; ``code`` is its own word."""

    def __init__(self, reason: Reason, detail: str, code: str) -> None:
        super().__init__(reason, detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Table:
    """An answer: rows by column, and how many transactions the database had committed by then (None: not told)."""

    rows: tuple[Mapping[str, Any], ...]
    committed: int | None

    @property
    def value(self) -> Any:
        """The only value of an answer of one row and column."""
        if len(self.rows) != 1 or len(self.rows[0]) != 1:
            raise Unobservable(Reason.PROTOCOL_ERROR, "a statement with one value was answered with several, or none")
        return next(iter(self.rows[0].values()))

    def number(self) -> int:
        """The only value, a count. Raises protocol-error."""
        found = self.value
        if not isinstance(found, int):
            raise Unobservable(Reason.PROTOCOL_ERROR, "a count was answered with something else")
        return found


class Neo4jSession:
    """One look at one server; what it answered is remembered for the look's length."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        if "url" not in located.endpoints:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{located.system} declares no "url" endpoint, the HTTP API')
        parts = urlsplit(located.endpoints["url"])
        self._login = (unquote(parts.username or ""), unquote(parts.password or "")) if parts.username else None
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="")).rstrip("/")
        self._fetch = HttpFetch(limits)

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    @cached_property
    def root(self) -> Mapping[str, Any]:
        """The server's root document, which it shows to everybody. Raises wrong-product, unsupported-version."""
        self.ways.append("GET /")
        answer = self._fetch(Request("GET", f"{self._url}/", {"Accept": "application/json"}))
        if 300 <= answer.status < 400:
            raise Unobservable(Reason.REDIRECTED, f"GET /: {answer.status}, redirected elsewhere")
        if answer.status in (401, 403):
            raise Unobservable(Reason.FORBIDDEN, f"GET /: {answer.status}; who answers shows no root document")
        try:
            told = answer.decoded("GET /") if answer.status == 200 else None
        except Unobservable:
            told = None
        if isinstance(told, dict) and set(told) >= _OLD and "neo4j_version" not in told:
            raise Unobservable(Reason.UNSUPPORTED_VERSION, "the server is older than Neo4j 4.0")
        if not isinstance(told, dict) or not isinstance(told.get("neo4j_version"), str):
            heard = f"{answer.status} {without(answer.text[:60], self._password)}"
            raise Unobservable(Reason.WRONG_PRODUCT, f"what answered GET / is not Neo4j: {heard}")
        return told

    def read(self, statement: str, database: str) -> Table:
        """What the statement finds, in read mode: the server itself refuses to write. Raises Failed, Unobservable."""
        _ = self.root
        self.ways.append(f"{database}: {statement}")
        newer = "transaction" not in self.root
        path = f"/db/{quote(database, safe='')}/" + ("query/v2" if newer else "tx/commit")
        body: Any = (
            {"statement": statement, "accessMode": "READ"} if newer else {"statements": [{"statement": statement}]}
        )
        headers = {"Accept": "application/json", "access-mode": "READ"}
        headers["max-execution-time"] = str(int(self.limits.ask_s * 1000))
        answer = self._fetch(Request("POST", self._url + path, headers, body, self._login))
        return self._table(answer, statement)

    def _table(self, answer: Response, statement: str) -> Table:
        if 300 <= answer.status < 400:
            raise Unobservable(Reason.REDIRECTED, f"{statement}: {answer.status}, redirected elsewhere")
        if answer.status == 403:
            raise Failed(Reason.FORBIDDEN, f"{statement}: 403", "")
        told = answer.decoded(statement)
        if not isinstance(told, dict):
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{statement}: the answer is no object")
        for error in told.get("errors") or ():
            raise self._failed(error, statement)
        if answer.status >= 300:
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{statement}: {answer.status}")
        try:
            if "data" in told:
                columns, rows = told["data"]["fields"], told["data"]["values"]
            else:
                (result,) = told["results"]
                columns, rows = result["columns"], [one["row"] for one in result["data"]]
            found = tuple(dict(zip(columns, row, strict=True)) for row in rows)
        except (KeyError, TypeError, ValueError) as error:
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{statement}: the answer is cut short") from error
        return Table(found, committed(told.get("lastBookmarks") or told.get("bookmarks") or ()))

    def _failed(self, error: Any, statement: str) -> Failed:
        code, words = (str(error.get(key, "")) for key in ("code", "message")) if isinstance(error, dict) else ("", "")
        said = f"{statement}: {code} {without(words, self._password)}"
        if code.startswith(_SECURITY):
            return Failed(Reason.FORBIDDEN, said, code)
        if _TOO_LONG in code:
            return Failed(Reason.TIMED_OUT, said, code)
        return Failed(Reason.NO_OBSERVABLE if code.startswith(_UNAVAILABLE) else Reason.PROTOCOL_ERROR, said, code)

    @property
    def _password(self) -> str | None:
        return self._login[1] if self._login else None

    def identify(self) -> str:
        """Name the run of the server that answers; say what the name is made of ("" = unknown)."""
        own = _local.serving_process(self.located)
        if own is not None:
            self.identity = _local.boot(own)
            return "pid and its start"
        started = self.started_at()
        self.identity = f"{started:.3f}" if started else ""
        return "start of its virtual machine" if started else ""

    def started_at(self) -> float | None:
        """When its virtual machine started, seconds since the epoch; None where the audit's user may not ask."""
        ask = 'CALL dbms.queryJmx("java.lang:type=Runtime") YIELD attributes RETURN attributes.StartTime.value AS at'
        try:
            return self.read(ask, SYSTEM).number() / 1000
        except Unobservable:
            return None


def committed(bookmarks: Sequence[Any]) -> int | None:
    """The transaction that a bookmark stands for: a list in PackStream, of which the last number counts."""
    for bookmark in bookmarks:
        try:
            data = b64decode(str(bookmark).removeprefix("FB:"), validate=True)
        except ValueError:
            continue
        # a list of one (0x91), 16 bytes (0xcc 0x10) that name the database, the number, an empty list (0x90)
        if data[:3] == b"\x91\xcc\x10" and data[-1:] == b"\x90":
            return _packed(data[19:-1])
    return None


_WIDTHS = {0xC8: 1, 0xC9: 2, 0xCA: 4, 0xCB: 8}


def _packed(data: bytes) -> int | None:
    """An integer in PackStream."""
    if len(data) == 1 and data[0] < 0x80:
        return data[0]
    if data and _WIDTHS.get(data[0]) == len(data) - 1:
        return int.from_bytes(data[1:], "big", signed=True)
    return None
