"""Groups of readers of a stream of Redis: who reads, and who has what in hand."""

from __future__ import annotations

from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.streams import STREAM, InHand, Member, StreamGroup
from pytest_distaudit.systems._redis_session import RedisSession
from pytest_distaudit.systems._redis_streams import affordable, asked, entry_of, form_of, info_of

#: entries in hand at once; a group that has more is not read in part
_MOST = 1000
#: of the latest entries so many are looked into for the audit's nonces
_LATEST = 300


def stream_group(session: RedisSession, ask: Ask) -> StreamGroup:
    """XINFO's and XPENDING's word, and plain reads of the latest entries: nothing is handed out for it."""
    name, group = ask.arg("name"), ask.arg("group")
    form = form_of(session, name)
    if form != STREAM:
        return StreamGroup(name, form, group)
    told = info_of(session, name)
    rows = [row for row in asked(session, "XINFO GROUPS", name) if str(row["name"]) == group]
    if not rows:
        return StreamGroup(name, STREAM, group)
    consumers = asked(session, "XINFO CONSUMERS", name, group)
    return StreamGroup(
        name,
        STREAM,
        group,
        exists=True,
        appended=told.get("entries-added"),
        end=str(told["last-generated-id"]),
        reached=str(rows[0]["last-delivered-id"]),
        members=tuple(Member(str(row["name"]), int(row["idle"]) / 1000) for row in consumers),
        in_hand=_in_hand(session, name, group, told["length"]),
    )


def _in_hand(session: RedisSession, name: str, group: str, length: int) -> tuple[InHand, ...]:
    rows = asked(session, "XPENDING", name, group, "-", "+", str(_MOST))
    if len(rows) >= _MOST:
        raise Unobservable(Reason.TOO_LARGE, f"{group} has {_MOST} entries of {name} in hand or more")
    nonces = _nonces(session, name, length) if rows else {}
    return tuple(_one(row, nonces) for row in rows)


def _one(row: Any, nonces: dict[str, tuple[str, ...]]) -> InHand:
    position, member, idle_ms, _ = row
    return InHand(position.decode(), member.decode(), int(idle_ms) / 1000, nonces.get(position.decode(), ()))


def _nonces(session: RedisSession, name: str, length: int) -> dict[str, tuple[str, ...]]:
    """Position -> the audit's nonces in that entry, of the latest ones."""
    count = str(affordable(session, name, length, _LATEST))
    latest = map(entry_of, asked(session, "XREVRANGE", name, "+", "-", "COUNT", count))
    return {one.position: one.nonces for one in latest}
