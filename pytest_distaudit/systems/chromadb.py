"""ChromaDB over its v2 HTTP API: presence, health, collections and what they hold.

Queries leave no trace in it: it counts no requests. What can be seen is what is stored.
"""

from __future__ import annotations

import hashlib
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
from pytest_distaudit.systems._json_api import JsonApi, basic_or_bearer, json_of
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._nonces import PATTERN, nonces_in

_PRODUCT = "ChromaDB"
_BEAT = "nanosecond heartbeat"
_TENANT, _DATABASE = "default_tenant", "default_database"
#: collections that are listed, and looked into one by one; records that are read of one
_MOST_LISTED, _MOST_COLLECTIONS, _MOST_RECORDS = 1000, 30, 200
#: numbers of vectors that are read to know whether anything changed
_MOST_NUMBERS = 50_000
_UNSEEN = "queries, changes of what is stored and removals: it counts no requests; what other databases hold"


class ChromaSession(JsonApi):
    """One look at one server.

    Since 1.0 it knows no login of its own. An address with a password alone bears it as older servers wanted it and
    as a proxy before a newer one does; one with a user, too, as basic authentication.
    """

    def __init__(self, located: Located, limits: Limits) -> None:
        super().__init__(located, limits, _login)


def _login(user: str, password: str) -> Mapping[str, str]:
    own = {"X-Chroma-Token": password} if password and not user else {}
    return {**basic_or_bearer(user, password), **own}


# --- presence


def presence(session: ChromaSession, ask: Ask) -> Presence:
    """A heartbeat that beats; an old server has it under v1 only, and is there all the same."""
    for version in ("v2", "v1"):
        answer = session.get(f"/api/{version}/heartbeat")
        if answer.status == 200 and _beat(answer) is not None:
            _beating(session, f"/api/{version}/heartbeat", answer)
            session.identify()
            return _present(session, version)
        if answer.status not in (404, 405):
            break
    raise session.stranger(answer, "the heartbeat", _PRODUCT)


def _beat(answer: Response) -> int | None:
    told = json_of(answer)
    beat = told.get(_BEAT) if isinstance(told, dict) else None
    return beat if isinstance(beat, int) else None


def _beating(session: ChromaSession, path: str, first: Response) -> None:
    """Raise wrong-product where the heartbeat stands still: that is a recorded answer."""
    second = _beat(session.get(f"{path}?again"))
    if second is None or second <= (_beat(first) or 0):
        raise Unobservable(Reason.WRONG_PRODUCT, f"what answered is not {_PRODUCT}: its heartbeat stands still")


def _present(session: ChromaSession, version: str) -> Presence:
    told = session.get(f"/api/{version}/version")
    number = json_of(told) if told.status == 200 else ""
    known = told.status != 401 and (version == "v1" or session.get("/api/v2/auth/identity").status != 401)
    return Presence(up=True, product=_PRODUCT, version=number if isinstance(number, str) else "", authenticated=known)


def process(session: ChromaSession, ask: Ask) -> ServerProcess:
    """Which process answers; the server itself does not say."""
    if not session.identify():
        raise Unobservable(Reason.NO_OBSERVABLE, f"{_PRODUCT} does not tell its process, and it is not on this host")
    return _local.server(session.located, session.identity, "pid and its start")


def health(session: ChromaSession, ask: Ask) -> Health:
    """The server's word on its own parts."""
    _speaks_v2(session)
    answer = session.get("/api/v2/healthcheck")
    if answer.status == 404:
        raise Unobservable(Reason.NO_OBSERVABLE, "this version has no /api/v2/healthcheck")
    told = json_of(answer)
    if answer.status not in (200, 503) or not isinstance(told, dict):
        raise session.refused(answer, "GET /api/v2/healthcheck")
    session.identify()
    parts = tuple(HealthPart(str(name), bool(good)) for name, good in told.items() if isinstance(good, bool))
    broken = [part.name for part in parts if not part.healthy]
    detail = f"{', '.join(broken)} is false" if broken else "" if answer.status == 200 else f"{answer.status}"
    return Health(not broken and answer.status == 200, detail, parts, way="GET /api/v2/healthcheck")


def _speaks_v2(session: ChromaSession) -> None:
    """Raise unsupported-version where the server is one of those before 0.6."""
    if session.get("/api/v2/heartbeat").status in (404, 405) and _beat(session.get("/api/v1/heartbeat")) is not None:
        raise Unobservable(
            Reason.UNSUPPORTED_VERSION, f"this {_PRODUCT} speaks only its API v1; v2 (since 0.6) is wanted"
        )


# --- what is stored


