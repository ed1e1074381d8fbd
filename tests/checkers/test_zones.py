"""The zone rule and the search agree where both apply; so do the zones and the definition."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers import linearizability, registers, zones
from pytest_distaudit.checkers.linearizability import Limits
from pytest_distaudit.checkers.models import KeyValue, Register
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import Operation, Outcome
from tests.checkers.made import DRAWS, OPEN, Load, cas, linearizable, op, read, simulated, tampered, write
from tests.thorough import many

UNIQUE = st.builds(
    Load,
    operations=st.integers(1, 40),
    clients=st.integers(1, 6),
    keys=st.integers(0, 2),
    values=st.just(0),
    kinds=st.just(("read", "write")),
    open_share=st.sampled_from([0.0, 0.2]),
    longest=st.integers(1, 15),
)


@given(UNIQUE, DRAWS, st.integers(0, 2))
@settings(max_examples=many(800))
def test_both_rules_agree(load: Load, draw: random.Random, lies: int) -> None:
    operations = simulated(load, draw)
    for _ in range(lies):
        operations = tampered(operations, draw)
    found = zones.check(operations, keyed=load.keys > 0)
    model = KeyValue() if load.keys else Register()
    other = linearizability.check(operations, model)
    assert found is not None
    assert (found.verdict, found.reason, found.checked) == (other.verdict, other.reason, other.checked)
    if found.verdict is Verdict.REFUTED:
        assert found.stuck in operations
        assert found.stuck.ends_ns == max(each.ends_ns for each in found.witness if each.outcome is Outcome.OK)
        assert set(found.witness) <= set(operations)
        assert len(found.witness) <= 6
        assert linearizability.check(found.witness, model).verdict is Verdict.REFUTED
        again = zones.check(found.witness, keyed=load.keys > 0)
        assert again is not None
        assert again.verdict is Verdict.REFUTED


def test_both_rules_agree_on_thousands() -> None:
    """Fixed seeds, so that it is known how many of each there were."""
    counted = dict.fromkeys(Verdict, 0)
    seeds = many(4000)
    for seed in range(seeds):
        draw = random.Random(seed)
        load = Load(
            draw.randint(2, 16), draw.randint(1, 5), open_share=draw.choice([0, 0.2]), longest=draw.randint(1, 9)
        )
        operations = simulated(load, draw)
        for _ in range(draw.randint(0, 2)):
            operations = tampered(operations, draw)
        found, other = zones.check(operations), linearizability.check(operations, Register())
        assert found is not None
        assert found.verdict is other.verdict, seed
        counted[found.verdict] += 1
    assert counted[Verdict.VERIFIED] > seeds * 3 / 8
    assert counted[Verdict.REFUTED] > seeds / 5


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3), st.integers(0, 3)), max_size=6))
@settings(max_examples=many(600))
def test_zones_say_what_the_definition_says(told: list[tuple[bool, int, int, int]]) -> None:
    """Any operations at all, also ones that no store could have answered."""
    operations: list[Operation] = []
    for number, (writes, call, lasts, value) in enumerate(told):
        one = write(call, call + lasts, number) if writes else read(call, call + lasts, value or None)
        operations.append(one)
    found = zones.check(operations)
    assert found is not None
    if operations:
        assert (found.verdict is Verdict.VERIFIED) is linearizable(operations, Register())


@pytest.mark.parametrize(
    "operations",
    [
        [write(0, 1, 1), write(2, 3, 1)],
        [write(0, 1, 1), write(2, OPEN, 1)],
        [write(0, 1, None)],
        [write(0, 1, 1), cas(2, 3, 1, 2)],
        [write(0, 1, 1), op("read", 2, 3, "key", gives=1)],
    ],
    ids=["twice", "twice, once open", "the initial value", "a swap", "of another shape"],
)
def test_where_the_rule_does_not_apply_it_says_so(operations: list[Operation]) -> None:
    assert zones.check(operations) is None


def test_a_key_without_unique_values_leaves_all_to_the_search() -> None:
    """Its other key alone would be refuted by zones; the search says the same of it."""
    twice = [op("write", 0, 1, "a", 1), op("write", 2, 3, "a", 1), op("read", 4, 5, "a", gives=1)]
    stale = [op("write", 0, 1, "b", 1), op("read", 2, 3, "b", gives=None)]
    assert zones.check([*stale, *twice], keyed=True) is None
    found = registers.check([*stale, *twice], keyed=True)
    assert (found.verdict, found.part) == (Verdict.REFUTED, "b")
    assert registers.check(twice, keyed=True).verdict is Verdict.VERIFIED


def test_limits_are_those_of_the_search() -> None:
    many = [cas(0, 100, value, value + 1) for value in (3, 1, 4, 0, 2)] + [write(0, 100, 0), read(101, 102, 9)]
    assert registers.check(many).verdict is Verdict.REFUTED
    assert registers.check(many, limits=Limits(places=3)).reason is Reason.BUDGET
    assert registers.check(many[:-1], limits=Limits(places=3)).reason is Reason.BUDGET


def test_the_initial_value_was_there_before_all_time() -> None:
    assert registers.check([read(0, 1, "old"), write(2, 3, "new")], "old").verdict is Verdict.VERIFIED
    late = registers.check([write(0, 1, "new"), read(2, 3, "old")], "old")
    assert late.verdict is Verdict.REFUTED
    assert late.witness == (write(0, 1, "new"), read(2, 3, "old"))


def test_values_may_be_lists_and_truths() -> None:
    told = [
        write(0, 1, True),
        read(2, 3, True),
        write(4, 5, 1),
        read(6, 7, 1),
        write(8, 9, (1, True)),
        read(10, 11, (1, True)),
    ]
    found = zones.check(told)
    assert found is not None
    assert found.verdict is Verdict.VERIFIED
    other = zones.check([*told, read(12, 13, (True, True))])
    assert other is not None
    assert other.verdict is Verdict.REFUTED


def test_equal_stamps_touch_and_do_not_overlap() -> None:
    """Two forward zones that share one moment: the first value was read last when the second was returned first."""
    one = [write(0, 1, 1), read(5, 9, 1)]
    assert registers.check([*one, write(2, 5, 2), read(9, 9, 2)]).verdict is Verdict.VERIFIED
    assert registers.check([*one, write(2, 4, 2), read(9, 9, 2)]).verdict is Verdict.REFUTED


def test_of_operations_that_show_the_same_one_is_shown() -> None:
    """Each value's write, and whoever was called last."""
    shown = [write(0, 1, 1), write(2, 4, 2), read(5, 9, 1), read(9, 9, 2)]
    found = registers.check([*shown, read(0, 1, 1), read(2, 4, 2), read(5, 9, 1), read(9, 9, 2)])
    assert (found.verdict, found.witness) == (Verdict.REFUTED, tuple(shown))
