"""A lease in Consul: a key that is held by a session, which lapses."""

from __future__ import annotations

import json
import math
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.lease import NAME
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems._consul_session import ConsulSession

#: what sessions may last at least and at most (Consul, HTTP API, session)
_LEAST_S, _MOST_S = 10, 86_400


class ConsulLease:
    """Implements ports.lease.Lease. A session that has lapsed takes its key with it, which is free at once."""

    def __init__(self, located: Located, limits: Limits, holder: str, seconds: float) -> None:
        self._session = ConsulSession(located, limits)
        self._holder, self._seconds = holder, min(max(math.ceil(seconds), _LEAST_S), _MOST_S)
        self._id = ""

    def take(self) -> str:
        """The name of whoever has it, "" if that is this run now."""
        if (found := self._holding()) is not None:
            return found.name
        how = {"Name": NAME, "TTL": f"{self._seconds}s", "LockDelay": "0s", "Behavior": "delete"}
        self._id = str(self._put("session/create", how)["ID"])
        if self._put(f"kv/{NAME}?acquire={self._id}", self._holder) is True:
            return ""
        self._end()
        found = self._holding()
        return found.name if found else "a run that has just ended"

    def prolong(self) -> bool:
        """The session, as long as the key is its own."""
        try:
            self._put(f"session/renew/{self._id}")
        except _Lapsed:
            return False
        found = self._holding()
        return found is not None and found.session == self._id

    def give_back(self) -> None:
        """End the session, and the key with it."""
        with suppress(Unobservable):
            self._end()
        self._session.close()

    def _holding(self) -> _Holder | None:
        """Who has it."""
        what = f"GET /v1/kv/{NAME}"
        answer = self._session.ask(f"kv/{NAME}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._session.refused(answer, what)
        try:
            (entry,) = answer.decoded(what)
            session = str(entry.get("Session") or "")
            return _Holder(session, str(json.loads(b64decode(entry["Value"])))) if session else None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Unobservable(Reason.PROTOCOL_ERROR, f"{what}: what is there was not written by an audit") from None

    def _end(self) -> None:
        if self._id:
            ended, self._id = self._id, ""
            self._put(f"session/destroy/{ended}")

    def _put(self, path: str, told: object = None) -> Any:
        """What comes back. Raises Unobservable, _Lapsed where there is no such session."""
        answer, what = self._session.send(self._session.change(path, told)), f"PUT /v1/{path.partition('?')[0]}"
        if answer.status == 404:
            raise _Lapsed(Reason.PROTOCOL_ERROR, f"{what}: 404")
        if answer.status != 200:
            raise self._session.refused(answer, what)
        return answer.decoded(what)


@dataclass(frozen=True, slots=True)
class _Holder:
    session: str
    name: str


class _Lapsed(Unobservable):
    """There is no such session any more."""
