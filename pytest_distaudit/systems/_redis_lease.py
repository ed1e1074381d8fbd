"""A lease in Redis: a key that lapses, set by who finds none."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.lease import NAME
from pytest_distaudit.ports.located import Located
from pytest_distaudit.systems._redis_session import RedisSession

if TYPE_CHECKING:
    from redis.lock import Lock


class RedisLease:
    """Implements ports.lease.Lease by the client's own lock, whose token is the holder's name."""

    def __init__(self, located: Located, limits: Limits, holder: str, seconds: float) -> None:
        self._session = RedisSession(located, limits)
        self._holder, self._seconds = holder, seconds

    def take(self) -> str:
        """The name of whoever has it, "" if that is this run now."""
        with self._session.asking(f"SET {NAME} NX PX"):
            if self._lock.acquire(token=self._holder):
                return ""
            return str(self._session.client.get(NAME) or "a run that has just ended")

    def prolong(self) -> bool:
        """By a script that looks whose it is."""
        from redis.exceptions import LockError

        with self._session.asking(f"PEXPIRE {NAME}"):
            try:
                return bool(self._lock.reacquire())
            except LockError:
                return False

    def give_back(self) -> None:
        """Likewise."""
        with suppress(Exception):
            self._lock.release()
        self._session.close()

    @cached_property
    def _lock(self) -> Lock:
        found: Lock = self._session.client.lock(NAME, timeout=self._seconds, blocking=False, thread_local=False)
        return found
