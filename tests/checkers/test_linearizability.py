"""Known answers from the literature, and the definition itself for small histories."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers import linearizability, registers, zones
from pytest_distaudit.checkers._compiled import Compiled
from pytest_distaudit.checkers._search import Search
from pytest_distaudit.checkers._shrink import broken_prefix, shrunk
from pytest_distaudit.checkers.linearizability import Limits
from pytest_distaudit.checkers.models import ILLEGAL, KeyValue, Model, Mutex, Register, Set
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome
from tests.checkers.made import (
    DRAWS,
    OPEN,
    Load,
    cas,
    explained,
    failed,
    linearizable,
    op,
    read,
    simulated,
    tampered,
    write,
)
from tests.thorough import many

GOOD, BAD = Verdict.VERIFIED, Verdict.REFUTED


@dataclass(frozen=True)
class Fifo:
    """The queue of Herlihy & Wing's examples; extensions bring models like this."""

    initial: Hashable = ()

    def part(self, operation: Operation) -> Hashable:
        return None

    def observes(self, operation: Operation) -> bool:
        return False

    def forgets(self, operation: Operation) -> bool:
        return False

    def step(self, state: Hashable, operation: Operation) -> Hashable:
        assert isinstance(state, tuple)
        if operation.operation == "enq":
            return (*state, operation.arguments[0])
        return state[1:] if state and state[0] == operation.result else ILLEGAL

    def unobserved(self, operations: Sequence[Operation]) -> set[int]:
        return set()


def enq(call: int, returns: int | None, value: str) -> Operation:
    return op("enq", call, returns, value)


def deq(call: int, returns: int, gives: str) -> Operation:
    return op("deq", call, returns, gives=gives)


def judged(operations: Sequence[Operation], model: Model) -> Verdict:
    return linearizability.check(operations, model).verdict


REGISTERS = {
    "one after another": ([write(0, 1, 1), read(2, 3, 1)], GOOD),
    # Herlihy & Wing 1990, figure 2: H5 is accepted, H6 is not
    "H5": ([write(0, 2, 0), write(1, 5, 1), read(3, 4, 1), write(6, 7, 0), read(8, 9, 0)], GOOD),
    "H6": ([write(0, 2, 0), write(1, 5, 1), read(3, 4, 1), write(6, 8, 0), read(9, 10, 1)], BAD),
    # the first pages of every introduction
    "a read of both, new then new": ([write(0, 10, 1), read(1, 2, None), read(3, 4, 1)], GOOD),
    "new then old": ([write(0, 10, 1), read(1, 2, 1), read(3, 4, None)], BAD),
    "stale after the write": ([write(0, 1, 1), read(2, 3, None)], BAD),
    "never written": ([write(0, 1, 1), read(2, 3, 7)], BAD),
    "before it was written": ([read(0, 1, 1), write(2, 3, 1)], BAD),
    # two readers that see two writes in opposite orders (long fork)
    "opposite orders": ([write(0, 9, 1), write(0, 9, 2), read(1, 2, 1), read(3, 4, 2), read(5, 6, 1)], BAD),
    "overlapping readers may": ([write(0, 9, 1), write(0, 9, 2), read(1, 6, 1), read(1, 6, 2)], GOOD),
    # intervals are closed: what touches overlaps
    "touching": ([write(0, 5, 1), read(5, 6, None)], GOOD),
    "one later": ([write(0, 5, 1), read(6, 7, None)], BAD),
    "all at one moment": ([write(3, 3, 1), read(3, 3, None), read(3, 3, 1)], GOOD),
    # open operations: at once, late, or never
    "open and seen": ([write(0, OPEN, 1), read(5, 6, 1)], GOOD),
    "open and not seen": ([write(0, OPEN, 1), read(5, 6, None)], GOOD),
    "open and seen late": ([write(0, OPEN, 1), read(5, 6, None), read(7, 8, 1)], GOOD),
    "open and lost again": ([write(0, OPEN, 1), read(5, 6, 1), read(7, 8, None)], BAD),
    "open, but not called yet": ([read(0, 1, 1), write(2, OPEN, 1)], BAD),
    "open ones in another order": ([write(0, OPEN, 1), write(1, OPEN, 2), read(5, 6, 2), read(7, 8, 1)], GOOD),
    "open ones in no order": ([write(0, OPEN, 1), write(1, OPEN, 2), *(read(n, n, 1 + n % 2) for n in (5, 6, 7))], BAD),
    "an open read says nothing": ([write(0, 1, 1), read(2, OPEN, None)], GOOD),
    "failed and seen": ([failed(write(0, 1, 1)), read(2, 3, 1)], BAD),
    "failed and not seen": ([failed(write(0, 1, 1)), write(2, 3, 2), read(4, 5, 2)], GOOD),
    "truths are no numbers": ([write(0, 1, 1), read(2, 3, True)], BAD),
}


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_of_the_literature(name: str) -> None:
    operations, wanted = REGISTERS[name]
    found = linearizability.check(operations, Register())
    assert found.verdict is wanted
    assert found.reason is None
    assert found.checked == sum(each.outcome is Outcome.OK for each in operations)
    by_zones = zones.check(operations)
    assert by_zones is None or (by_zones.verdict, by_zones.checked) == (wanted, found.checked)


