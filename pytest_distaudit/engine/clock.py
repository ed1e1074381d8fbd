"""One clock for all times of an experiment."""

from __future__ import annotations

import time


class Clock:
    """Time since the epoch that is never set back while the audit runs: it goes with the monotonic clock."""

    def __init__(self) -> None:
        self._epoch_ns = time.time_ns() - time.monotonic_ns()

    def ns(self) -> int:
        """Now, in nanoseconds since the epoch."""
        return self._epoch_ns + time.monotonic_ns()

    def at(self, monotonic_s: float) -> float:
        """That moment of the monotonic clock, in seconds since the epoch."""
        return self._epoch_ns / 1e9 + monotonic_s

    def now(self) -> float:
        """Now, in seconds since the epoch."""
        return self.ns() / 1e9
