"""How many asks one system is given at once: more while it bears them, half when it does not. Pure."""

from __future__ import annotations

from statistics import median

#: asks at once more, after each round that was no slower: as many again as it began with
STEP = 10
#: asks at once that every service should bear, however slow some of its answers are
FEW = 5
#: a round this many times as slow as the calmest one, and by as many seconds, is a queue that grows
_SLOWER, _NOISE_S = 3.0, 0.02
#: a connect that nobody took is tried again by TCP after a second; twice the usual time is no sign of it
_RETRIED_S, _USUAL = 0.9, 2


class Window:
    """Additive increase, multiplicative decrease, as TCP has it.

    Every ask has a number, counted from 0 in the order of asking. What was asked before the last decrease tells of a
    crowd that is gone; it decides nothing more.
    """

    def __init__(self, size: int, most: int) -> None:
        self.most = max(1, most)
        self.size = max(1, min(size, self.most))
        self._floor = min(self.size, FEW)
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
        if latency > _USUAL * self._calmest + _RETRIED_S:
            self._halve(self._floor)
            return
        self._round.append(latency)
        if len(self._round) >= self.size:
            usual, self._round = median(self._round), []
            if usual > _SLOWER * self._calmest + _NOISE_S:
                self._halve(self._floor)
            else:
                self._calmest = min(self._calmest, usual)
                self.size = min(self.most, self.size + STEP)

    def strained(self, number: int) -> None:
        """No answer came, or one that may be due to how much was asked."""
        if number >= self._since:
            self._halve(1)

    def _halve(self, least: int) -> None:
        self.size = max(min(least, self.size), self.size // 2)
        self._since, self._round = self._next, []