SWAPS = {
    "won": ([write(0, 1, 1), cas(2, 3, 1, 2), read(4, 5, 2)], GOOD),
    "lost": ([write(0, 1, 1), cas(2, 3, 7, 2, swapped=False), read(4, 5, 1)], GOOD),
    "both won": ([write(0, 1, 1), cas(2, 9, 1, 2), cas(2, 9, 1, 3)], BAD),
    "one won": ([write(0, 1, 1), cas(2, 9, 1, 2), cas(2, 9, 1, 3, swapped=False)], GOOD),
    "none won": ([write(0, 1, 1), cas(2, 9, 1, 2, swapped=False), cas(2, 9, 1, 3, swapped=False)], BAD),
    "in a row": ([write(0, 1, 1), cas(2, 9, 1, 2), cas(2, 9, 2, 3), read(10, 11, 3)], GOOD),
    "open one in between": ([write(0, 1, 1), cas(2, OPEN, 1, 2), cas(3, 4, 2, 3), read(5, 6, 3)], GOOD),
    "open one cannot": ([write(0, 1, 1), cas(2, OPEN, 7, 2), read(5, 6, 2)], BAD),
    "an open write explains a loss": ([write(0, OPEN, 7), cas(2, 3, None, 2, swapped=False)], GOOD),
    "nothing explains a loss": ([cas(2, 3, None, 2, swapped=False)], BAD),
    # two open ones of the same kind may both be needed
    "twice": ([cas(0, OPEN, 1, 2), cas(0, OPEN, 1, 2), write(1, 2, 1), read(3, 4, 2), write(5, 6, 1), read(7, 8, 2)],
              GOOD),
    "thrice is too often": (
        [cas(0, OPEN, 1, 2), write(1, 2, 1), read(3, 4, 2), write(5, 6, 1), read(7, 8, 2)], BAD),
}  # fmt: skip


@pytest.mark.parametrize("name", SWAPS)
def test_compare_and_set(name: str) -> None:
    operations, wanted = SWAPS[name]
    assert judged(operations, Register()) is wanted
    assert linearizable(operations, Register()) is (wanted is GOOD)
    assert zones.check(operations) is None


