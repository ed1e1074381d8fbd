"""A lease in etcd: a key that hangs on a lease of the store's own."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.lease import NAME
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems._etcd_session import EtcdSession, key, plain


class EtcdLease:
    """Implements ports.lease.Lease: whoever creates the key has it, and what it hangs on lapses."""

    def __init__(self, located: Located, limits: Limits, holder: str, seconds: float) -> None:
        self._session = EtcdSession(located, limits)
        self._holder, self._seconds = holder, math.ceil(seconds)
        self._id = ""

    def take(self) -> str:
        """The name of whoever has it, "" if that is this run now."""
        if holder := self._holding():
            return holder
        self._id = str(self._session.call("lease/grant", {"TTL": str(self._seconds)})["ID"])
        absent = {"key": key(NAME), "target": "CREATE", "result": "EQUAL", "create_revision": "0"}
        put = {"request_put": {"key": key(NAME), "value": key(self._holder), "lease": self._id}}
        if self._session.call("kv/txn", {"compare": [absent], "success": [put]}).get("succeeded"):
            return ""
        self._end()
        return self._holding() or "a run that has just ended"

    def prolong(self) -> bool:
        """What the key hangs on, as long as it is there."""
        told = self._session.call("lease/keepalive", {"ID": self._id})
        # a lease that has lapsed has no time left
        return int(told.get("TTL", 0)) > 0 and self._holding() == self._holder

    def give_back(self) -> None:
        """End it, and the key with it."""
        with suppress(Unobservable):
            self._end()
        self._session.close()

    def _holding(self) -> str:
        found: list[dict[str, Any]] = self._session.call("kv/range", {"key": key(NAME)}).get("kvs", [])
        return plain(found[0]["value"]) if found else ""

    def _end(self) -> None:
        if self._id:
            ended, self._id = self._id, ""
            self._session.call("lease/revoke", {"ID": ended})
