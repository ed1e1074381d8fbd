"""How long a Consul agent takes to look a service up: asked by the audit, one question after the other.

A closed loop, as one client sees it: while an answer is late nothing else is asked. Every look-up takes turns with a
question that the agent answers without its catalog, on the same connection, so that the time of the audit's own
machine and of the way is known.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.discovery import LookupTimes
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.systems._consul_own import looking_up
from pytest_distaudit.systems._consul_session import FILTERED, INDEX, MARK, ConsulSession, identify
from pytest_distaudit.systems._wire import without
from pytest_distaudit.systems.http_fetch import HttpFetch, trust

#: for how long look-ups are made, and one of them is waited for, as parts of the time that one look has
_PART, _PATIENCE = 0.5, 0.2
_MOST = 3000
_SAID = 80
_TOO_OFTEN = 429


def lookup_times(session: ConsulSession, ask: Ask) -> LookupTimes:
    """Read-only; every question bears the audit's mark. Raises Unobservable, forbidden also for filtered answers."""
    import httpcore

    limits = session.limits
    bounded = replace(limits, ask_s=min(limits.ask_s, _PATIENCE * limits.look_s))
    identify(session)
    fetch = HttpFetch(bounded, kept=httpcore.ConnectionPool(ssl_context=trust(), max_connections=1))
    clerk = _Clerk(session, fetch, ask.arg("service"))
    try:
        invented = clerk.invented()
        cut = clerk.measure(min(int(ask.arg("times", "1")), _MOST), time.monotonic() + _PART * limits.look_s)
    finally:
        fetch.close()
    return clerk.told(bounded.ask_s, invented, cut)


class _Clerk:
    """Asks, and sorts the answers."""

    def __init__(self, session: ConsulSession, fetch: Callable[[Request], Response], service: str) -> None:
        self._session, self._fetch, self._service = session, fetch, service
        self._took: list[float] = []
        self._control: list[float] = []
        self._late = self._empty = self._wrong = 0
        self._said, self._instances = "", tuple[str, ...]()

    def measure(self, times: int, until: float) -> bool:
        """Ask so many times; False if it was done before ``until`` (monotonic)."""
        self._leader()  # opens the connection
        self._session.ways.append(f"GET /v1/status/leader and /v1/health/service/{self._service} in turn")
        with looking_up(self._session, self._service) as making:
            for _ in range(times):
                if time.monotonic() > until:
                    return True
                self._control.append(self._leader())
                making.made += self._look_up()
        return False

    def invented(self) -> int | None:
        """How many instances are named of a service with a name that was made up now; None: no such answer."""
        name = f"distaudit-{secrets.token_hex(16)}"
        with looking_up(self._session, name) as making:
            answer = self._ask(f"health/service/{name}")
            found = _listed(answer)
            making.made += found is not None
        return None if found is None else len(found)

    def told(self, patience: float, invented: int | None, cut: bool) -> LookupTimes:
        """Everything so far."""
        return LookupTimes(
            service=self._service,
            took=tuple(self._took),
            control=tuple(self._control),
            patience=patience,
            late=self._late,
            empty=self._empty,
            wrong=self._wrong,
            said=without(self._said, self._session.token),
            instances=self._instances,
            invented=invented,
            cut=cut,
        )

    def _leader(self) -> float:
        answer = self._ask("status/leader")
        if answer.status != 200:
            raise self._session.refused(answer, "GET /v1/status/leader")
        return round(answer.elapsed, 6)

    def _look_up(self) -> bool:
        """One look-up; whether the agent answered it."""
        try:
            answer = self._ask(f"health/service/{quote(self._service, safe='')}")
        except Unobservable as error:
            if error.reason is not Reason.TIMED_OUT:
                raise
            self._late += 1
            return False
        found = _listed(answer)
        if found is None or not all(_names(entry, self._service) for entry in found):
            self._wrong, self._said = self._wrong + 1, f"{answer.status} {answer.text[:_SAID]}".rstrip()
        elif not found:
            self._empty += 1
        else:
            self._took.append(round(answer.elapsed, 6))
            self._instances = tuple(map(_place, found))
        return answer.status == 200

    def _ask(self, path: str) -> Response:
        url = f"{self._session.url}/v1/{path}?{MARK}=1"
        answer = self._fetch(Request("GET", url, self._session.headers))
        if answer.status in (401, 403) or 300 <= answer.status < 400:
            raise self._session.refused(answer, f"GET /v1/{path}")
        if answer.status == _TOO_OFTEN:
            raise Unobservable(Reason.BUDGET, f"GET /v1/{path}: 429, the agent limits how often the audit may ask")
        if answer.headers.get(FILTERED) == "true":
            raise Unobservable(Reason.FORBIDDEN, f"GET /v1/{path}: the agent left out what the token may not see")
        return answer


def _listed(answer: Response) -> list[Any] | None:
    """The entries of a look-up's answer; None if it is none of the catalog's."""
    if answer.status != 200 or INDEX not in answer.headers:
        return None
    try:
        found = json.loads(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _names(entry: Any, service: str) -> bool:
    """Whether it is an instance of the service; names are the same whatever their case."""
    told = entry.get("Service") if isinstance(entry, dict) else None
    return isinstance(told, dict) and str(told.get("Service")).lower() == service.lower()


def _place(entry: Any) -> str:
    node = entry.get("Node")
    address = entry["Service"].get("Address") or (node.get("Address") if isinstance(node, dict) else "")
    return f"{address}:{entry['Service'].get('Port') or 0}"
