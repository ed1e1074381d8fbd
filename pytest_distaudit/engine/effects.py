"""Reading, again and again, whether what a workload asked for has been done."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import ceil
from typing import Self

from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.effect_reader import EffectReader
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.effects import Effect, Effects, Repeated
from pytest_distaudit.ports.fetch import Fetch

#: readings under way at once; how many at least are made in a row, and the pause before the next
_AT_ONCE = 4
_ROW = 10
_PAUSE_S = 0.5


class Following:
    """Reads the effects of ``load``'s requests while the block runs. A nonce is read until its effect shows.

    Reading costs the system no more than twice what asking does, or twenty readings a second, however much of it is
    never done: what was asked just now is read first, then what was not read for longest.

    ``repeated``: what came of two requests with one nonce, where that was tried.
    """

    def __init__(
        self,
        operation: Operation,
        load: Workload,
        fetch: Fetch,
        base_url: Callable[[str], str | None],
        clock: Clock,
        repeated: Repeated | None = None,
    ) -> None:
        self._operation, self._load, self._clock, self.repeated = operation, load, clock, repeated
        self._reader = EffectReader(operation, fetch, base_url)
        self._effects: dict[str, Effect] = {}
        #: those to be read, whoever has waited longest first
        self._waiting: deque[str] = deque()
        self._invented: bool | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True, name=f"distaudit-{operation.name}-effects")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def settle(self, until: float) -> None:
        """Once nothing more is asked: wait until every request that succeeded shows its effect, or until then."""
        while self._clock.now() < until and self._missing():
            time.sleep(_PAUSE_S)

    def last_look(self, until: float) -> None:
        """Once all is done: end the following, and read once more whatever has not shown; where effects are counted,
        every nonce. As far as there is time until then.
        """
        self._end()
        for one in self._load.traffic().sent:
            self._effects.setdefault(one.nonce, Effect(one.nonce))
        counting = self.repeated is not None
        left = [one for one in self._effects.values() if counting or one.first is None]

        def again(known: Effect) -> Effect:
            return known if self._clock.now() > until else self._once(known, counting)

        with ThreadPoolExecutor(_AT_ONCE, self._thread.name) as pool:
            for read in pool.map(again, left):
                self._effects[read.nonce] = read

    def effects(self) -> Effects:
        """What is known by now."""
        known = tuple(self._effects.values())
        return Effects(self._operation.name, known, self._invented, self._reader.trouble, self.repeated)

    def _end(self) -> None:
        self._over.set()
        self._thread.join()

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
        traffic = self._load.traffic()
        row = [one.nonce for one in traffic.sent if one.nonce not in self._effects]
        self._effects.update({nonce: Effect(nonce) for nonce in row})
        most = max(_ROW, ceil(2 * traffic.rate * _PAUSE_S))
        while self._waiting and len(row) < most:
            row.append(self._waiting.popleft())
        return [self._effects[nonce] for nonce in row]

    def _control(self) -> None:
        """A nonce of nobody's, each time around: once it is shown, no other tells anything."""
        if not self._invented and not self._over.is_set():
            told = self._reader.read(f"distaudit-{secrets.token_hex(16)}")
            self._invented = self._invented if told is None else told.shown

    def _read(self, known: Effect) -> Effect:
        """What one more reading tells; none is begun once it is over."""
        return known if self._over.is_set() else self._once(known, counting=False)

    def _once(self, known: Effect, counting: bool) -> Effect:
        began = self._clock.now()
        told = self._reader.read(known.nonce)
        if told is None:
            return known
        if not told.shown:
            # what was there is not in work again because it has been taken away
            return known if known.first is not None else replace(known, absent=began)
        first = known.first or self._clock.now()
        if told.count is None:
            return replace(known, first=first)
        most = max(known.count or 0, told.count)
        return replace(known, first=first, count=most, counted=began if counting else None)
