"""What was added to a set and what reads of it found."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_distaudit.checkers.elements import Elements, check
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.history import MOST, Operation, Value
from tests.checkers.made import DRAWS, OPEN, failed, op
from tests.thorough import many


def add(call: int, value: Value, returns: int | None = -1) -> Operation:
    return op("add", call, call + 1 if returns == -1 else returns, value)


def looked(call: int, *values: Value) -> Operation:
    return op("read", call, call + 1, gives=values)


def test_what_was_acknowledged_is_there() -> None:
    assert check([add(0, 1), add(2, 2), looked(4, 2, 1)]) == Elements(Verdict.VERIFIED, None, 2, 1)


def test_of_too_many_operations_nothing_is_told() -> None:
    assert check(range(MOST + 1)) == Elements(Verdict.UNVERIFIABLE, Reason.BUDGET, 0, 0)  # type: ignore[arg-type]


def test_what_is_missing_in_the_end_is_lost() -> None:
    found = check([add(0, 1), add(2, 2), looked(4, 2)])
    assert (found.verdict, found.lost) == (Verdict.REFUTED, (1,))
    assert check([add(0, 1), looked(2, 1), looked(4)]).lost == (1,)
    twice = check([looked(0), add(2, 1), looked(4), looked(6, 1), looked(8)])
    assert (twice.lost, twice.stale, twice.never_read) == ((1,), (), ())
    assert check([looked(0), add(2, 1), looked(4)]).never_read == ()


@pytest.mark.parametrize(("call", "lost"), [(0, False), (1, False), (2, True)])
def test_only_a_read_called_after_the_acknowledgement_can_miss_it(call: int, lost: bool) -> None:
    found = check([add(0, 1), looked(call)])
    assert bool(found.lost) is lost
    assert bool(found.never_read) is not lost
    assert found.verdict is (Verdict.REFUTED if lost else Verdict.UNVERIFIABLE)


def test_what_is_missing_and_there_again_is_stale() -> None:
    told = [add(0, 1), looked(2), looked(4, 1)]
    assert (check(told).verdict, check(told).stale) == (Verdict.VERIFIED, (1,))
    assert check(told, stale_refutes=True).verdict is Verdict.REFUTED


def test_reads_that_overlap_do_not_lose_anything() -> None:
    """Called before the other had returned."""
    long = op("read", 2, 9, gives=(1,))
    assert check([add(0, 1), long, looked(9)]).lost == ()
    assert check([add(0, 1), long, looked(9)]).stale == (1,)
    assert check([add(0, 1), long, looked(10)]).lost == (1,)


def test_what_was_read_is_known_though_it_was_not_acknowledged() -> None:
    unsure = add(0, 1, OPEN)
    assert check([unsure, add(0, 2), looked(2, 2)]).verdict is Verdict.VERIFIED
    found = check([unsure, add(0, 2), looked(2, 1, 2)])
    assert (found.verdict, found.recovered) == (Verdict.VERIFIED, (1,))
    assert check([unsure, add(0, 2), looked(2, 1, 2), looked(4, 2)]).lost == (1,)
    assert check([unsure, add(0, 2), looked(2, 2), looked(4, 1, 2)]).stale == ()


def test_what_nobody_added_is_unexpected() -> None:
    assert check([add(0, 1), looked(2, 1, 7)]).unexpected == (7,)
    early = check([looked(0, 1), add(2, 1), looked(4, 1)])
    assert (early.verdict, early.unexpected) == (Verdict.REFUTED, (1,))
    assert check([looked(0, 1), add(1, 1)]).unexpected == ()


def test_what_was_refused_and_is_there_is_told() -> None:
    found = check([add(0, 1), failed(add(2, 2)), looked(4, 1, 2)])
    assert (found.verdict, found.refused, found.recovered) == (Verdict.VERIFIED, (2,), ())


def test_one_read_holds_an_element_once() -> None:
    found = check([add(0, 1), looked(2, 1, 1)])
    assert (found.verdict, found.duplicated) == (Verdict.REFUTED, (1,))
    assert check([add(0, 1), looked(2, 1), looked(4, 1)]).duplicated == ()


def test_what_was_added_after_the_last_read_is_never_read() -> None:
    found = check([add(0, 1), looked(2, 1), add(4, 2)])
    assert (found.verdict, found.reason, found.never_read) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE, (2,))
    assert check([add(0, 1, 9), looked(2, 1)]).never_read == ()


@pytest.mark.parametrize(
    "operations",
    [[], [looked(0)], [add(0, 1)], [failed(add(0, 1)), looked(2)], [add(0, 1, OPEN), looked(2, 1)],
     [add(0, 1), op("read", 2, OPEN)], [add(0, 1), failed(looked(2))]],
)  # fmt: skip
def test_nothing_added_or_read_is_no_pass(operations: list[Operation]) -> None:
    found = check(operations)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS)


def test_truths_are_no_numbers() -> None:
    found = check([add(0, 1), looked(2, True)])
    assert (found.lost, found.unexpected) == ((1,), (True,))


@pytest.mark.parametrize("operation", [op("remove", 0, 1, 1), op("add", 0, 1)])
def test_other_operations_are_errors(operation: Operation) -> None:
    with pytest.raises(ValueError, match=operation.operation):
        check([operation])


@given(DRAWS, st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=many(300))
def test_exactly_what_was_lost_is_found(draw: random.Random, loses: int, invents: int, late: int) -> None:
    """A set in one place: from a moment on it forgets, invents, or shows elements late."""
    told, inside, hidden = [], set[int](), set[int]()
    now = 0
    for value in range(draw.randint(1, 20)):
        now += 2
        fate = draw.choice(["ok", "ok", "open", "open-inside"])
        told.append(add(now, value, now + 1 if fate == "ok" else OPEN))
        if fate != "open":
            inside.add(value)
        if draw.random() < 0.3:
            now += 2
            told.append(looked(now, *inside))
    acknowledged = {each.arguments[0] for each in told if each.operation == "add" and each.outcome.value == "ok"}
    hidden = set(sorted(inside & acknowledged)[:late])
    lost = set(sorted((inside & acknowledged) - hidden)[:loses])
    told.append(looked(now + 2, *(inside - hidden)))
    told.append(looked(now + 4, *(inside - lost), *range(100, 100 + invents)))
    draw.shuffle(told)
    found = check(told)
    assert set(found.lost) == lost
    assert hidden <= set(found.stale)
    assert len(found.unexpected) == invents
    assert not found.never_read
    if not acknowledged:
        return
    assert found.verdict is (Verdict.REFUTED if lost or invents else Verdict.VERIFIED)
