"""The exact tests behind ``wiring.used``, against enumeration."""

from __future__ import annotations

from itertools import combinations

import pytest

from pytest_distaudit.checks._exchange import at_least, at_most, by_length, drawings, too_few

VALUES = (3, 1, 4, 1, 5, 9, 2, 6, 5)


@pytest.mark.parametrize("drawn", [(0, 1, 2), (5, 7), (3,), tuple(range(9)), ()])
def test_shares_are_those_of_all_drawings(drawn):
    observed = sum(VALUES[place] for place in drawn)
    sums = [sum(some) for some in combinations(VALUES, len(drawn))]
    assert drawings(VALUES, drawn) == len(sums)
    assert at_least(VALUES, drawn) == sum(total >= observed for total in sums) / len(sums)
    assert at_most(VALUES, drawn) == sum(total <= observed for total in sums) / len(sums)


def test_nothing_in_any_window_is_too_few():
    assert too_few((0,) * 14, range(7), (5,) * 7 + (0,) * 7, (1.0,) * 14) == 1 / 3432
    assert too_few((5,) * 7 + (0,) * 7, range(7), (5,) * 7 + (0,) * 7, (1.0,) * 14) == 1.0


def test_what_the_length_explains_is_taken_out():
    assert by_length((8, 8, 16, 13), (1.0, 1.0, 2.0, 1.0)) == [0, 0, 0, 5000]
    assert by_length((0, 0, 5, 5), (1.0, 3.0, 1.0, 2.0)) == [0, 0, 5000, 5000]
