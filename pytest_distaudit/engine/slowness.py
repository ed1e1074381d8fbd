"""How busy the audit's machine is, by what it takes to do a piece of work."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from typing import Self

from pytest_distaudit.ports.traffic import CALM

#: so many bytes to sum up are ten milliseconds of a processor, in which the interpreter's lock is free
_WORK = 16 << 20
_EVERY_S = 0.5
#: over so many seconds a machine is calm
_CALM_S = 3.0
#: of the thread that reads it: nanoseconds on a processor, and waiting for one (Linux, sched-stats)
_PLACE = Path("/proc/thread-self/schedstat")


class Slowness:
    """Does the piece of work now and then while the block runs.

    Who merely wakes up in time on a busy machine is soon served; what needs a processor for longer has to share it, as
    the systems have to. What runs at a lower priority takes little from either. What the audit's own threads wait for
    among themselves does not count.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._factors: list[float] = []
        self._worker = threading.Thread(target=self._work, daemon=True, name="distaudit-slowness")

    def __enter__(self) -> Self:
        self._worker.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._worker.join()

    @property
    def slowed(self) -> float:
        """How many times its processor time the work took so far, on average; 1 where that cannot be seen."""
        return round(fmean(self._factors), 1) if self._factors else 1.0

    def _work(self) -> None:
        work = bytes(_WORK)
        while not self._over.wait(_EVERY_S):
            before = _spent()
            sha256(work)
            after = _spent()
            if before and after and after[0] > before[0]:
                self._factors.append(1 + (after[1] - before[1]) / (after[0] - before[0]))


def calms(within_s: float) -> bool:
    """Waits until the machine is calm; whether it was in that time."""
    until = time.monotonic() + within_s
    while True:
        with Slowness() as seen:
            time.sleep(_CALM_S)
        if seen.slowed <= CALM:
            return True
        if time.monotonic() > until:
            return False


def _spent() -> tuple[int, int] | None:
    with suppress(OSError, ValueError):
        ran, waited, *_ = map(int, _PLACE.read_text().split())
        return ran, waited
    return None