QUEUES = {
    # Herlihy & Wing 1990, figure 1: H1 and H4 are accepted, H2 and H3 are not
    "H1": ([enq(0, 2, "x"), enq(1, 3, "y"), deq(4, 6, "x"), deq(5, 7, "y"), enq(8, 9, "z")], GOOD),
    "H2": ([enq(0, 1, "x"), enq(2, 3, "y"), deq(4, 5, "y")], BAD),
    "H3": ([enq(0, 2, "x"), enq(1, 3, "y"), deq(4, 5, "y"), deq(6, 7, "x"), deq(8, 9, "y")], BAD),
    "H4": ([enq(0, 2, "x"), enq(1, 3, "y"), deq(4, 6, "y"), deq(5, 7, "x")], GOOD),
    "an open one is taken": ([enq(0, OPEN, "x"), deq(1, 2, "x")], GOOD),
}


@pytest.mark.parametrize("name", QUEUES)
def test_queues_of_the_literature(name: str) -> None:
    operations, wanted = QUEUES[name]
    assert judged(operations, Fifo()) is wanted


MUTEXES = {
    "in turn": ([op("acquire", 0, 1), op("release", 2, 3), op("acquire", 4, 5)], GOOD),
    "twice": ([op("acquire", 0, 1), op("acquire", 2, 3)], BAD),
    "not held": ([op("release", 0, 1)], BAD),
    "an open release explains it": ([op("acquire", 0, 1), op("release", 2, OPEN), op("acquire", 8, 9)], GOOD),
    "of its owner": ([op("acquire", 0, 1, "a"), op("release", 2, 3, "a"), op("acquire", 4, 5, "b")], GOOD),
    "of another": ([op("acquire", 0, 1, "a"), op("release", 2, 3, "b")], BAD),
}


@pytest.mark.parametrize("name", MUTEXES)
def test_a_mutex_is_held_once(name: str) -> None:
    operations, wanted = MUTEXES[name]
    assert judged(operations, Mutex()) is wanted
    assert linearizable(operations, Mutex()) is (wanted is GOOD)


