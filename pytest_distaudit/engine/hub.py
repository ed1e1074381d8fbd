"""The hub: gathers each fact once, concurrently, and hands it to every claim that wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, wait
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress

from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.observe import PRESENCE, look
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.kind import Kind, Limits
from pytest_distaudit.ports.located import Located

_Key = tuple[str, tuple[tuple[str, str], ...], Ask]


class Hub:
    """Evidence by (system, its addresses, ask). Thread-safe; one gathering per fact.

    Looking happens in daemon threads, so that a server that never answers can delay an audit by
    no more than ``limits.look_s`` and never keep the process alive.
    """

    def __init__(self, kinds: Mapping[str, Kind], limits: Limits, redactor: Redactor) -> None:
        self._kinds = kinds
        self.limits = limits
        self.redactor = redactor
        self._lock = threading.Lock()
        self._facts: dict[_Key, Future[Observation]] = {}
        #: those of ``_facts`` that somebody has waited for: read without a lock
        self._seen: dict[_Key, Observation] = {}

    def prefetch(self, wanted: Iterable[tuple[Located, Iterable[Ask]]]) -> None:
        """Begin one look per system, all at once; nothing that is known or under way is asked again."""
        for located, asks in wanted:
            place = located.place
            if not all((*place, ask) in self._facts for ask in asks):
                self._begin(located, asks)

    def facts(self, located: Located, asks: Sequence[Ask], newer_than: float | None = None) -> tuple[Observation, ...]:
        """One observation per ask; with ``newer_than`` (epoch seconds) older ones are looked at afresh."""
        if newer_than is not None:
            self._forget(located, asks, newer_than)
        place = located.place
        known = tuple(seen for ask in asks if (seen := self._seen.get((*place, ask))) is not None)
        if len(known) == len(asks):
            return known
        self._begin(located, asks)
        deadline = time.monotonic() + self.limits.look_s
        found = {(*place, ask): self._wait(located, ask, deadline) for ask in asks}
        self._seen.update(found)
        return tuple(found.values())

    def calm(self) -> None:
        """Return when no shared look is under way any more: what the audit asks would be seen by those who count."""
        with self._lock:
            pending = list(self._facts.values())
        wait(pending, self.limits.look_s)

    def watch(self, located: Located, asks: Sequence[Ask]) -> tuple[Observation, ...]:
        """A fresh look that nobody else shares."""
        return self.facts(located, asks, newer_than=time.time())

    def _key(self, located: Located, ask: Ask) -> _Key:
        return (*located.place, ask)

    def _forget(self, located: Located, asks: Iterable[Ask], newer_than: float) -> None:
        with self._lock:
            for key in (self._key(located, ask) for ask in asks):
                fact = self._facts.get(key)
                if fact is not None and fact.done() and fact.result().at < newer_than:
                    del self._facts[key]
                    self._seen.pop(key, None)

    def _begin(self, located: Located, asks: Iterable[Ask]) -> None:
        with self._lock:
            fresh = {ask: Future[Observation]() for ask in asks if self._key(located, ask) not in self._facts}
            self._facts.update({self._key(located, ask): fact for ask, fact in fresh.items()})
        if fresh:
            for url in located.endpoints.values():
                self.redactor.learn_url(url)
            threading.Thread(target=self._look, args=(located, fresh), daemon=True, name=located.system).start()

    def _look(self, located: Located, facts: Mapping[Ask, Future[Observation]]) -> None:
        known = self._facts.get(self._key(located, PRESENCE))
        presence = known.result() if known is not None and known.done() else None
        try:
            for seen in look(self._kinds[located.kind], located, list(facts), self.limits, self.redactor, presence):
                _resolve(facts[seen.ask], lambda seen=seen: seen)  # type: ignore[misc]
        finally:
            for ask, fact in facts.items():
                _resolve(fact, lambda ask=ask: _failed(located, ask, Reason.AUDIT_ERROR, "the look ended early"))  # type: ignore[misc]

    def _wait(self, located: Located, ask: Ask, deadline: float) -> Observation:
        fact = self._facts[self._key(located, ask)]
        try:
            return fact.result(timeout=max(0.01, deadline - time.monotonic()))
        except FutureTimeout:
            late = f"{ask} did not come within {self.limits.look_s:g} s"
            _resolve(fact, lambda: _failed(located, ask, Reason.TIMED_OUT, late))
            return fact.result()


def _resolve(fact: Future[Observation], make: Callable[[], Observation]) -> None:
    """Set the result unless it is set; an answer after the deadline stays unused."""
    if not fact.done():
        with suppress(InvalidStateError):
            fact.set_result(make())


def _failed(located: Located, ask: Ask, reason: Reason, detail: str) -> Observation:
    return Observation(located.system, ask, time.time(), 0.0, reason=reason, detail=detail)
