"""Sessions with a Docker engine, or one that answers its API (Podman): TCP, a Unix socket, or inside a container."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.located import Located, address
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._docker_stream import Stream, Wiring, handed_over
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch

if TYPE_CHECKING:
    from httpcore import ConnectionPool

#: versions of the API whose answers are read here; the newest that the engine knows too is spoken
_OLDEST, _NEWEST = (1, 24), (1, 52)
_CUSTOMARY_PORT, _SERVICE = 2375, "com.docker.compose.service"
_ENGINES = {"dockerd", "podman"}
_TLS_WANTED = "HTTP request to an HTTPS server"


class DockerSession:
    """One look at one engine; what it answered is remembered for its length. ``get`` may run in several threads."""

    def __init__(self, located: Located, limits: Limits) -> None:
        self.located, self.limits = located, limits
        self.ways: list[str] = []
        self.identity = ""
        #: the session with the engine in whose container this one lives, None where it is reached by an address
        self.outer: DockerSession | None = None
        url = located.endpoints.get("url", "" if located.inside else None)
        if url is None:
            raise Unobservable(Reason.NO_OBSERVABLE, f'{located.system} declares no endpoint "url"')
        if located.inside is not None:
            self.outer = DockerSession(located.inside, limits)
        parts = urlsplit(url)
        #: the path of the engine's Unix socket, None where it is reached over TCP
        self.socket = parts.path if parts.scheme == "unix" else None
        #: where the engine's published ports can be dialled, "" where that is not known
        self.host = "" if self.socket or not url else address(url)[0]
        self._base = _base(url)
        self._fetch = HttpFetch(limits, self.socket, None if url else self._through())
        self._answers: dict[str, Response] = {}

    def close(self) -> None:
        """Nothing is kept open but the way into a container."""
        self._fetch.close()
        if self.outer is not None:
            self.outer.close()

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

    def fresh(self, path: str) -> Response:
        """Like ``get``, asked again each time."""
        return self._fetch(Request("GET", f"{self._base}/v{self._api()}{path}"))

    def post(self, path: str, wanted: Mapping[str, Any]) -> Response:
        """Ask for a program to be run in a container: the one thing that is not only read."""
        self.ways.append(f"POST {path}")
        return self._fetch(Request("POST", f"{self._base}/v{self._api()}{path}", json=dict(wanted)))

    def hijack(self, path: str, wanted: Mapping[str, Any]) -> Stream:
        """The same, and its connection to talk to the program, for as long as two looks last."""
        self.ways.append(f"POST {path}")
        parts = urlsplit(self._base)
        credentials = (unquote(parts.username or ""), unquote(parts.password or "")) if parts.username else None
        kept = self._through() if self.outer is not None and not self.located.endpoints.get("url") else None
        wire = Wiring(self.socket, kept, 2 * self.limits.look_s, self.limits.ask_s)
        url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}/v{self._api()}{path}"
        return handed_over(url, wanted, wire, credentials)

    def container(self, name: str) -> Mapping[str, Any] | None:
        """What the engine says of the container of that name, or of that Compose service; None if there is none."""
        rows = self.read("/containers/json?all=1")
        if not isinstance(rows, list):
            raise Unobservable(Reason.PROTOCOL_ERROR, "GET /containers/json: the answer is no list")
        named = [row for row in rows if f"/{name}" in (row.get("Names") or ())]
        found = named or [row for row in rows if (row.get("Labels") or {}).get(_SERVICE) == name]
        if len(found) > 1:
            because = f"{len(found)} containers are of the Compose service {name}; name one of them"
            raise Unobservable(Reason.AMBIGUOUS_CLAIM, because)
        seen = self.read(f"/containers/{found[0]['Id']}/json") if found else None
        return seen if isinstance(seen, dict) else None

    def absent(self) -> str:
        """Why the container in which this engine lives does not run; "" if it does, or if there is none."""
        return down(self.outer, self.located.container) if self.outer is not None else ""

    def _through(self) -> ConnectionPool | None:
        from pytest_distaudit.systems._docker_nested import through

        return None if self.outer is None else through(self.outer, self.located.container)

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


def down(session: DockerSession, name: str) -> str:
    """Why the container does not run, as far as its engine knows; "" if it does."""
    seen = session.container(name)
    if seen is None:
        return f"its engine has no container {name}"
    state = seen["State"]
    if state.get("Running") and not state.get("Paused") and not state.get("Restarting"):
        return ""
    return f"container {name} is {state.get('Status')} ({state.get('ExitCode')})"


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
    if parts.scheme in ("unix", ""):
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
