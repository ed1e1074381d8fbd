"""What a queue acknowledged and what came out of it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers import total_queue
from pytest_distaudit.checkers.total_queue import Deliveries, check
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import MOST, Operation, Value
from tests.checkers.made import DRAWS, OPEN, failed, op
from tests.thorough import many


def enq(call: int, value: Value, returns: int | None = -1) -> Operation:
    return op("enqueue", call, call + 1 if returns == -1 else returns, value)


def deq(call: int, value: Value) -> Operation:
    return op("dequeue", call, call + 1, gives=value)


def drain(call: int, *values: Value) -> Operation:
    return op("drain", call, call + 1, gives=values)


def test_all_that_was_acknowledged_came_out() -> None:
    found = check([enq(0, 1), enq(2, 2), deq(4, 2), drain(6, 1)])
    assert found == total_queue.Deliveries(Verdict.VERIFIED, None, 2, 2)


def test_what_came_out_needs_no_drain() -> None:
    assert check([enq(0, 1), deq(2, 1)]).verdict is Verdict.VERIFIED


def test_an_acknowledged_value_that_never_came_out_is_lost() -> None:
    found = check([enq(0, 1), enq(2, 2), deq(4, 2), drain(6)])
    assert (found.verdict, found.lost, found.undelivered) == (Verdict.REFUTED, (1,), ())


def test_without_a_drain_nothing_is_lost_yet() -> None:
    found = check([enq(0, 1), enq(2, 2), deq(4, 2)])
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert (found.lost, found.undelivered) == ((), (1,))


@pytest.mark.parametrize(("call", "lost"), [(0, False), (1, False), (2, True)])
def test_a_drain_sees_what_was_acknowledged_before_it_began(call: int, lost: bool) -> None:
    """At equal stamps they overlap."""
    found = check([enq(0, 1), drain(call)])
    assert bool(found.lost) is lost
    assert found.verdict is (Verdict.REFUTED if lost else Verdict.UNVERIFIABLE)


def test_the_last_drain_counts_not_the_first() -> None:
    assert check([drain(0), enq(2, 1), drain(4)]).lost == (1,)
    assert check([enq(2, 1), drain(4), drain(0)]).lost == (1,)


def test_a_redelivery_after_the_drain_is_no_loss() -> None:
    assert check([enq(0, 1), drain(2), deq(4, 1)]).verdict is Verdict.VERIFIED


def test_what_nobody_sent_is_unexpected() -> None:
    found = check([enq(0, 1), deq(2, 1), deq(4, 7)])
    assert (found.verdict, found.unexpected) == (Verdict.REFUTED, (7,))


def test_what_came_before_it_was_sent_is_unexpected() -> None:
    assert check([deq(0, 1), enq(5, 1)]).unexpected == (1,)
    assert check([enq(1, 1), deq(0, 1)]).unexpected == ()


def test_duplicates_are_counted_and_legal() -> None:
    found = check([enq(0, 1), deq(2, 1), deq(4, 1), drain(6, 1)])
    assert (found.verdict, found.duplicated) == (Verdict.VERIFIED, (1, 1))


def test_a_value_sent_twice_has_to_come_twice() -> None:
    both = [enq(0, 1), enq(2, 1)]
    assert check([*both, drain(4, 1, 1)]) == total_queue.Deliveries(Verdict.VERIFIED, None, 2, 2)
    assert check([*both, drain(4, 1)]).lost == (1,)
    assert check([*both, drain(4)]).lost == (1, 1)


def test_of_two_alike_the_later_one_may_be_still_inside() -> None:
    found = check([enq(0, 1), deq(2, 1), drain(4), enq(6, 1)])
    assert (found.lost, found.undelivered) == ((), (1,))


def test_an_open_sending_may_or_may_not_come() -> None:
    away = check([enq(0, 1), enq(2, 2, OPEN), drain(4, 1)])
    assert (away.verdict, away.recovered) == (Verdict.VERIFIED, ())
    found = check([enq(0, 1), enq(2, 2, OPEN), drain(4, 1, 2)])
    assert (found.verdict, found.recovered) == (Verdict.VERIFIED, (2,))
    often = check([enq(0, 1), enq(2, 2, OPEN), drain(4, 1, 2, 2, 2)])
    assert (often.recovered, often.duplicated) == ((2,), (2, 2))


def test_what_was_refused_and_came_is_told() -> None:
    found = check([enq(0, 1), failed(enq(2, 2)), drain(4, 1, 2)])
    assert (found.verdict, found.refused, found.unexpected) == (Verdict.VERIFIED, (2,), ())
    again = check([failed(enq(0, 1)), enq(2, 1), drain(4, 1, 1)])
    assert (again.refused, again.duplicated) == ((), (1,))


def test_an_open_dequeue_may_hold_one_value() -> None:
    unsure = op("dequeue", 4, OPEN)
    one = check([enq(0, 1), unsure, drain(6)])
    assert (one.verdict, one.reason, one.lost, one.taken) == (
        Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE, (1,), 1,
    )  # fmt: skip
    assert check([enq(0, 1), enq(2, 2), unsure, drain(6)]).verdict is Verdict.REFUTED
    assert check([enq(0, 1), failed(deq(4, None)), drain(6)]).verdict is Verdict.REFUTED


def test_an_open_drain_may_hold_all() -> None:
    found = check([enq(0, 1), enq(2, 2), op("drain", 4, OPEN), drain(6)])
    assert (found.verdict, found.taken) == (Verdict.UNVERIFIABLE, inf)
    assert check([enq(0, 1), op("drain", 4, OPEN), deq(6, 9)]).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "operations", [[], [drain(0)], [failed(enq(0, 1)), drain(2)], [enq(0, 1, OPEN), drain(2, 1)], [deq(0, None)]]
)
def test_nothing_acknowledged_is_no_pass(operations: list[Operation]) -> None:
    found = check(operations)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)


def test_truths_are_no_numbers() -> None:
    assert check([enq(0, 1), drain(2, True)]).unexpected == (True,)


@pytest.mark.parametrize("operation", [op("publish", 0, 1, 1), op("enqueue", 0, 1)])
def test_other_operations_are_errors(operation: Operation) -> None:
    with pytest.raises(ValueError, match=operation.operation):
        check([operation])


def worked(draw: random.Random, loses: int = 0, invents: int = 0) -> tuple[list[Operation], Counter[int]]:
    """A queue that delivers at least once; what it lost."""
    told: list[Operation] = []
    inside: list[int] = []
    lost: Counter[int] = Counter()
    now = 0
    for value in range(draw.randint(1, 20)):
        now += 2
        fate = draw.choice(["ok", "ok", "ok", "open", "open-inside", "fail"])
        told.append(enq(now, value, OPEN if fate.startswith("open") else now + 1))
        if fate == "fail":
            told[-1] = failed(told[-1])
        if fate in ("ok", "open-inside"):
            inside += [value] * draw.choice([1, 1, 2])
        if inside and draw.random() < 0.4:
            now += 2
            told.append(deq(now, inside.pop(draw.randrange(len(inside)))))
    acknowledged = {each.arguments[0] for each in told if each.operation == "enqueue" and each.outcome.value == "ok"}
    came = {each.result for each in told if each.operation == "dequeue"}
    for value in [each for each in set(inside) - came if each in acknowledged][:loses]:
        inside = [each for each in inside if each != value]
        lost[value] += 1
    inside += [1000 + number for number in range(invents)]
    return [*told, drain(now + 2, *inside)], lost


@given(DRAWS, st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=many(300))
def test_exactly_what_was_lost_or_invented_is_found(draw: random.Random, loses: int, invents: int) -> None:
    operations, lost = worked(draw, loses, invents)
    draw.shuffle(operations)
    found = check(operations)
    assert Counter(found.lost) == lost
    assert len(found.unexpected) == invents
    if lost or invents:
        assert found.verdict is Verdict.REFUTED
    else:
        assert found.verdict is (Verdict.VERIFIED if found.acknowledged else Verdict.UNVERIFIABLE)
    assert not found.refused
    assert found.delivered == sum(
        len(each.result) if isinstance(each.result, tuple) else each.result is not None
        for each in operations
        if each.operation != "enqueue"
    )


@given(DRAWS)
def test_an_answer_that_never_came_refutes_nothing(draw: random.Random) -> None:
    """Each delivery made indeterminate can only take back a loss."""
    operations, _ = worked(draw)
    places = [number for number, each in enumerate(operations) if each.operation == "dequeue"]
    for place in places:
        unsure = op("dequeue", operations[place].call_ns, OPEN)
        changed = [replace(unsure) if number == place else each for number, each in enumerate(operations)]
        assert check(changed).verdict is not Verdict.REFUTED


def test_of_too_many_operations_nothing_is_told() -> None:
    assert check(range(MOST + 1)) == Deliveries(Verdict.UNVERIFIABLE, Reason.BUDGET, 0, 0)  # type: ignore[arg-type]
