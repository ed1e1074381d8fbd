"""Sessions with HAProxy: its statistics over HTTP, or everything over its runtime socket."""

from __future__ import annotations

import csv
import io
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import unobservable
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._wire import bare
from pytest_distaudit.systems.http_fetch import HttpFetch

_FIRST = "# pxname,svname,"
#: what a row must have before anything is concluded from it; ``intercepted`` came with 1.8
_COLUMNS = {"pxname", "svname", "type", "status", "stot", "req_tot", "intercepted", "hrsp_2xx", "hrsp_other"}
_PAGE = re.compile(r"Statistics Report for pid (\d+)")
_VERSION = re.compile(r"HAProxy version ([\w.+~-]+)")
_UPTIME = re.compile(r"<b>uptime = </b>\s*(\d+)d (\d+)h(\d+)m(\d+)s")


@dataclass(frozen=True, slots=True)
class About:
    """The server's word on itself: ``pid`` in its own namespace, ``started_at`` seconds since the epoch."""

    pid: str
    version: str = ""
    started_at: float | None = None


class HaproxySession:
    """One look at one server; the statistics are read once."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        self._fetch = HttpFetch(limits)
        self._socket = urlsplit(located.endpoints.get("socket", "")).path
        self._stats = located.endpoints.get("stats", "").rstrip("/")

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    @property
    def by_socket(self) -> bool:
        """Whether it is asked over its runtime socket, which leaves nothing out."""
        return bool(self._socket)

    def through(self, path: str) -> Response:
        """GET ``path`` by way of the gateway. Raises Unobservable."""
        if "url" not in self.located.endpoints:
            because = f'{self.located.system} declares no "url", the address at which it takes requests'
            raise Unobservable(Reason.NO_OBSERVABLE, because)
        self.ways.append("GET of a path that cannot exist")
        return self._fetch(Request("GET", self.located.endpoints["url"].rstrip("/") + path))

    @cached_property
    def about(self) -> About:
        """The running process. Raises Unobservable; wrong-product unless it says what only HAProxy says."""
        about = self._told() if self._socket else self._shown()
        seen = _local.boots(self.located, descendants=False)  # of a worker HAProxy itself tells the number
        self.identity = f"{about.pid}@{seen}" if seen else about.pid
        return about

    def rows(self) -> list[Mapping[str, str]]:
        """The statistics, as they are now: one row per frontend, backend, server and listener."""
        _ = self.about
        text = self.command("show stat") if self._socket else self._page(";csv").text
        if not text.startswith(_FIRST):
            raise Unobservable(Reason.WRONG_PRODUCT, f"what came is not HAProxy's statistics: {text[:20]!r}")
        rows: list[Mapping[str, str]] = list(csv.DictReader(io.StringIO(text.removeprefix("# "))))
        if not rows or not set(rows[0]) >= _COLUMNS:
            lacking = ", ".join(sorted(_COLUMNS - set(rows[0] if rows else ())))
            raise Unobservable(Reason.UNSUPPORTED_VERSION, f"the statistics have no {lacking or 'rows'}")
        if any(row["status"] is None or row["hrsp_other"] is None for row in rows):
            raise Unobservable(Reason.PROTOCOL_ERROR, "the statistics break off in the middle of a row")
        return rows

    def addresses(self) -> Mapping[tuple[str, str], str]:
        """(backend, server) -> host:port, as the runtime socket tells; over HTTP the statistics may hold them."""
        if not self._socket:
            return {}
        found: dict[tuple[str, str], str] = {}
        lines = self.command("show servers state").splitlines()
        names = next((line.lstrip("# ").split() for line in lines if line.startswith("# be_id")), [])
        if not {"be_name", "srv_name", "srv_addr", "srv_port"} <= set(names):
            return {}  # the socket's level is too low for it
        for line in lines:
            row = dict(zip(names, line.split(), strict=False))
            if not line.startswith("#") and len(row) == len(names):
                found[row["be_name"], row["srv_name"]] = f"{row['srv_addr']}:{row['srv_port']}"
        return found

    def command(self, words: str) -> str:
        """The answer to one command on the runtime socket. Raises Unobservable."""
        self.ways.append(words)
        deadline, got = time.monotonic() + self.limits.ask_s, bytearray()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self.limits.connect_s)
                connection.connect(self._socket)
                connection.sendall(f"{words}\n".encode())
                while True:
                    connection.settimeout(max(0.001, deadline - time.monotonic()))
                    chunk = connection.recv(65536)
                    if not chunk:
                        break
                    got += chunk
                    if len(got) > self.limits.body_bytes:
                        raise Unobservable(Reason.TOO_LARGE, f"{words}: more than {self.limits.body_bytes} bytes")
        except FileNotFoundError:
            raise Unobservable(Reason.NOT_REACHABLE, f"there is no socket {self._socket}") from None
        except OSError as error:
            raise unobservable(error, words) from error
        text = got.decode("utf-8", "replace")
        if "Permission denied" in text[:200]:
            raise Unobservable(Reason.FORBIDDEN, f"{words}: the socket's level is too low; it needs level operator")
        return text

    def _told(self) -> About:
        told = dict(line.partition(": ")[::2] for line in self.command("show info").splitlines())
        if told.get("Name") != "HAProxy" or not told.get("Pid"):
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered 'show info' is not HAProxy")
        uptime = told.get("Uptime_sec", "")
        started = time.time() - int(uptime) if uptime.isdecimal() else None
        return About(told["Pid"], told.get("Version", ""), started)

    def _shown(self) -> About:
        """By the page for people: the statistics themselves do not tell the process."""
        if not self._stats:
            if "url" in self.located.endpoints:
                self._fetch(Request("GET", self.located.endpoints["url"]))  # nobody there is nobody there
            because = f"{self.located.system} declares neither stats nor socket: HAProxy tells of itself only there"
            raise Unobservable(Reason.NO_OBSERVABLE, f'{because}; declare endpoints.stats = "http://HOST:PORT/URI"')
        text = self._page("").text
        found, version, uptime = _PAGE.search(text), _VERSION.search(text), _UPTIME.search(text)
        if found is None:
            where = bare(self._stats)
            raise Unobservable(Reason.WRONG_PRODUCT, f"what answered at {where} is not HAProxy's statistics page")
        started = None
        if uptime:
            days, hours, minutes, seconds = map(int, uptime.groups())
            started = time.time() - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)
        return About(found[1], version[1] if version else "", started)

    def _page(self, suffix: str) -> Response:
        what = f"GET {urlsplit(self._stats).path or '/'}{suffix}"
        self.ways.append(what)
        answer = self._fetch(Request("GET", _joined(self._stats, suffix)))
        if answer.status == 200:
            return answer
        if answer.status in (401, 403):
            raise Unobservable(Reason.FORBIDDEN, f"{what}: {answer.status}; it needs the user of 'stats auth'")
        if 300 <= answer.status < 400:
            raise Unobservable(Reason.REDIRECTED, f"{what}: {answer.status}, redirected elsewhere")
        if answer.status == 503 or answer.status < 500:
            raise Unobservable(Reason.WRONG_PRODUCT, f"{what}: {answer.status}, no statistics of HAProxy are there")
        raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: {answer.status}")


def _joined(url: str, suffix: str) -> str:
    return f"{url}/{suffix}" if not urlsplit(url).path else url + suffix