def collection(session: ChromaSession, ask: Ask) -> Collection:
    """A collection by its name, in the named database or the product's own default one."""
    _speaks_v2(session)
    name = ask.arg("name")
    tenant, database = ask.arg("tenant", _TENANT), ask.arg("database", _DATABASE)
    base, place = _base(tenant, database), f"{tenant}/{database}"
    session.identify()
    # lists of a database that is not there are empty, not refused
    if _absent(session, base):
        return Collection(name, exists=False, place=place, fault=f"there is no database {database} of tenant {tenant}")
    path = f"{base}/collections/{quote(name, safe='')}"
    others = tuple(sorted(one for one in map(_named, _listed(session, base)) if one != name))
    if _absent(session, path):
        return Collection(name, exists=False, place=place, others=others)
    found = session.read(path)
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise Unobservable(Reason.PROTOCOL_ERROR, f"GET {path}: no collection with an id")
    dimension = found.get("dimension")
    inside = _Inside(session, f"{base}/collections/{found['id']}", dimension if isinstance(dimension, int) else 0)
    return Collection(
        name=name,
        exists=True,
        place=place,
        others=others,
        records=inside.records,
        dimensions=(dimension,) if isinstance(dimension, int) else (),
        nonces=inside.nonces,
        digest=inside.digest,
    )


def _base(tenant: str, database: str) -> str:
    return f"/api/v2/tenants/{quote(tenant, safe='')}/databases/{quote(database, safe='')}"


def _absent(session: ChromaSession, path: str) -> bool:
    """Whether the server itself says that there is no such thing: a proxy's 404 says nothing."""
    answer = session.get(path)
    told = json_of(answer) if answer.status == 404 else None
    return isinstance(told, dict) and told.get("error") == "NotFoundError"


def _listed(session: ChromaSession, base: str) -> list[Any]:
    listed = session.read(f"{base}/collections?limit={_MOST_LISTED}")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Unobservable(Reason.PROTOCOL_ERROR, f"GET {base}/collections: no list of collections")
    return listed


def _named(one: Mapping[str, Any]) -> str:
    return str(one.get("name", ""))


class _Inside:
    """What a collection holds: how many records, and what can be read of the newest.

    Of a small one all is read, vectors too, where ``dimension`` says how long they are.
    """

    def __init__(self, session: ChromaSession, path: str, dimension: int | None = None) -> None:
        self.records = session.read(f"{path}/count")
        if not isinstance(self.records, int) or isinstance(self.records, bool):
            raise Unobservable(Reason.PROTOCOL_ERROR, "GET .../count: no number")
        self.nonces: tuple[str, ...] | None = None
        self.digest = ""
        small = self.records <= _MOST_RECORDS and dimension is not None
        whole = small and self.records * (dimension or 0) <= _MOST_NUMBERS
        body = {"include": ["documents", "metadatas", *(["embeddings"] if whole else [])], "limit": _MOST_RECORDS}
        newest = _got(session, path, {**body, "offset": max(0, self.records - _MOST_RECORDS)})
        if newest is None:
            return
        self.nonces = nonces_in([newest.text])
        if whole:
            self.digest = hashlib.sha256(newest.body).hexdigest()
        if self.records <= _MOST_RECORDS:
            return
        # an older record may have been written again; versions that know no patterns turn this away
        marked = _got(session, path, {**body, "where_document": {"$regex": PATTERN}})
        self.nonces = nonces_in([newest.text, marked.text if marked else ""])


def _got(session: ChromaSession, path: str, body: Mapping[str, Any]) -> Response | None:
    """Records; None where they are too many bytes or may not be read."""
    try:
        answer = session.post(f"{path}/get", body)
    except Unobservable as error:
        if error.reason is not Reason.TOO_LARGE:
            raise
        return None
    return answer if answer.status == 200 else None


# --- what was done for others


def work(session: ChromaSession, ask: Ask) -> Work:
    """Records in the default database: nothing else grows with use."""
    _speaks_v2(session)
    session.identify()
    base = _base(_TENANT, _DATABASE)
    listed = _listed(session, base)
    if len(listed) > _MOST_COLLECTIONS:
        because = f"{len(listed)} collections; {_MOST_COLLECTIONS} are looked into"
        raise Unobservable(Reason.TOO_LARGE, because)
    inside = [_Inside(session, f"{base}/collections/{quote(str(one.get('id', '')), safe='')}") for one in listed]
    read = [one.nonces for one in inside if one.nonces is not None]
    return Work(
        counts={"records": sum(one.records for one in inside)},
        nonces=tuple(sorted({nonce for each in read for nonce in each})) if len(read) == len(inside) else None,
        # where no collection is, there is nothing to ask for
        unseen=_UNSEEN if listed else "",
        way="records and their newest contents",
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
    name="chromadb", endpoints={"url": ("http", "https")}, connect=ChromaSession, answers=_ANSWERS, only_answers=True
)