SETS = {
    "added": ([op("add", 0, 1, 1), op("read", 2, 3, gives=(1,))], GOOD),
    "in any order": ([op("add", 0, 1, 1), op("add", 2, 3, 2), op("read", 4, 5, gives=(2, 1))], GOOD),
    "lost": ([op("add", 0, 1, 1), op("read", 2, 3, gives=())], BAD),
    "removed": ([op("add", 0, 1, 1), op("remove", 2, 3, 1), op("contains", 4, 5, 1, gives=False)], GOOD),
    "removed and there": ([op("add", 0, 1, 1), op("remove", 2, 3, 1), op("contains", 4, 5, 1, gives=True)], BAD),
    "seen, then not": (
        [op("add", 0, 9, 1), op("contains", 1, 2, 1, gives=True), op("contains", 3, 4, 1, gives=False)], BAD),
    "open and found": ([op("add", 0, OPEN, 1), op("contains", 3, 4, 1, gives=True)], GOOD),
    "open and not found": ([op("add", 0, OPEN, 1), op("read", 3, 4, gives=())], GOOD),
    "open removal": ([op("add", 0, 1, 1), op("remove", 2, OPEN, 1), op("read", 3, 4, gives=())], GOOD),
    "truths are no numbers": ([op("add", 0, 1, 1), op("read", 2, 3, gives=(True,))], BAD),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_a_set_holds_what_was_added(name: str) -> None:
    operations, wanted = SETS[name]
    assert judged(operations, Set()) is wanted
    assert linearizable(operations, Set()) is (wanted is GOOD)


@pytest.mark.parametrize(
    "operations",
    [[], [read(0, OPEN, None)], [failed(write(0, 1, 1))], [write(0, OPEN, 1)]],
    ids=["empty", "an open read", "failed", "open"],
)
def test_nothing_that_answered_is_no_pass(operations: list[Operation]) -> None:
    for found in (linearizability.check(operations, Register()), zones.check(operations)):
        assert found is not None
        assert (found.verdict, found.reason, found.checked) == (Verdict.UNVERIFIABLE, Reason.VACUOUS, 0)


@pytest.mark.parametrize(
    ("model", "operation"),
    [
        (Register(), op("increment", 0, 1)),
        (Register(), op("write", 0, 1)),
        (Register(), op("read", 0, 1, "key")),
        (KeyValue(), op("read", 0, 1)),
        (Mutex(), op("steal", 0, 1)),
        (Set(), op("clear", 0, 1)),
        (Register(), op("cas", 0, OPEN, 1)),
    ],
)
def test_what_a_model_does_not_have_is_an_error(model: Model, operation: Operation) -> None:
    with pytest.raises(ValueError, match=operation.operation):
        linearizability.check([operation], model)


SMALL = st.builds(
    Load,
    operations=st.integers(1, 6),
    clients=st.integers(1, 4),
    values=st.integers(1, 3),
    kinds=st.sampled_from([("read", "write"), ("read", "write", "cas"), ("read", "cas")]),
    open_share=st.sampled_from([0.0, 0.3]),
    longest=st.integers(1, 8),
)


@given(SMALL, DRAWS, st.booleans())
@settings(max_examples=many(600))
def test_the_search_says_what_the_definition_says(load: Load, draw: random.Random, lie: bool) -> None:
    operations = simulated(load, draw)
    if lie:
        operations = tampered(operations, draw)
    found = linearizability.check(operations, Register())
    if found.reason is Reason.VACUOUS:
        assert not any(each.outcome is Outcome.OK for each in operations)
    else:
        assert (found.verdict is GOOD) is linearizable(operations, Register())


MIDDLING = st.builds(
    Load,
    operations=st.integers(5, 14),
    clients=st.integers(2, 6),
    values=st.integers(2, 4),
    kinds=st.sampled_from([("read", "write"), ("read", "write", "cas"), ("read", "cas", "cas")]),
    open_share=st.sampled_from([0.0, 0.2, 0.4]),
    longest=st.integers(2, 20),
)


@given(MIDDLING, DRAWS, st.integers(0, 2))
@settings(max_examples=many(600))
def test_short_cuts_change_no_verdict(load: Load, draw: random.Random, lies: int) -> None:
    operations = simulated(load, draw)
    for _ in range(lies):
        operations = tampered(operations, draw)
    found = linearizability.check(operations, Register())
    if found.reason is not Reason.VACUOUS:
        assert (found.verdict is GOOD) is explained(operations, Register())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 6), st.integers(0, 2)), max_size=9))
@settings(max_examples=many(400))
def test_sets_and_mutexes_too(told: list[tuple[int, int, int, int]]) -> None:
    """Any operations at all; some never answered."""
    elements: list[Operation] = []
    locks: list[Operation] = []
    for kind, call, lasts, value in told:
        returns = call + lasts if lasts < 6 else OPEN
        name = ("add", "remove", "contains", "read")[kind]
        arguments = () if name == "read" else (value,)
        gives = {"read": tuple(range(value)), "contains": bool(lasts % 2)}.get(name)
        elements.append(op(name, call, returns, *arguments, gives=gives))
        locks.append(op(("acquire", "release")[kind % 2], call, returns))
    for operations, model in ((elements, Set()), (locks, Mutex())):
        found = linearizability.check(operations, model)
        if found.reason is not Reason.VACUOUS:
            assert (found.verdict is GOOD) is explained(operations, model)
        if found.verdict is BAD:
            assert not explained(found.witness, model)


BIGGER = st.builds(
    Load,
    operations=st.integers(1, 60),
    clients=st.integers(1, 8),
    keys=st.integers(0, 3),
    values=st.sampled_from([0, 3]),
    kinds=st.sampled_from([("read", "write"), ("read", "write", "cas")]),
    open_share=st.sampled_from([0.0, 0.1]),
    longest=st.integers(1, 30),
)


