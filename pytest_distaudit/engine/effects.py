"""Reading, again and again, whether what a workload asked for has been done."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Self

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine.activity import addressed, fill
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.effects import Effect, Effects
from pytest_distaudit.ports.fetch import Fetch, Request, Response

#: readings under way at once; how many are made in a row, the pause before the next, and rows until all were read
_AT_ONCE = 4
_ROW, _ROWS = 10, 4
_PAUSE_S = 0.5
_GONE = (404, 410)
_WORDS = 120


class Following:
    """Reads the effects of ``load``'s requests while the block runs. A nonce is read until its effect shows."""

    def __init__(
        self,
        operation: Operation,
        load: Workload,
        fetch: Fetch,
        base_url: Callable[[str], str | None],
        clock: Clock,
    ) -> None:
        self._operation, self._load, self._fetch = operation, load, fetch
        self._base_url, self._clock = base_url, clock
        self._effects: dict[str, Effect] = {}
        #: those to be read, whoever has waited longest first
        self._waiting: deque[str] = deque()
        self._invented: bool | None = None
        self._trouble = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True, name=f"distaudit-{operation.name}-effects")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def settle(self, until: float) -> None:
        """Once nothing more is asked: wait until every request that succeeded shows its effect, or until then."""
        while self._clock.now() < until and self._missing():
            time.sleep(_PAUSE_S)

    def effects(self) -> Effects:
        """What is known by now."""
        return Effects(self._operation.name, tuple(self._effects.values()), self._invented, self._trouble)

    def _missing(self) -> bool:
        sent = self._load.traffic().sent
        return any(self._effects.get(one.nonce, Effect(one.nonce)).first is None for one in sent if one.ok)

    def _follow(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, self._thread.name) as pool:
            while not self._over.wait(_PAUSE_S):
                self._control()
                for read in pool.map(self._read, self._row()):
                    self._effects[read.nonce] = read
                    if read.first is None:
                        self._waiting.append(read.nonce)

    def _row(self) -> list[Effect]:
        """Those that are read next."""
        fresh = [one.nonce for one in self._load.traffic().sent if one.nonce not in self._effects]
        self._effects.update({nonce: Effect(nonce) for nonce in fresh})
        self._waiting.extend(fresh)
        count = min(max(_ROW, len(self._waiting) // _ROWS), len(self._waiting))
        return [self._effects[self._waiting.popleft()] for _ in range(count)]

    def _control(self) -> None:
        """A nonce of nobody's, each time around: once it is shown, no other tells anything."""
        if not self._invented and not self._over.is_set():
            shown = self._shown(f"distaudit-{secrets.token_hex(16)}")
            self._invented = self._invented if shown is None else shown

    def _read(self, known: Effect) -> Effect:
        if self._over.is_set():
            return known
        began = self._clock.now()
        shown = self._shown(known.nonce)
        if shown is None:
            return known
        return replace(known, first=self._clock.now()) if shown else replace(known, absent=began)

    def _shown(self, nonce: str) -> bool | None:
        """Whether its effect is there; None if the answer tells neither."""
        method, url = fill(self._operation.effect, {"nonce": nonce}).split(maxsplit=1)
        try:
            answer = self._fetch(Request(method, addressed(url, self._base_url), self._headers({"nonce": nonce})))
        except Unobservable as error:
            self._trouble = str(error)[:_WORDS]
            return None
        return self._told(answer, nonce)

    def _told(self, answer: Response, nonce: str) -> bool | None:
        wanted = self._operation.effect_ok
        if answer.status in wanted or (not wanted and 200 <= answer.status < 300):
            return nonce in answer.text
        if answer.status in _GONE or 200 <= answer.status < 300:
            return False
        self._trouble = f"{answer.status} {answer.text[:_WORDS]}".rstrip()
        return None

    def _headers(self, words: Mapping[str, str]) -> dict[str, str]:
        return {name: str(fill(value, words)) for name, value in self._operation.headers.items()}
