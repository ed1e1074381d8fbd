"""The search for one order of one object's operations: depth first, never twice from the same place."""

from __future__ import annotations

from pytest_distaudit.checkers._compiled import Compiled


class Search:
    """Wing & Gong's search (1993) with Lowe's memory of places (2017), as in Porcupine and Knossos ``wgl``.

    A place is the state and which operations have taken effect: all whose returns come before operation ``_at``, and
    those of ``_done``: at a moment with nothing under way it is only a state, so the history is cut there by itself.
    An operation that only observes is placed as soon as it is legal: that forbids nothing later, so only those that
    change the state are tried in turn.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._of = compiled
        self._at = self._done = self._state = self._tried = 0
        self._stack: list[tuple[int, int, int, int]] = []
        self._been: set[int] = set()
        self._new = True
        #: how many operations, in the order of their returns, some order explains at most
        self.deepest = 0
        #: places and tries so far: a measure of time that is the same on every machine
        self.work = 0

    @property
    def places(self) -> int:
        """How many are remembered, each some 100 bytes."""
        return len(self._been)

    def run(self, work: int, places: int) -> bool | None:
        """Go on: True if an order was found, False if there is none, None after ``work`` more or at ``places``."""
        until = self.work + work
        while True:
            if self._new and self._arrive():
                return True
            if self._next():
                self._new = True
            elif self._stack:
                self._at, self._done, self._state, self._tried = self._stack.pop()
                self._new = False
            else:
                return False
            if self.work >= until or len(self._been) >= places:
                return None

    def _arrive(self) -> bool:
        """Place what observes; whether nothing is left."""
        of = self._of
        at, done, bits, kinds, moves, state = self._at, self._done, of.bits, of.kinds, of.moves, self._state
        last = len(bits)
        looked: int | None = None
        while at < last and looked != at:
            looked = at
            for number in of.observers[at]:
                if not done & bits[number]:
                    after = moves[kinds[number]].get(state)
                    if after is None:
                        after = of.after(kinds[number], state)
                    if after >= 0:
                        done |= bits[number]
            while at < last and done & bits[at]:
                done ^= bits[at]
                at += 1
        self.work += 1
        if at > self.deepest:
            self.deepest = at
        place = ((state * (last + 1) + at) << of.slots) | done
        # a place where one has been has nothing left to try
        self._tried = -1 if place in self._been else 0
        self._been.add(place)
        self._at, self._done = at, done
        return at == last

    def _next(self) -> bool:
        """Let the next operation that can take effect do so; whether there is one."""
        of = self._of
        if self._tried < 0:
            return False
        at, done, state = self._at, self._done, self._state
        changers, moves = of.changers[at], of.moves
        for tried in range(self._tried, len(changers)):
            number = changers[tried]
            if done & of.bits[number]:
                continue
            after = moves[of.kinds[number]].get(state)
            if after is None:
                after = of.after(of.kinds[number], state)
            if after >= 0:
                self.work += tried - self._tried
                self._go(tried + 1, done | of.bits[number], after)
                return True
        self.work += max(0, len(changers) - self._tried)
        return self._next_open(max(0, self._tried - len(changers)))

    def _next_open(self, first: int) -> bool:
        """The same with one that may never have taken effect: useless where it changes nothing."""
        of = self._of
        done, state, opened = self._done, self._state, of.opened[self._at]
        for tried in range(first, opened):
            before = of.open_after[tried]
            if done & of.open_bits[tried] or done & before != before:
                continue
            after = of.moves[of.open_kinds[tried]].get(state)
            if after is None:
                after = of.after(of.open_kinds[tried], state)
            if after >= 0 and after != state:
                self.work += tried - first
                self._go(len(of.changers[self._at]) + tried + 1, done | of.open_bits[tried], after)
                return True
        self.work += opened - first
        return False

    def _go(self, tried: int, done: int, after: int) -> None:
        self._stack.append((self._at, self._done, self._state, tried))
        self._done, self._state = done, after
