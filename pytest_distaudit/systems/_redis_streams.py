"""Streams of Redis: what they hold and who reads them, and their latest entries, read twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.streams import STREAM, Entry, Partition, ReaderGroup, Stream, StreamTail
from pytest_distaudit.systems._entries import entry, latest, tail
from pytest_distaudit.systems._redis_session import RedisSession

_UNKNOWN = "unknown command"
#: whose answers the client would read otherwise than they are asked
_IN_BYTES = ("XRANGE", "XREVRANGE", "XPENDING")


def stream(session: RedisSession, ask: Ask) -> Stream:
    """XINFO's word. How long entries are kept is nowhere configured: whoever appends trims."""
    name = ask.arg("name")
    form = form_of(session, name)
    if form != STREAM:
        return Stream(name, form)
    told = info_of(session, name)
    first, last = _edge(told, "first-entry"), _edge(told, "last-entry")
    return Stream(
        name,
        STREAM,
        partitions=(Partition(0, first, last, told["length"], told.get("entries-added")),),
        oldest_at=int(first.partition("-")[0]) / 1000 if first else None,
        groups=_groups(session, name),
    )


def stream_tail(session: RedisSession, ask: Ask) -> StreamTail:
    """The latest entries, from the newest on and then from the oldest on: plain reads, which no group knows of."""
    name = ask.arg("name")
    form = form_of(session, name)
    if form != STREAM:
        return StreamTail(name, form)
    told = info_of(session, name)
    count = affordable(session, name, told["length"], latest(ask))
    once = [entry_of(one) for one in reversed(asked(session, "XREVRANGE", name, "+", "-", "COUNT", str(count)))]
    twice: list[Entry] = []
    if once:
        between = once[0].position, once[-1].position
        twice = [entry_of(one) for one in asked(session, "XRANGE", name, *between, "COUNT", str(count))]
    added = told.get("entries-added")
    return tail(name, once, twice, [0] * (told["length"] > len(once)), None if added is None else {"0": added})


def form_of(session: RedisSession, name: str) -> str:
    """What has that name: the type of a key, "channel" where somebody listens to one, "" for nothing."""
    session.identity = str(session.info["run_id"])
    database = urlsplit(session.url).path.strip("/")
    if database not in ("", "0"):
        session.ask("SELECT", database)
    found = str(asked(session, "TYPE", name))
    if found != "none":
        return found
    try:
        listening = session.ask("PUBSUB", "NUMSUB", name)
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return ""
    return "channel" if _subscribed(listening) else ""


def _subscribed(listening: Any) -> int:
    pair = listening[0] if listening and isinstance(listening[0], (list, tuple)) else listening
    return int(pair[1])


def info_of(session: RedisSession, name: str) -> Mapping[str, Any]:
    told = asked(session, "XINFO STREAM", name)
    if not isinstance(told, Mapping) or not isinstance(told.get("length"), int):
        raise Unobservable(Reason.PROTOCOL_ERROR, "XINFO STREAM: the answer tells no length")
    return told


def _edge(told: Mapping[str, Any], which: str) -> str:
    """The id of the first or last entry; "" where there is none."""
    held = told.get(which)
    return str(held[0]) if held else ""


def _groups(session: RedisSession, name: str) -> tuple[ReaderGroup, ...] | None:
    """None: they may not be listed."""
    try:
        rows = asked(session, "XINFO GROUPS", name)
    except Unobservable as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
        return None
    return tuple(
        ReaderGroup(str(row["name"]), int(row["consumers"]), {"0": str(row["last-delivered-id"])}) for row in rows
    )


def affordable(session: RedisSession, name: str, length: int, wanted: int) -> int:
    """How many entries fit the limits, by their mean size; as many as ever where that may not be asked."""
    try:
        size = int(session.ask("MEMORY USAGE", name) or 0)
    except Unobservable:
        return wanted
    mean = size / max(length, 1)
    count = min(wanted, int(session.limits.body_bytes / max(mean, 1)))
    if not count:
        raise Unobservable(Reason.TOO_LARGE, f"an entry of {name} takes {mean:.0f} bytes")
    return count


def entry_of(row: Any) -> Entry:
    position, fields = row
    return entry(0, position.decode(), fields)


def asked(session: RedisSession, *words: str) -> Any:
    """One question about a key, remembered as the audit's own: the server counts it like anybody's look-up."""
    try:
        answer = session.ask(*words, raw=words[0] in _IN_BYTES)
    except Unobservable as error:
        if _UNKNOWN in error.detail.lower():
            said = f"the server knows no {words[0]}: streams came with Redis 5.0"
            raise Unobservable(Reason.UNSUPPORTED_VERSION, said) from error
        raise
    session.own_reads.count(words[0], hit=answer != "none")
    return answer
