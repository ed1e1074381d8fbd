"""How many asks one system is given at once: more while it bears them, half when it does not. Pure."""

from __future__ import annotations

from statistics import median

#: asks at once more, after each round that was no slower
STEP = 4
#: a round this many times as slow as the calmest one, and by as many seconds, is a queue that grows
_SLOWER, _NOISE_S = 3.0, 0.02
#: a connect that nobody took is tried again by the system's own TCP after a second
_RETRIED_S = 0.9


class Window:
    """Additive increase, multiplicative decrease, as TCP has it.

    Every ask has a number, counted from 0 in the order of asking. What was asked before the last decrease tells of a
    crowd that is gone; it decides nothing more.
    """

    def __init__(self, size: int, most: int) -> None:
        self.most = max(1, most)
        self.size = max(1, min(size, self.most))
        self._calmest = float("inf")
        self._round: list[float] = []
        self._next = self._since = 0

    def asked(self) -> int:
        """The number of one more ask."""
        self._next += 1
        return self._next - 1

    def answered(self, number: int, latency: float) -> None:
        """An answer came, after so many seconds."""
        if number < self._since:
            return
        if latency > self._calmest + _RETRIED_S:
            self._halve()
            return
        self._round.append(latency)
        if len(self._round) >= self.size:
            usual, self._round = median(self._round), []
            if usual > _SLOWER * self._calmest + _NOISE_S:
                self._halve()
            else:
                self._calmest = min(self._calmest, usual)
                self.size = min(self.most, self.size + STEP)

    def strained(self, number: int) -> None:
        """No answer came, or one that may be due to how much was asked."""
        if number >= self._since:
            self._halve()

    def _halve(self) -> None:
        self.size = max(1, self.size // 2)
        self._since, self._round = self._next, []
