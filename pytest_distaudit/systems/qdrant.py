"""Qdrant over its REST API: presence, health, collections and the requests that it counts.

It counts requests for data alone, so that no ask of ours moves its counters: points are never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.collections_ import Collection
from pytest_distaudit.ports.fetch import Response
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._json_api import JsonApi, json_of
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._qdrant_words import Requests, requests_of
from pytest_distaudit.systems._wire import without

_PRODUCT = "Qdrant"
_NOT_SERVING = ("red",)


class QdrantSession(JsonApi):
    """One look at one server. The key is the password of the address: ``http://:KEY@host:6333``."""

    def __init__(self, located: Located, limits: Limits) -> None:
        super().__init__(located, limits, lambda user, password: {"api-key": password} if password else {})

    def result(self, path: str) -> Any:
        """The ``result`` of GET ``path``. Raises Unobservable."""
        told = self.read(path)
        if not isinstance(told, dict) or "result" not in told:
            raise Unobservable(Reason.PROTOCOL_ERROR, f"GET {path}: no result")
        return told["result"]


# --- presence


def presence(session: QdrantSession, ask: Ask) -> Presence:
    """Its own title, which needs no key; then whether the audit's key is taken."""
    answer = session.get("/")
    told = json_of(answer)
    title = str(told.get("title", "")) if isinstance(told, dict) else ""
    if answer.status != 200 or "qdrant" not in title.lower():
        raise session.stranger(answer, "/", _PRODUCT)
    identify(session)
    known = session.get("/collections").status != 401
    return Presence(up=True, product=_PRODUCT, version=str(told.get("version", "")), authenticated=known)


def identify(session: QdrantSession) -> str:
    """Name the run that answers; say what the name is made of ("" = unknown). Its telemetry is the quicker way."""
    told = json_of(session.get("/telemetry"))
    result = told.get("result") if isinstance(told, dict) else None
    app = result.get("app") if isinstance(result, dict) else None
    started = app.get("startup") if isinstance(app, dict) else None
    # versions before do not say when they started, and the id alone may outlive that
    if isinstance(result, dict) and started:
        session.identity = f"{result.get('id')}:{started}"
        return "id and start in its telemetry"
    return session.identify()


def process(session: QdrantSession, ask: Ask) -> ServerProcess:
    """Which run of the server answers."""
    how = identify(session)
    if not how:
        raise Unobservable(Reason.NO_OBSERVABLE, "neither its process nor its telemetry tells which run answers")
    return _local.server(session.located, session.identity, how)


def health(session: QdrantSession, ask: Ask) -> Health:
    """Whether it is ready by its own word: all collections are loaded, and it has caught up with its peers."""
    answer = session.get("/readyz")
    if answer.status == 404:
        raise Unobservable(Reason.NO_OBSERVABLE, "this version has no /readyz")
    if answer.status not in (200, 503):
        raise session.refused(answer, "GET /readyz")
    identify(session)
    ready = answer.status == 200
    detail = "" if ready else without(answer.text[:200], session.password) or "not ready"
    return Health(ready, detail, (HealthPart("ready", ready, detail),), way="GET /readyz")


# --- collections


def collection(session: QdrantSession, ask: Ask) -> Collection:
    """A collection by its name or alias, and the requests for it."""
    if ask.arg("tenant") or ask.arg("database"):
        raise Unobservable(Reason.NO_OBSERVABLE, f"{_PRODUCT} has neither tenants nor databases of collections")
    name, identity = ask.arg("name"), identify(session)
    others, answer = _others(session, name), session.get(f"/collections/{quote(name, safe='')}")
    if answer.status == 404 and _says_error(answer):
        return Collection(name, exists=False, others=others)
    found = session.decoded(answer, "GET /collections/NAME")
    result = found.get("result") if isinstance(found, dict) else None
    if not isinstance(result, dict) or "status" not in result:
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /collections/NAME: no collection with a status")
    counted = _requests(session) if identity else None
    points = result.get("points_count")
    return Collection(
        name=name,
        exists=True,
        others=others,
        fault=_fault(result),
        records=points if isinstance(points, int) else None,
        approximate=True,
        dimensions=_dimensions(result),
        reads=None if counted is None else counted.reads(name),
        writes=None if counted is None else counted.writes(name),
        counts_all=counted is not None and not counted.by_collection,
    )


def _says_error(answer: Response) -> bool:
    """Whether the server itself says that there is no such thing: a proxy's 404 says nothing."""
    told = json_of(answer)
    status = told.get("status") if isinstance(told, dict) else None
    return isinstance(status, dict) and "error" in status


def _others(session: QdrantSession, name: str) -> tuple[str, ...] | None:
    """Collections beside it; None for a key of single collections."""
    try:
        listed = session.result("/collections")["collections"]
        return tuple(sorted(str(one["name"]) for one in listed if one["name"] != name))
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return None
    except (KeyError, TypeError):
        raise Unobservable(Reason.PROTOCOL_ERROR, "GET /collections: no list of collections") from None


def _fault(result: Mapping[str, Any]) -> str:
    if result["status"] not in _NOT_SERVING:
        return ""
    optimizer = result.get("optimizer_status")
    why = optimizer.get("error", "") if isinstance(optimizer, dict) else ""
    return f"status {result['status']} {without(str(why))}".rstrip()


def _dimensions(result: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Of its dense vectors, named or not; a collection of sparse ones has none."""
    try:
        vectors = result["config"]["params"].get("vectors") or {}
        each = [vectors] if "size" in vectors else vectors.values()
        return tuple(int(one["size"]) for one in each)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def _requests(session: QdrantSession) -> Requests | None:
    """What it counted; None where it may not be seen, or another peer may have been asked."""
    if not _alone(session):
        return None
    answer = session.get("/metrics?per_collection=true")
    return requests_of(answer.text) if answer.status == 200 else None


def _alone(session: QdrantSession) -> bool:
    answer = session.get("/cluster")
    if answer.status == 404:
        return True  # before there were clusters
    told = json_of(answer)
    result = told.get("result") if isinstance(told, dict) else None
    if not isinstance(result, dict):
        return False
    return result.get("status") == "disabled" or len(result.get("peers") or ()) == 1


# --- what was done for others

_EMPTY = re.compile(r"^(?:\w+_)?collections_total 0$", re.MULTILINE)


def work(session: QdrantSession, ask: Ask) -> Work:
    """Requests for data that succeeded, by their sort."""
    identify(session)
    answer = session.get("/metrics?per_collection=true")
    if answer.status != 200:
        raise session.refused(answer, "GET /metrics")
    others = "" if _alone(session) else "; what its peers were asked"
    # where no collection is, there is nothing to ask for
    unseen = f"requests that fail, and those for collections as a whole{others}"
    return Work(
        counts=requests_of(answer.text).by_sort,
        unseen="" if _EMPTY.search(answer.text) and not others else unseen,
        way="GET /metrics",
    )


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http"}),
    "process": process,
    "collection": collection,
    "work": work,
}

KIND = Kind(
    name="qdrant", endpoints={"url": ("http", "https")}, connect=QdrantSession, answers=_ANSWERS, only_answers=True
)
