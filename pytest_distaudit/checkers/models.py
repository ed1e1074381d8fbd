"""What an object may answer when its operations come one after another: register, key-value, mutex, set."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pytest_distaudit.checkers.values import distinct
from pytest_distaudit.ports.history import Operation, Outcome, Value

#: what :meth:`Model.step` answers where the operation could not have answered this in that state
ILLEGAL: Final = object()


class Model(Protocol):
    """A sequential specification (Herlihy & Wing 1990); states are hashable and equal only if they behave alike."""

    @property
    def initial(self) -> Hashable:
        """The state before the first operation."""

    def part(self, operation: Operation) -> Hashable:
        """The object that the operation is on; none may be on two (P-compositionality, Horn & Kroening 2015)."""

    def observes(self, operation: Operation) -> bool:
        """Whether it changes no state whatever."""

    def forgets(self, operation: Operation) -> bool:
        """Whether it is always legal and the state after it is the same whatever was before."""

    def step(self, state: Hashable, operation: Operation) -> Hashable:
        """The state after it, or ILLEGAL; of an open operation the result is unknown, and every one is legal.

        Raises ValueError for an operation that this object does not have.
        """

    def unobserved(self, operations: Sequence[Operation]) -> set[int]:
        """Positions of those that nobody saw an effect of: without them, what was linearizable still is."""


@dataclass(frozen=True, slots=True)
class Register:
    """``read`` -> value, ``write`` value, ``cas`` old new; the shape of Jepsen's ``cas-register``.

    A ``cas`` may answer False, and then it found something else; every other answer says that it wrote.
    """

    initial_value: Value = None
    #: how many arguments come before those of the register
    skipped = 0

    @property
    def initial(self) -> Hashable:
        """The value that it holds before the first write."""
        return distinct(self.initial_value)

    def part(self, operation: Operation) -> Hashable:
        """A register is one object."""
        return None

    def observes(self, operation: Operation) -> bool:
        """Reads, and a compare-and-set that failed."""
        return operation.operation == "read" or _missed(operation)

    def forgets(self, operation: Operation) -> bool:
        """A write."""
        return operation.operation == "write"

    def step(self, state: Hashable, operation: Operation) -> Hashable:
        """The value held afterwards."""
        arguments = operation.arguments[self.skipped :]
        match operation.operation, len(arguments):
            case "read", 0:
                return state if _open(operation) or state == distinct(operation.result) else ILLEGAL
            case "write", 1:
                return distinct(arguments[0])
            case "cas", 2:
                same = state == distinct(arguments[0])
                if _missed(operation):
                    return ILLEGAL if same else state
                return distinct(arguments[1]) if same else ILLEGAL
        raise ValueError(f"a register has read, write and cas, not {operation.operation} of {len(arguments)}")

    def unobserved(self, operations: Sequence[Operation]) -> set[int]:
        """Writes of a value that no read and no cas saw; none where a cas failed, which any other value explains."""
        if any(_missed(each) for each in operations):
            return set()
        seen = {
            distinct(each.result if each.operation == "read" else each.arguments[self.skipped])
            for each in operations
            if each.operation in ("read", "cas")
        }
        return {
            number
            for number, each in enumerate(operations)
            if each.operation in ("write", "cas") and distinct(each.arguments[-1]) not in seen
        }


@dataclass(frozen=True, slots=True)
class KeyValue(Register):
    """A register for each key; the key is every operation's first argument."""

    skipped = 1

    def part(self, operation: Operation) -> Hashable:
        """The key. Raises ValueError where there is none."""
        if not operation.arguments:
            raise ValueError(f"{operation.operation} of a key-value store without a key")
        return distinct(operation.arguments[0])


@dataclass(frozen=True, slots=True)
class Mutex:
    """``acquire`` and ``release`` (Knossos ``mutex``); with an argument only that owner may release."""

    @property
    def initial(self) -> Hashable:
        """Free."""
        return None

    def part(self, operation: Operation) -> Hashable:
        """A mutex is one object."""
        return None

    def observes(self, operation: Operation) -> bool:
        """Nothing only looks at a mutex."""
        return False

    def forgets(self, operation: Operation) -> bool:
        """Nothing: who acquires depends on who held."""
        return False

    def step(self, state: Hashable, operation: Operation) -> Hashable:
        """Who holds it afterwards, None if nobody does."""
        owner = ("held", *(distinct(each) for each in operation.arguments))
        if operation.operation == "acquire":
            return owner if state is None else ILLEGAL
        if operation.operation == "release":
            return None if state == owner else ILLEGAL
        raise ValueError(f"a mutex has acquire and release, not {operation.operation}")

    def unobserved(self, operations: Sequence[Operation]) -> set[int]:
        """Each acquisition is felt by the next one."""
        return set()


@dataclass(frozen=True, slots=True)
class Set:
    """``add`` element, ``remove`` element, ``contains`` element -> truth, ``read`` -> all elements in any order."""

    @property
    def initial(self) -> Hashable:
        """Empty."""
        return frozenset[Hashable]()

    def part(self, operation: Operation) -> Hashable:
        """A read looks at all elements: a set is one object."""
        return None

    def observes(self, operation: Operation) -> bool:
        """``contains`` and ``read``."""
        return operation.operation in ("contains", "read")

    def forgets(self, operation: Operation) -> bool:
        """Nothing: each change is of one element."""
        return False

    def step(self, state: Hashable, operation: Operation) -> Hashable:
        """The elements afterwards."""
        assert isinstance(state, frozenset)
        match operation.operation, operation.arguments:
            case "add", (element,):
                return state | {distinct(element)}
            case "remove", (element,):
                return state - {distinct(element)}
            case "contains", (element,):
                return state if _open(operation) or (distinct(element) in state) is operation.result else ILLEGAL
            case "read", ():
                return state if _open(operation) or state == _elements(operation.result) else ILLEGAL
        raise ValueError(f"a set has add, remove, contains and read, not {operation.operation}")

    def unobserved(self, operations: Sequence[Operation]) -> set[int]:
        """Additions of what nobody found and nobody removed."""
        seen: set[Hashable] = set()
        for each in operations:
            if each.operation == "read":
                seen |= _elements(each.result)
            elif each.operation in ("contains", "remove"):
                seen.add(distinct(each.arguments[0]))
        return {
            number
            for number, each in enumerate(operations)
            if each.operation == "add" and distinct(each.arguments[0]) not in seen
        }


def _open(operation: Operation) -> bool:
    return operation.outcome is Outcome.INDETERMINATE


def _missed(operation: Operation) -> bool:
    return operation.operation == "cas" and operation.result is False and not _open(operation)


def _elements(result: Value) -> frozenset[Hashable]:
    return frozenset(distinct(each) for each in result) if isinstance(result, tuple) else frozenset()