@given(BIGGER, DRAWS)
@settings(max_examples=many(300))
def test_a_store_that_tells_the_truth_is_never_refuted(load: Load, draw: random.Random) -> None:
    operations = simulated(load, draw)
    assert registers.check(operations, keyed=load.keys > 0).verdict is not BAD
    draw.shuffle(operations)
    model = KeyValue() if load.keys else Register()
    assert judged(operations, model) is not BAD


@given(BIGGER, DRAWS)
@settings(max_examples=many(300))
def test_a_witness_is_refuted_by_itself(load: Load, draw: random.Random) -> None:
    operations = tampered(simulated(load, draw), draw)
    model = KeyValue() if load.keys else Register()
    found = linearizability.check(operations, model)
    assert bool(found.witness) is (found.verdict is BAD)
    if found.verdict is BAD:
        assert judged(found.witness, model) is BAD
        assert found.stuck in operations
        assert len(found.witness) <= len(operations)
        assert {model.part(each) for each in found.witness} == {found.part}
        # and none that may be left out can be
        idle = model.unobserved(found.witness)
        for number, each in enumerate(found.witness):
            if number in idle or model.observes(each):
                assert judged([*found.witness[:number], *found.witness[number + 1 :]], model) is not BAD


@given(MIDDLING, DRAWS)
@settings(max_examples=50)
def test_a_set_of_operations_is_as_small_a_number_as_can_be(load: Load, draw: random.Random) -> None:
    """A bit for each of those under way at once, and for each open one."""
    compiled = Compiled(simulated(load, draw), Register())
    closed = compiled.closed
    at_once = [sum(each.call_ns <= one.ends_ns for each in closed[number:]) for number, one in enumerate(closed)]
    assert compiled.slots == max(at_once, default=0) + len(compiled.open)


def test_a_move_is_a_number_of_a_state() -> None:
    """States are numbered as they are met; -1 is none."""
    compiled = Compiled([write(0, 1, "a"), read(2, 3, "b")], Register())
    assert [compiled.after(kind, 0) for kind in compiled.kinds] == [1, -1]
    assert compiled.moves == [{0: 1}, {0: -1}]


def agreeing(numbers: Iterable[int]) -> list[Operation]:
    pairs = ((write(10 * n, 10 * n + 1, n), read(10 * n + 2, 10 * n + 3, n)) for n in numbers)
    return [each for pair in pairs for each in pair]


def test_the_witness_is_small_and_says_where() -> None:
    """Of 100 operations, a stale read, 100 more: the write, another with what was read of it, the stale read."""
    before = agreeing(range(0, 100, 2))
    stale = read(2000, 2001, 40)
    after = agreeing(range(300, 400, 2))
    for found in (linearizability.check([*before, stale, *after], Register()), zones.check([*before, stale, *after])):
        assert found is not None
        assert found.verdict is BAD
        assert found.stuck == stale
        assert stale in found.witness
        assert len(found.witness) <= 4


def test_the_witness_keeps_what_was_under_way_as_open() -> None:
    """The write that had not returned yet may explain a read, so it stays; it is no longer said to have returned."""
    operations = [write(0, 100, 1), read(1, 2, 1), read(3, 4, None), read(50, 60, 1)]
    found = linearizability.check(operations, Register())
    assert found.stuck == operations[2]
    opened = replace(operations[0], outcome=Outcome.INDETERMINATE, return_ns=None)
    assert found.witness == (opened, operations[1], operations[2])


def test_a_witness_begins_after_what_nothing_touches() -> None:
    """At equal stamps operations overlap: what is before may still matter."""
    first, second, third = write(0, 5, 1), write(5, 6, 2), write(8, 9, 3)
    touching = [first, second, read(10, 11, 1), read(12, 13, 2)]
    assert first in linearizability.check(touching, Register()).witness
    swapped = cas(9, 12, 1, 4)
    after = [replace(first, return_ns=4), third, swapped, read(14, 15, 3), read(16, 17, 4)]
    assert after[0] in linearizability.check(after, Register()).witness
    clear = [write(0, 4, 1), third, cas(10, 12, 3, 4), read(14, 15, 3)]
    assert linearizability.check(clear, Register()).witness == tuple(clear[1:])


