"""Many asks of one system at once, and what a calm look sees of those that fared badly in the crowd."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.window import FEW, Window
from pytest_distaudit.ports.kind import Limits

#: failures that may be due to the audit's own load
_BY_LOAD = (Reason.NOT_REACHABLE, Reason.TIMED_OUT, Reason.PROTOCOL_ERROR)
_NO_CALM = "the system bore too little at once for everything to be asked in calm"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of an ask; ``strained``: by its own word the system may have had too much to do."""

    observation: Observation
    strained: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether a calm look may see something else."""
        return self.strained or self.observation.reason in _BY_LOAD


#: asks once; called in many threads
Asking = Callable[[Ask], Seen]


def observe_all(system: str, asks: Sequence[Ask], begin: Callable[[], Asking], limits: Limits) -> Iterator[Observation]:
    """One per ask, as they come; ``begin`` opens a round of asking, in which answers may be shared.

    What was doubtful in the crowd is asked again among few, and what still is so, alone: then it is the system's own
    doing. When nothing went well for ``limits.look_s`` seconds, nothing more is asked.
    """
    if len(asks) == 1:
        yield begin()(asks[0]).observation
        return
    rest: dict[Ask, Observation | None] = dict.fromkeys(asks)
    for most in (limits.connections_most, FEW, 1):
        if not rest or (most == FEW and len(rest) <= FEW):
            continue
        window = Window(limits.connections, min(most, len(rest)))
        for seen in _asked(list(rest), begin(), window, limits.look_s):
            told = seen.observation
            if seen.doubtful and window.most > 1:
                rest[told.ask] = told if told.value is None or window.most <= FEW else None
            else:
                del rest[told.ask]
                yield told
    for ask, known in rest.items():
        yield known or Observation(system, ask, time.time(), 0.0, reason=Reason.TIMED_OUT, detail=_NO_CALM)


def _asked(asks: Sequence[Ask], asking: Asking, window: Window, patience: float) -> Iterator[Seen]:
    """Every ask once, as many at a time as the window says, while there is patience."""
    waiting, flying = deque(asks), 0
    come: SimpleQueue[tuple[int, Future[Seen]]] = SimpleQueue()
    until = time.monotonic() + patience
    with ThreadPoolExecutor(window.most) as pool:
        while flying or (waiting and time.monotonic() < until):
            while waiting and flying < window.size and time.monotonic() < until:
                number = window.asked()
                future = pool.submit(asking, waiting.popleft())
                future.add_done_callback(lambda done, number=number: come.put((number, done)))  # type: ignore[misc]
                flying += 1
            number, done = come.get()
            flying -= 1
            seen = done.result()
            if seen.observation.reason in _BY_LOAD:
                window.strained(number)
            else:
                window.answered(number, seen.observation.latency)
            if not seen.doubtful:
                until = time.monotonic() + patience
            yield seen
