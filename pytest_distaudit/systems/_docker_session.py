"""Sessions with a Docker engine, or one that answers its API (Podman): GET alone, over TCP or a Unix socket."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch

#: versions of the API whose answers are read here; the newest that the engine knows too is spoken
_OLDEST, _NEWEST = (1, 24), (1, 52)
_CUSTOMARY_PORT = 2375
_ENGINES = {"dockerd", "podman"}
_TLS_WANTED = "HTTP request to an HTTPS server"


class DockerSession:
    """One look at one engine; what it answered is remembered for its length. ``get`` may run in several threads."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        url = located.endpoints["url"]
        parts = urlsplit(url)
        #: the path of the engine's Unix socket, None where it is reached over TCP
        self.socket = parts.path if parts.scheme == "unix" else None
        #: where the engine's published ports can be dialled, "" where that is not known
        self.host = "" if self.socket else address(url)[0]
        self._base = _base(url)
        self._fetch = HttpFetch(limits, self.socket)
        self._answers: dict[str, Response] = {}

    def close(self) -> None:
        """Nothing is kept open."""
        self._fetch.close()

    def version(self) -> Mapping[str, Any]:
        """The engine's account of itself, known to be an engine's. Raises Unobservable."""
        seen = self._read("/version")
        if not isinstance(seen, dict) or not isinstance(seen.get("ApiVersion"), str):
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered GET /version is no container engine")
        return seen

    def get(self, path: str) -> Response:
        """GET ``path`` of the version of the API that both sides know, whatever the status."""
        return self._get(f"/v{self._api()}{path}")

    def read(self, path: str) -> Any:
        """GET ``path`` as JSON. Raises forbidden, protocol-error and such unless it is a 200."""
        return self._read(f"/v{self._api()}{path}")

    def info(self) -> Mapping[str, Any]:
        """The engine's state as a whole."""
        seen = self.read("/info")
        if not isinstance(seen, dict) or not seen.get("ID"):
            raise Unobservable(Reason.PROTOCOL_ERROR, "GET /info does not tell the engine's id")
        return seen

    def engine_run(self) -> str:
        """The run of the engine behind a Unix socket of this machine; "" if that cannot be seen."""
        import psutil

        if self.socket is None:
            return ""
        try:
            with socket.socket(socket.AF_UNIX) as wire:
                wire.settimeout(self.limits.connect_s)
                wire.connect(self.socket)
                peer = wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            process = psutil.Process(struct.unpack("3i", peer)[0])
            return _local.boot(process) if process.name() in _ENGINES else ""
        except (OSError, AttributeError, ValueError, psutil.Error):
            return ""

    def _api(self) -> str:
        seen = self.version()
        newest, oldest = _number(seen["ApiVersion"]), _number(seen.get("MinAPIVersion") or seen["ApiVersion"])
        if newest < _OLDEST or oldest > _NEWEST:
            because = f"the engine speaks API {seen['ApiVersion']}; 1.24 to 1.52 can be read"
            raise Unobservable(Reason.UNSUPPORTED_VERSION, without(because))
        return ".".join(map(str, min(newest, _NEWEST)))

    def _get(self, path: str) -> Response:
        if path not in self._answers:
            self.ways.append(f"GET {path.partition('?')[0]}")
            self._answers[path] = self._fetch(Request("GET", self._base + path))
        return self._answers[path]

    def _read(self, path: str) -> Any:
        answer, what = self._get(path), f"GET {path.partition('?')[0]}"
        if answer.status == 200:
            return answer.decoded(what)
        raise refused(answer, what)


def refused(answer: Response, what: str) -> Unobservable:
    """Why an answer that is no 200 says nothing."""
    said = without(answer.text)
    if _TLS_WANTED in said:
        return Unobservable(Reason.PROTOCOL_ERROR, f"{what}: the engine speaks TLS there; write https:// for it")
    if answer.status in (401, 403, 407):
        return Unobservable(Reason.FORBIDDEN, f"{what} answers {answer.status}: {said}")
    if 300 <= answer.status < 400:
        return Unobservable(Reason.REDIRECTED, f"{what} answers {answer.status}")
    if answer.status == 404 and what == "GET /version":
        return Unobservable(Reason.WRONG_PRODUCT, "what answered GET /version with 404 is no container engine")
    return Unobservable(Reason.PROTOCOL_ERROR, f"{what} answers {answer.status}: {said}")


def _base(url: str) -> str:
    """The address for requests: Docker's own scheme ``tcp`` is plain HTTP."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return "http://localhost"
    if parts.scheme != "tcp":
        return url.rstrip("/")
    port = "" if parts.port else f":{_CUSTOMARY_PORT}"
    return f"http://{parts.netloc}{port}"


def _number(version: str) -> tuple[int, int]:
    """1.41 as (1, 41); what is no version as (0, 0)."""
    match = re.match(r"(\d+)\.(\d+)", str(version))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def moment(text: object) -> float | None:
    """The engine's time as seconds since the epoch; its year 1 means never."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if found.year <= 1 or found.tzinfo is None else found.timestamp()
