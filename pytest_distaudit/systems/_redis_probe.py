"""How one server of a Redis Cluster, or of a master with replicas, takes and shows a word of the audit's."""

from __future__ import annotations

from itertools import count

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.systems._redis_members import own_row, place_of, rows, slots_of
from pytest_distaudit.systems._redis_session import RedisSession

#: should removing fail
_EXPIRES_S = "60"


class RedisWords:
    """A place is the key and, in a Cluster, the address of its master: other nodes must point there."""

    def __init__(self, session: RedisSession) -> None:
        self._session = session
        self._clustered = session.info.get("cluster_enabled") == 1

    def write(self, place: str, word: str) -> str:
        """Set a key of this very master; replicas take none."""
        if self._session.info.get("role") == "slave":
            return ""
        if not self._clustered:
            self._session.ask("SET", place, word, "EX", _EXPIRES_S)
            return place
        own = own_row(rows(self._session))
        key = _key_within(place, slots_of(own))
        if not key:
            return ""
        self._session.ask("SET", key, word, "EX", _EXPIRES_S)
        return f"{key} {place_of(own)}"

    def shows(self, place: str, word: str) -> bool:
        """Whether the server holds it, or knows who does."""
        key, _, owner = place.partition(" ")
        if self._clustered:
            self._session.ask("READONLY")
        try:
            return bool(self._session.ask("GET", key) == word)
        except Unobservable as error:
            # "MOVED slot address", of which the client leaves the first word out
            return bool(owner) and error.detail.endswith(f" {owner}")

    def remove(self, place: str) -> None:
        """Delete the key where it is."""
        self._session.ask("DEL", place.partition(" ")[0])


def _key_within(place: str, ranges: list[tuple[int, int]]) -> str:
    """A name that begins with ``place`` and belongs to one of these slots; "" if there are none."""
    from redis.crc import key_slot

    if not ranges:
        return ""
    names = (f"{place}-{number}" for number in count())
    return next(name for name in names if any(first <= key_slot(name.encode()) <= last for first, last in ranges))
