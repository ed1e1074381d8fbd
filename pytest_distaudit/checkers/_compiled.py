"""One object's operations as arrays of numbers, in the order in which they must have taken effect."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import attrgetter

from pytest_distaudit.checkers.models import ILLEGAL, Model
from pytest_distaudit.checkers.values import distinct
from pytest_distaudit.ports.history import Operation, Outcome


class Compiled:
    """What the search walks over.

    Closed operations are numbered by their returns; ``bits[p]`` is the operation's own among those under way with it
    and is used again after its return, so that a set of them is a small number. ``observers[p]`` and ``changers[p]``
    are those under way when operation ``p`` returns: one of them comes next. Of the open operations, ``opened[p]``
    have been called by then; each may follow only where its like of ``open_after`` has (identical ones are symmetric).
    """

    def __init__(self, operations: Sequence[Operation], model: Model) -> None:
        kept = _that_count(operations, model)
        self._model = model
        self._kinds: dict[Hashable, int] = {}
        self._samples: list[Operation] = []
        self._states: list[Hashable] = [model.initial]
        self._numbers: dict[Hashable, int] = {model.initial: 0}
        #: for each kind of operation: state -> state afterwards, -1 if illegal
        self.moves: list[dict[int, int]] = []
        self.closed = sorted((each for each in kept if _is_closed(each)), key=attrgetter("ends_ns"))
        self.open = sorted((each for each in kept if not _is_closed(each)), key=attrgetter("call_ns"))
        self.kinds = [self._kind(each) for each in self.closed]
        self.open_kinds = [self._kind(each) for each in self.open]
        self.open_after: list[int] = []
        self.bits = [0] * len(self.closed)
        self.observers: list[tuple[int, ...]] = []
        self.changers: list[tuple[int, ...]] = []
        self.opened: list[int] = []
        self.slots = 0
        self._arrange()

    def after(self, kind: int, state: int) -> int:
        """The state after an operation of ``kind`` in ``state``, worked out for the first time."""
        found = self._model.step(self._states[state], self._samples[kind])
        number = -1
        if found is not ILLEGAL:
            number = self._numbers.setdefault(found, len(self._states))
            if number == len(self._states):
                self._states.append(found)
        self.moves[kind][state] = number
        return number

    def _kind(self, operation: Operation) -> int:
        told: tuple[Hashable, ...] = (operation.operation, distinct(operation.arguments), _is_closed(operation))
        if _is_closed(operation):
            told = (*told, distinct(operation.result))
        number = self._kinds.setdefault(told, len(self._samples))
        if number == len(self._samples):
            self._samples.append(operation)
            self.moves.append({})
        return number

    def _arrange(self) -> None:
        """Walk over calls and returns; at equal stamps calls come first, as intervals are closed (Porcupine)."""
        calls = sorted(range(len(self.closed)), key=lambda number: self.closed[number].call_ns)
        looks = [self._model.observes(sample) for sample in self._samples]
        under_way: dict[int, None] = {}
        free: list[int] = []
        next_call = opened = 0
        for number, operation in enumerate(self.closed):
            until = operation.ends_ns
            while next_call < len(calls) and self.closed[calls[next_call]].call_ns <= until:
                called = calls[next_call]
                under_way[called] = None
                self.bits[called] = free.pop() if free else self._slot()
                next_call += 1
            while opened < len(self.open) and self.open[opened].call_ns <= until:
                opened += 1
            self.observers.append(tuple(each for each in under_way if looks[self.kinds[each]]))
            self.changers.append(tuple(sorted(each for each in under_way if not looks[self.kinds[each]])))
            self.opened.append(opened)
            del under_way[number]
            free.append(self.bits[number])
        self._number_open()

    def _slot(self) -> int:
        self.slots += 1
        return 1 << (self.slots - 1)

    def _number_open(self) -> None:
        last: dict[int, int] = {}
        self.open_bits = []
        for kind in self.open_kinds:
            self.open_after.append(last.get(kind, 0))
            last[kind] = self._slot()
            self.open_bits.append(last[kind])


def _that_count(operations: Sequence[Operation], model: Model) -> list[Operation]:
    """Without what never took effect, and without open ones that explain nothing."""
    kept = [
        each
        for each in operations
        if each.outcome is Outcome.OK or (each.outcome is Outcome.INDETERMINATE and not model.observes(each))
    ]
    shapes = {(each.operation, len(each.arguments)): each for each in kept}
    for each in shapes.values():
        # an operation that the model does not have is an error wherever it stands
        model.step(model.initial, each)
    if all(_is_closed(each) for each in kept):
        return kept
    idle = model.unobserved(kept)
    return [each for number, each in enumerate(kept) if _is_closed(each) or number not in idle]


def _is_closed(operation: Operation) -> bool:
    return operation.outcome is Outcome.OK
