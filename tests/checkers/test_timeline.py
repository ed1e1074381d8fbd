from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given

from pytest_distaudit.checkers import linearizability
from pytest_distaudit.checkers.models import Register
from pytest_distaudit.checkers.timeline import timeline
from tests.checkers.made import DRAWS, OPEN, Load, cas, failed, op, read, simulated, write


def test_a_witness_can_be_read() -> None:
    """A new value is read, then the old one."""
    operations = [
        replace(write(0, 1000, 1), process=1, node="n1"),
        replace(read(1, 2, 1), process=2),
        replace(read(300, 400, None), process=2),
    ]
    found = linearizability.check(operations, Register())
    assert timeline(found.witness) == [
        "1 at n1      [===>  write 1 (indeterminate)",
        "2             []    read -> 1",
        "2               []  read -> None",
    ]


def test_every_outcome_is_told() -> None:
    told = [
        write(0, 0, "x" * 40),
        failed(cas(0, 3, 1, 2)),
        cas(4, 5, 1, 2, swapped=False),
        op("add", 6, OPEN, ("a", 1)),
    ]
    assert timeline(told) == [
        f"0            |      write '{'x' * 20}...",
        "0            []     cas 1 2 (fail)",
        "0              []   cas 1 2 -> False",
        "0                >  add ('a', 1) (indeterminate)",
    ]


def test_nothing_is_no_line() -> None:
    assert timeline([]) == []


def test_many_moments_share_forty_columns() -> None:
    lines = timeline([write(2 * n, 2 * n + 1, n) for n in range(200)])
    assert {line.index("  write") for line in lines} == {13 + 40}
    assert lines[-1][13:53].rstrip() == " " * 39 + "|"
    few = timeline([write(0, 2, 1), write(1, 3, "x" * 22)])
    assert few == ["0            [=]   write 1", f"0             [=]  write '{'x' * 22}'"]


@pytest.mark.parametrize(("moments", "width", "last"), [(4, 4, 3), (3, 4, 2), (9, 5, 4), (1, 1, 0)])
def test_the_last_moment_is_in_the_last_column(moments: int, width: int, last: int) -> None:
    """Or before, where there are columns enough for each."""
    assert timeline([write(n, n, n) for n in range(moments)], width)[-1][13:] == f"{' ' * last}|  write {moments - 1}"


@given(DRAWS)
def test_lines_stay_narrow_and_bars_keep_their_order(draw: random.Random) -> None:
    operations = simulated(Load(40, clients=5, open_share=0.1, longest=30), draw)
    lines = timeline(operations, width=30)
    assert len(lines) == len(operations)
    bars = [line[13:43] for line in lines]
    ordered = sorted(operations, key=lambda each: (each.process, each.call_ns))
    starts = [len(bar) - len(bar.lstrip()) for bar in bars]
    ends = [len(bar.rstrip()) - 1 for bar in bars]
    for one, start in zip(ordered, starts, strict=True):
        for other, end in zip(ordered, ends, strict=True):
            if other.ends_ns < one.call_ns:
                assert end <= start
            elif other.ends_ns < float("inf"):
                assert start <= end or one.call_ns > other.ends_ns
