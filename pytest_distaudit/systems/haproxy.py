"""HAProxy: presence, health of what it checks, its backends, and what it has passed on.

Rules (which path leads where) are told by no interface of it: they stand in its configuration alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence, ServerProcess
from pytest_distaudit.ports.gateways import Gateway, GatewayBackend, GatewayRefusal, GatewayServer
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.ports.work import Work
from pytest_distaudit.systems import _local
from pytest_distaudit.systems._gateway_doors import KNOCK, knocked_at
from pytest_distaudit.systems._haproxy_session import HaproxySession
from pytest_distaudit.systems._listener import listener_of

Row = Mapping[str, str]

_FRONTEND, _BACKEND, _SERVER = "0", "1", "2"
_ANSWERS_OF = ("hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other")
_UNCHECKED = "no check"
_RULES_UNSEEN = "HAProxy tells no rules at run time: which path leads where stands only in its configuration"
_SCOPED = "the statistics leave proxies out ('stats scope')"
_BODY = 200


# --- presence and health


def presence(session: HaproxySession, ask: Ask) -> Presence:
    """What only HAProxy says of itself; being turned away from its statistics is no sign of it."""
    about = session.about
    return Presence(up=True, product="HAProxy", version=about.version, started_at=about.started_at)


def process(session: HaproxySession, ask: Ask) -> ServerProcess:
    """Which process answers: by its number, and where it runs here by its start too."""
    pid = session.about.pid
    return _local.server(session.located, session.identity, f"pid {pid}")


def health(session: HaproxySession, ask: Ask) -> Health:
    """HAProxy's own checks, a part each; a server that nothing checks is left out."""
    rows = session.rows()
    parts = [
        HealthPart(f"{row['pxname']}/{row['svname']}", row["status"] == "OPEN", row["status"])
        for row in rows
        if row["type"] == _FRONTEND
    ]
    for row in rows:
        healthy = _healthy(row)
        if row["type"] == _SERVER and healthy is not None:
            words = " ".join(filter(None, (row["status"], row.get("check_status", ""), row.get("last_chk", ""))))
            parts.append(HealthPart(f"{row['pxname']}/{row['svname']}", healthy, words[:_BODY]))
    broken = [f"{part.name} {part.detail}" for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=tuple(parts), way="statistics")


def _healthy(row: Row) -> bool | None:
    """None: nothing checks the server. On its way up or down it takes requests, drained it does not."""
    status = row["status"]
    return None if status == _UNCHECKED else status.startswith(("UP", "NOLB"))


# --- what it passes on


def gateway(session: HaproxySession, ask: Ask) -> Gateway:
    """Backends with servers, and counters of requests. Statistics pages and fixed answers are the gateway's own."""
    rows, places = session.rows(), session.addresses()
    frontends = [row for row in rows if row["type"] == _FRONTEND]
    whole = _whole(session, rows)
    seen = Gateway(
        routes=None,
        backends=tuple(_backends(rows, places)) if whole else None,
        taken_in=sum(_taken_in(row) for row in frontends) if whole else None,
        own_answers=sum(int(row["intercepted"] or 0) for row in frontends if _http(row)),
        cached=max(_cached(rows, _FRONTEND), _cached(rows, _BACKEND)),
        unseen=_RULES_UNSEEN if whole else _SCOPED,
    )
    return knocked_at(session.located, session.limits, seen) if ask.arg(KNOCK) else seen


def _whole(session: HaproxySession, rows: Sequence[Row]) -> bool:
    """Whether nothing is left out, as far as can be told: the audit's own requests came in by a proxy that is shown."""
    return session.by_socket or any(row["type"] == _FRONTEND and int(row["intercepted"] or 0) for row in rows)


def _backends(rows: Sequence[Row], places: Mapping[tuple[str, str], str]) -> Iterator[GatewayBackend]:
    listening = {row["pxname"] for row in rows if row["type"] == _FRONTEND}
    peopled = {row["pxname"] for row in rows if row["type"] == _SERVER}
    for row in rows:
        name = row["pxname"]
        # a page of statistics is frontend and backend in one, and leads nowhere
        if row["type"] == _BACKEND and not (name in listening and name not in peopled):
            servers = tuple(
                GatewayServer(
                    name=one["svname"],
                    address=places.get((name, one["svname"])) or one.get("addr") or "",
                    healthy=_healthy(one),
                    state=one["status"],
                    answered=_answered(one),
                )
                for one in rows
                if one["type"] == _SERVER and one["pxname"] == name
            )
            yield GatewayBackend(name, servers, sum(one.answered or 0 for one in servers))


def _http(row: Row) -> bool:
    return row.get("mode", "http") != "tcp"


def _taken_in(row: Row) -> int:
    """Requests of a frontend that were not for HAProxy itself; connections where it does not read requests."""
    return int(row["req_tot"] or 0) - int(row["intercepted"] or 0) if _http(row) else int(row["stot"] or 0)


def _cached(rows: Sequence[Row], sort: str) -> int:
    """A rule of a frontend is counted there, one of a backend may be counted at both."""
    return sum(int(row.get("cache_hits") or 0) for row in rows if row["type"] == sort)


def _answered(row: Row) -> int:
    """Answers that came from the server; where they are not read, connections that it accepted."""
    if _http(row):
        return sum(int(row.get(name) or 0) for name in _ANSWERS_OF)
    return int(row["stot"] or 0) - int(row.get("econ") or 0) - int(row.get("wretr") or 0)


def refusal(session: HaproxySession, ask: Ask) -> GatewayRefusal:
    """A path that cannot exist, and whether a server was asked for it, by the counters around it."""
    before = _passed(session.rows())
    answer = session.through(f"/distaudit-{secrets.token_hex(16)}")
    after = _passed(session.rows())
    return GatewayRefusal(answer.status, own=after == before, body=answer.text[:_BODY])


def _passed(rows: Sequence[Row]) -> int:
    return sum(_answered(row) for row in rows if row["type"] == _SERVER)


def work(session: HaproxySession, ask: Ask) -> Work:
    """Requests of frontends and answers of servers; what HAProxy answers itself and its checks are left out."""
    counts: dict[str, int] = {}
    rows = session.rows()
    for row in rows:
        if row["type"] == _FRONTEND:
            counts[f"requests of {row['pxname']}"] = _taken_in(row)
        elif row["type"] == _SERVER:
            counts[f"answers of {row['pxname']}/{row['svname']}"] = _answered(row)
    return Work(counts=counts, unseen="" if _whole(session, rows) else _SCOPED, way="statistics")


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "http", "stats": "http"}),
    "process": process,
    "gateway": gateway,
    "gateway-refusal": refusal,
    "work": work,
}

KIND = Kind(
    name="haproxy",
    endpoints={"url": ("http", "https"), "stats": ("http", "https"), "socket": ("unix",)},
    connect=HaproxySession,
    answers=_ANSWERS,
)
