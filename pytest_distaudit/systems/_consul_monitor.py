"""What an agent is asked while the audit listens: its own log, followed as a stream.

One thread follows an agent for all looks of this process. It begins with the first look and ends
when none came for a while. Every look sends a request of its own and waits until the log tells of it:
until then, nothing was missed.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.failure import unobservable
from pytest_distaudit.systems._consul_session import MARK, ConsulSession
from pytest_distaudit.systems._consul_words import Request, failed_by, request_of, tells_of_loss
from pytest_distaudit.systems.http_fetch import user_agent

_IDLE_S = 20.0
_LINE_BYTES = 64 * 1024
#: look-ups and gaps kept
_KEPT, _GAPS = 2000, 20
_PATIENCE_S = 0.4
_TRIES = 2
#: by how much a stamp may be off on one host
_LATE_S = 0.25


@dataclass(frozen=True, slots=True)
class Heard:
    """Look-ups by others (times by the audit's clock), and from when on and with which gaps it listened.

    A stream that broke off is followed anew: what it told is gone, and ``since`` begins again. Only so many look-ups
    are kept: of what is forgotten, a gap that ends at the last of them tells. ``late``: by how many
    seconds at most the log was written after an answer, as the audit's own requests show.
    """

    since: float
    lookups: tuple[Request, ...]
    gaps: tuple[tuple[float, float], ...]
    late: float = 0.0


class _Ear:
    """One stream of one agent's log."""

    def __init__(self, session: ConsulSession) -> None:
        self._url, self._headers = session.url, session.headers
        self._connect_s = session.limits.connect_s
        self._news = threading.Condition()
        self._marks: dict[str, float] = {}
        self._lookups: deque[Request] = deque(maxlen=_KEPT)
        self._failed: set[tuple[str, str]] = set()
        self._gaps: list[tuple[float, float]] = []
        self._forgotten: tuple[tuple[float, float], ...] = ()
        #: moments of our own requests that the log told of, the first and the last
        self._since = self._until = 0.0
        self._skew = self._late = 0.0
        self._failure: Unobservable | None = None
        self.asked = time.monotonic()
        self.over = False
        threading.Thread(target=self._follow, daemon=True, name="consul monitor").start()

    def heard(self) -> Heard:
        """Everything so far."""
        with self._news:
            return Heard(self._since, tuple(self._lookups), (*self._forgotten, *self._gaps), self._late)

    def attend(self, session: ConsulSession) -> bool:
        """Return when everything that happened before this call has been heard; False if the stream has ended.

        Raises Unobservable.
        """
        self.asked = time.monotonic()
        deadline = self.asked + session.limits.ask_s
        while time.monotonic() < deadline:
            mark, sent = secrets.token_hex(8), time.time()
            session.ask("status/leader", mark)
            if self._arrived(mark, sent, time.time()):
                return True
            if self.over:
                return False
        raise Unobservable(Reason.TIMED_OUT, f"the agent's log did not tell of a request in {session.limits.ask_s:g} s")

    def _arrived(self, mark: str, sent: float, answered: float) -> bool:
        with self._news:
            self._news.wait_for(lambda: mark in self._marks or self.over, _PATIENCE_S)
            if self._failure is not None:
                raise self._failure
            if mark not in self._marks:
                return False
            stamp = self._marks.pop(mark)
            # another host's clock is set right; a busy agent merely writes late
            if not sent - _LATE_S <= stamp <= answered + _LATE_S:
                self._skew = stamp - (sent + answered) / 2
            self._late = max(self._late, min(stamp - self._skew - answered, _LATE_S))
            self._since, self._until = self._since or sent, sent
            return True

    def _follow(self) -> None:
        try:
            for line in self._lines():
                self._hear(line)
                if time.monotonic() - self.asked > _IDLE_S:
                    break
        except Unobservable as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - whatever ends the stream is one failure of this way
            self._failure = None if self._since else unobservable(error, "GET /v1/agent/monitor")
        finally:
            with self._news:
                self.over = True
                self._news.notify_all()

    def _hear(self, line: str) -> None:
        seen, failed = request_of(line), failed_by(line)
        with self._news:
            if tells_of_loss(line):
                self._lose()
            elif failed is not None and len(self._failed) < _KEPT:
                self._failed.add(failed)
            elif seen is not None and seen.mark:
                if len(self._marks) > _KEPT:  # another audit's: nobody here waits for them
                    self._marks.clear()
                self._marks[seen.mark] = seen.at
                self._news.notify_all()
            elif seen is not None and (seen.source, seen.target) in self._failed:
                self._failed.discard((seen.source, seen.target))  # who is refused has learned nothing
            elif seen is not None and seen.service is not None:
                if len(self._lookups) == _KEPT:
                    self._forgotten = ((self._since, self._lookups[0].at),)
                self._lookups.append(replace(seen, at=seen.at - self._skew))

    def _lose(self) -> None:
        """Not everything since the last look can be told; one gap says so."""
        self._gaps = [*self._gaps[-_GAPS:], (self._until, time.time())]

    def _lines(self) -> Iterator[str]:
        """The log's lines. Every look brings one, so that a silence means that nobody looks any more."""
        import httpx

        timeout = httpx.Timeout(_IDLE_S, connect=self._connect_s)
        headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity", **self._headers}
        url = f"{self._url}/v1/agent/monitor?loglevel=debug&{MARK}=1"
        with (
            httpx.Client(timeout=timeout, trust_env=False) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                raise _refused(answer.status_code)
            rest = b""
            for chunk in answer.iter_bytes():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in lines)
                if len(rest) > _LINE_BYTES:
                    raise Unobservable(Reason.TOO_LARGE, "GET /v1/agent/monitor: a line without end")


def _refused(status: int) -> Unobservable:
    if status in (401, 403):
        return Unobservable(Reason.FORBIDDEN, f"GET /v1/agent/monitor: {status}; it needs a token with agent:read")
    if status == 404:
        return Unobservable(Reason.UNSUPPORTED_VERSION, "GET /v1/agent/monitor: 404")
    return Unobservable(Reason.PROTOCOL_ERROR, f"GET /v1/agent/monitor: {status}")


_EARS: dict[tuple[str, str], _Ear] = {}
_lock = threading.Lock()


def listen(session: ConsulSession) -> Heard:
    """What was looked up until now, since the first call for this agent. Raises Unobservable."""
    session.ways.append("GET /v1/agent/monitor")
    for _ in range(_TRIES):
        with _lock:
            key = session.url, session.token
            ear = _EARS.get(key)
            if ear is None or ear.over:
                ear = _EARS[key] = _Ear(session)
        if ear.attend(session):
            return ear.heard()
    raise Unobservable(Reason.PROTOCOL_ERROR, "GET /v1/agent/monitor: the stream ends at once")
