"""Redis Sentinel: presence, whether it can act, and whom it watches together with which others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health, HealthPart, Presence
from pytest_distaudit.ports.clusters import Member, Membership
from pytest_distaudit.ports.kind import Kind
from pytest_distaudit.systems import redis
from pytest_distaudit.systems._listener import listener_of
from pytest_distaudit.systems._redis_session import RedisSession

_PRODUCT = "Redis Sentinel"
_DOWN = {"s_down", "o_down", "disconnected"}
Row = Mapping[str, str]


class SentinelSession(RedisSession):
    """One look at one Sentinel. The group that is meant may stand in its address: ``redis://host:26379/mymaster``."""

    def refuse_mode(self, mode: str) -> None:
        """Raise wrong-product for a store."""
        if mode != "sentinel":
            raise Unobservable(Reason.WRONG_PRODUCT, "what answered is no Sentinel but a Redis that stores")

    def rows(self, *words: str) -> list[Row]:
        """Tables of names and values that ``SENTINEL`` answers. Raises Unobservable."""
        told = self.ask("SENTINEL", *words)
        if not isinstance(told, list) or not all(isinstance(row, list) and len(row) % 2 == 0 for row in told):
            raise Unobservable(Reason.PROTOCOL_ERROR, f"SENTINEL {words[0]}: the answer is no list of tables")
        return [dict(zip(map(str, row[::2]), map(str, row[1::2]), strict=True)) for row in told]

    def group(self) -> Row:
        """The watched master that is meant. Raises Unobservable."""
        _ = self.info
        wanted = unquote(urlsplit(self.url).path.strip("/"))
        groups = {row["name"]: row for row in self.rows("MASTERS")}
        if not groups:
            raise Unobservable(Reason.VACUOUS, "the Sentinel watches no master")
        if wanted in groups:
            return groups[wanted]
        if len(groups) > 1 or not (wanted.isdecimal() or not wanted):
            watched = ", ".join(sorted(groups))
            raise Unobservable(
                Reason.AMBIGUOUS_CLAIM, f"the Sentinel watches {watched}; name one in its address (redis://host/NAME)"
            )
        return next(iter(groups.values()))


def presence(session: SentinelSession, ask: Ask) -> Presence:
    """As of any Redis, and that it is a Sentinel."""
    seen = redis.presence(session, ask)
    return replace(seen, product=_PRODUCT)


def health(session: SentinelSession, ask: Ask) -> Health:
    """Whether it could have a failover authorised, and how it finds what it watches."""
    group = session.group()
    name = group["name"]
    try:
        quorum = HealthPart("quorum", True, str(session.ask("SENTINEL", "CKQUORUM", name)))
    except Unobservable as error:
        if "NOQUORUM" not in error.detail:
            raise
        quorum = HealthPart("quorum", False, error.detail)
    down = sorted(_DOWN & _flags(group))
    parts = (quorum, HealthPart("master", not down, ", ".join(down)))
    broken = [f"{part.name}: {part.detail}" for part in parts if not part.healthy]
    return Health(healthy=not broken, detail=", ".join(broken), parts=parts, way="SENTINEL CKQUORUM")


def membership(session: SentinelSession, ask: Ask) -> Membership:
    """The Sentinels of one group, which vote, and the master and replicas that they watch, which do not."""
    group = session.group()
    name, own = group["name"], str(session.ask("SENTINEL", "MYID"))
    primary = _place(group)
    others = [_sentinel(row) for row in session.rows("SENTINELS", name)]
    replicas = [_replica(row, primary) for row in session.rows("SLAVES", name)]
    votes = len(others) + 1
    down = sorted(_DOWN & _flags(group))
    return Membership(
        cluster=name,
        own=own,
        members=(
            Member(own, role="watcher", healthy=True),
            *others,
            Member(primary, address=primary, role="leader", votes=False, healthy=not down),
            *replicas,
        ),
        leaders=(primary,),
        term=int(group.get("config-epoch", 0)),
        # so many must find it down, and a majority of all must let one of them act
        quorum=max(int(group.get("quorum", 0)), votes // 2 + 1),
        works=not down,
        trouble=f"it finds the master {', '.join(down)}" if down else "",
        way="SENTINEL MASTERS, SENTINELS, SLAVES",
    )


def _flags(row: Row) -> set[str]:
    return set(row.get("flags", "").split(","))


def _place(row: Row) -> str:
    return f"{row.get('ip')}:{row.get('port')}"


def _sentinel(row: Row) -> Member:
    return Member(row.get("runid", ""), "", _place(row), "watcher", healthy=not _DOWN & _flags(row))


def _replica(row: Row, primary: str) -> Member:
    linked = row.get("master-link-status") == "ok"
    healthy = linked and not _DOWN & _flags(row)
    return Member(_place(row), "", _place(row), "replica", votes=False, follows=primary, healthy=healthy)


_ANSWERS: dict[str, Callable[[Any, Ask], Any]] = {
    "presence": presence,
    "health": health,
    "listener": listener_of({"url": "redis"}),
    "process": redis.process,
    "membership": membership,
}

KIND = Kind(
    name="redis-sentinel",
    endpoints={"url": ("redis", "rediss")},
    connect=SentinelSession,
    answers=_ANSWERS,
)