def test_equal_returns_are_all_of_one_prefix() -> None:
    operations = [write(0, 5, 1), read(6, 9, None), read(6, 9, 1)]
    found = linearizability.check(operations, Register())
    assert found.verdict is BAD
    assert judged(found.witness, Register()) is BAD


def test_one_bad_key_among_many_is_named() -> None:
    load = Load(300, clients=6, keys=5, values=3, kinds=("read", "write", "cas"))
    operations = simulated(load, random.Random(1))
    last = max(each.return_ns or 0 for each in operations)
    operations += [op("write", last + 1, last + 2, "key-3", 9), op("read", last + 3, last + 4, "key-3", gives=8)]
    found = linearizability.check(operations, KeyValue())
    assert (found.verdict, found.part) == (BAD, "key-3")
    assert found.witness == (operations[-1],)


def hard() -> list[Operation]:
    """Many writes at once, and a read of each value afterwards but one that was overwritten for certain."""
    writes = [write(0, 100, value) for value in range(12)]
    return [*writes, *(read(101 + 2 * n, 102 + 2 * n, n % 2) for n in range(4))]


def test_what_does_not_fit_the_limits_is_undecided() -> None:
    assert judged(hard(), Register()) is BAD
    for limits in (Limits(places=100), Limits(work=100)):
        found = linearizability.check(hard(), Register(), limits)
        assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.BUDGET)
        assert found.checked == 16
        assert not found.witness


def test_an_undecided_object_never_hides_a_refuted_one() -> None:
    """A few tries are enough for the small object, whatever the other costs."""
    keyed = [replace(each, arguments=("hard", *each.arguments)) for each in hard()]
    small = [op("write", 0, 1, "small", 1), op("read", 2, 3, "small", gives=2)]
    found = linearizability.check([*keyed, *small], KeyValue(), Limits(work=3_000))
    assert (found.verdict, found.part) == (BAD, "small")


def test_who_needs_most_memory_gives_it_to_others() -> None:
    """The hard object alone would fill it, before the other has had its second turn."""
    keyed = [replace(each, arguments=("hard", *each.arguments)) for each in hard()]
    other = [op("write", 0, 100, "other", value) for value in range(9)]
    other += [op("read", 101 + 2 * n, 102 + 2 * n, "other", gives=n % 2) for n in range(4)]
    alone = linearizability.check(other, KeyValue())
    assert alone.verdict is BAD
    found = linearizability.check([*keyed, *other], KeyValue(), Limits(places=3_000))
    assert (found.verdict, found.part) == (BAD, "other")
    good = linearizability.check([*keyed, *other[:-3]], KeyValue(), Limits(places=3_000))
    assert (good.verdict, good.reason) == (Verdict.UNVERIFIABLE, Reason.BUDGET)


def late_found(key: str, writes: int = 10) -> list[Operation]:
    """What was written first has to have been last: the search comes to it last."""
    told = [op("write", 0, 100, key, value) for value in range(writes)]
    return [*told, op("read", 101, 102, key, gives=0)]


def needed(operations: Sequence[Operation]) -> Search:
    search = Search(Compiled(operations, KeyValue()))
    assert search.run(10**9, 10**9) is not None
    return search


