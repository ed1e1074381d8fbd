"""How a member of etcd takes and shows a word of the audit's."""

from __future__ import annotations

from pytest_distaudit.systems._etcd_session import EtcdSession, key, plain


class EtcdWords:
    """Reads are the member's own (serializable): it must not ask the leader."""

    def __init__(self, session: EtcdSession) -> None:
        self._session = session

    def write(self, place: str, word: str) -> str:
        """Put one key."""
        self._session.call("kv/put", {"key": key(place), "value": key(word)})
        return place

    def shows(self, place: str, word: str) -> bool:
        """Whether the member holds it."""
        told = self._session.call("kv/range", {"key": key(place), "serializable": True})
        return any(plain(row.get("value", "")) == word for row in told.get("kvs", ()))

    def remove(self, place: str) -> None:
        """Delete the key."""
        self._session.call("kv/deleterange", {"key": key(place)})