#: histories with what the search makes of them: whether there is an order, returns explained, work, places
SEARCHED: dict[str, tuple[Model, list[Operation], tuple[bool, int, int, int]]] = {
    # nothing, each write, and each after the other: five places
    "opposite orders": (
        Register(), [write(0, 9, 1), write(0, 9, 2), read(1, 2, 1), read(3, 4, 2), read(5, 6, 1)], (False, 2, 11, 5)),
    "open ones in no order": (
        Register(),
        [*(write(n, OPEN, 1 + n) for n in range(3)), *(read(n, n, 1 + n % 3) for n in range(5, 10))],
        (False, 3, 43, 14)),
    "open ones that are alike": (
        Register(),
        [*(write(n, OPEN, 1) for n in range(3)),
         write(50, 51, 2), read(52, 53, 1), write(54, 55, 2), read(56, 57, 1), read(58, 59, 2)],
        (False, 4, 35, 10)),
    "open ones and others": (
        Register(),
        [write(0, OPEN, 1), write(1, OPEN, 2), write(0, OPEN, 3), write(2, 20, 4), write(2, 20, 5),
         read(5, 6, 2), read(7, 8, 3), read(21, 22, 1), read(23, 24, 5)],
        (False, 5, 447, 93)),
    "back to the beginning": (
        Register(),
        [cas(0, 9, None, 1), cas(0, 9, 1, 2), cas(0, 9, 2, None), read(3, 4, 2), read(5, 10, None),
         cas(0, OPEN, None, 3), read(11, 12, 3)],
        (True, 6, 6, 5)),
    "an open release": (
        Mutex(),
        [op("acquire", 0, 1), op("release", 2, OPEN), op("acquire", 3, 9), op("release", 4, 9), op("acquire", 20, 21)],
        (True, 4, 8, 6)),
    "places that are next to one another": (
        Register(),
        [write(1, 8, 1), cas(4, OPEN, None, 2), cas(5, OPEN, 1, 1), write(8, OPEN, 2), cas(8, 12, 2, 1)],
        (True, 2, 7, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", SEARCHED)
def test_nothing_is_tried_twice(name: str) -> None:
    """Work and places are the same on every machine, so they are known for each history."""
    model, operations, wanted = SEARCHED[name]
    search = Search(Compiled(operations, model))
    assert (search.run(1000, 1000), search.deepest, search.work, search.places) == wanted
    # a bit at a time the same is found: each turn ends with the step that used up its work
    again, turns = Search(Compiled(operations, model)), list[bool | None]()
    while not turns or turns[-1] is None:
        turns.append(again.run(1, 1000))
    assert (turns[-1], again.deepest, again.work, again.places) == wanted


@pytest.mark.parametrize(
    ("work", "places", "seen"),
    [(1, 1000, (1, 1)), (2, 1000, (3, 2)), (3, 1000, (3, 2)), (4, 1000, (6, 3)), (1000, 1, (1, 1)), (1000, 2, (3, 2))],
)
def test_a_search_ends_with_the_step_that_meets_a_limit(work: int, places: int, seen: tuple[int, int]) -> None:
    model, operations, _ = SEARCHED["opposite orders"]
    search = Search(Compiled(operations, model))
    assert search.run(work, places) is None
    assert (search.work, search.places) == seen


def test_what_all_objects_do_is_counted_together() -> None:
    one, other = late_found("a"), late_found("b")
    alone = needed(one)
    assert alone.work > 5_000
    # each place tries ten writes at most
    assert alone.places < alone.work <= 11 * alone.places
    enough = Limits(work=2 * alone.work)
    assert linearizability.check(one, KeyValue(), Limits(work=alone.work)).verdict is GOOD
    assert linearizability.check([*one, *other], KeyValue(), enough).verdict is GOOD
    less = linearizability.check([*one, *other], KeyValue(), Limits(work=2 * alone.work - 100))
    assert less.reason is Reason.BUDGET


def test_what_all_objects_remember_is_counted_together() -> None:
    one, other = late_found("a"), late_found("b")
    alone = needed(one)
    for share, verdict in ((1.1, Verdict.UNVERIFIABLE), (2.1, GOOD)):
        limits = Limits(places=round(share * alone.places))
        assert linearizability.check(one, KeyValue(), limits).verdict is GOOD
        assert linearizability.check([*one, *other], KeyValue(), limits).verdict is verdict


def test_what_is_needed_is_enough_and_no_less() -> None:
    one, other = late_found("a", 7), late_found("b", 6)
    alone, both = needed(one), needed(one).work + needed(other).work
    for operations, limits, less in (
        (one, Limits(work=alone.work), Limits(work=alone.work - 1)),
        ([*one, *other], Limits(work=both), Limits(work=both - 1)),
        (one, Limits(places=alone.places), Limits(places=alone.places - 1)),
    ):
        assert linearizability.check(operations, KeyValue(), limits).verdict is GOOD
        assert linearizability.check(operations, KeyValue(), less).reason is Reason.BUDGET


def test_the_limits_bound_memory_and_time() -> None:
    """Some 140 MB and half a minute."""
    assert Limits() == Limits(places=2_000_000, work=20_000_000, shrinking=500_000)


def test_a_decided_object_leaves_its_memory_to_others() -> None:
    load = Load(400, clients=4, keys=40, values=3, kinds=("read", "write", "cas"))
    operations = simulated(load, random.Random(2))
    assert linearizability.check(operations, KeyValue(), Limits(places=60)).verdict is GOOD


def test_shrinking_has_a_limit_of_its_own() -> None:
    found = linearizability.check(hard(), Register(), Limits(shrinking=0))
    assert found.verdict is BAD
    assert judged(found.witness, Register()) is BAD


def test_the_more_work_the_smaller() -> None:
    """Halves are left out, then quarters, then each: searching costs work, and so does compiling."""
    refuted = [*agreeing(range(4)), read(50, 51, 1)]
    lengths = [len(shrunk(refuted, Register(), work)) for work in range(40)]
    assert lengths == [9] * 6 + [7] * 11 + [5] * 8 + [3] * 15
    assert shrunk(refuted, Register(), 40) == [refuted[2], refuted[6], refuted[8]]
    # what has just been used up is not there
    unread = [write(1, 4, 0), read(4, 4, 5), write(4, OPEN, 1)]
    assert [len(shrunk(unread, Register(), work)) for work in (4, 5, 6)] == [2, 2, 1]


def test_what_is_called_as_a_return_is_stuck_is_under_way() -> None:
    """At equal stamps calls come first."""
    told = [read(0, 2, 7), write(2, 9, 1), write(3, 9, 2), read(2, 9, None)]
    stuck, prefix = broken_prefix(told, Register(), 0)
    assert stuck == told[0]
    assert prefix == [told[0], replace(told[1], outcome=Outcome.INDETERMINATE, return_ns=None)]


def test_open_writes_that_nobody_read_cost_nothing() -> None:
    """Thirty of them would be 2**30 choices."""
    lost = [write(number, OPEN, 100 + number) for number in range(30)]
    closed = [each for n in range(50, 90, 4) for each in (write(n, n + 1, n), read(n + 2, n + 3, n))]
    stale = read(100, 101, 50)
    assert linearizability.check([*lost, *closed], Register(), Limits(places=100)).verdict is GOOD
    assert linearizability.check([*lost, *closed, stale], Register(), Limits(places=100)).verdict is BAD


def test_an_element_that_nobody_found_or_removed_is_unobserved() -> None:
    added = [op("add", number, OPEN, number) for number in range(4)]
    asked = [op("contains", 5, 6, 1, gives=False), op("remove", 7, 8, 2), op("read", 9, 10, gives=(3,))]
    assert Set().unobserved([*added, *asked]) == {0}
    many = [op("add", number, OPEN, 100 + number) for number in range(30)]
    assert linearizability.check([*many, *added, *asked], Set(), Limits(places=20)).verdict is GOOD


def test_open_operations_that_are_alike_are_tried_once() -> None:
    alike = [write(number, OPEN, 1) for number in range(20)]
    closed = [write(50, 51, 2), read(52, 53, 1), write(54, 55, 2), read(56, 57, 1), read(58, 59, 2)]
    found = linearizability.check([*alike, *closed], Register(), Limits(places=200))
    assert found.verdict is BAD
