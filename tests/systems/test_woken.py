"""Who runs with the questions, by numbers: every table of runs that a relay can leave, and that a neighbour can."""

from __future__ import annotations

import os
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.systems import _woken
from pytest_distaudit.systems._woken import _Round, _Tally, woken_by

QUESTIONS = 40
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts how often a thread runs")


def tally(*rounds: tuple[int, int], burst_s: float = 0.05, spinning: bool = False) -> _Tally:
    """One process; of each round how often it ran in the burst and in the silence."""
    seen = _Tally()
    for burst, silence in rounds:
        spun = frozenset({1} if spinning else ())
        seen.add(_Round(QUESTIONS, burst_s, 0.08, Counter({1: burst}), Counter({1: silence}), spun))
    return seen


RELAYED = st.tuples(st.integers(QUESTIONS, 6 * QUESTIONS), st.integers(0, 2))
NEIGHBOUR = st.tuples(st.integers(0, 1), st.integers(0, 3))
BUSY = st.tuples(st.integers(0, 400), st.integers(0, 400))


@given(st.lists(RELAYED, min_size=1, max_size=12))
def test_what_answers_for_another_is_never_cleared(rounds: list[tuple[int, int]]) -> None:
    assert tally(*rounds).look(1) is not False


@given(st.lists(st.tuples(st.integers(QUESTIONS, QUESTIONS + 60), st.integers(0, 2)), min_size=5, max_size=12))
def test_what_always_runs_and_else_rests_is_sure(rounds: list[tuple[int, int]]) -> None:
    steady = [(100 + burst % 20, silence) for burst, silence in rounds]
    assert tally(*steady).look(1) is True


@given(st.lists(NEIGHBOUR, min_size=1, max_size=12))
def test_who_rests_in_the_bursts_is_never_suspected(rounds: list[tuple[int, int]]) -> None:
    assert tally(*rounds).look(1) is not True


@given(st.lists(BUSY, min_size=1, max_size=4))
def test_four_rounds_are_too_few_to_be_sure(rounds: list[tuple[int, int]]) -> None:
    assert tally(*rounds).look(1) is not True


@pytest.mark.parametrize(
    ("rounds", "word"),
    [
        ([(0, 0)], False),
        ([(1, 0)], False),
        ([(4, 0)], None),  # one round, a little: by chance or not
        ([(5, 0)] * 5, None),  # one of eight behind a balancer
        ([(20, 0)] * 5, True),  # one of two
        ([(80, 0)] * 4 + [(0, 0)], None),  # once it did not run
        ([(80, 0)] * 4 + [(80, 160)], None),  # once it ran in the silence, too
        ([(120, 190), (130, 210), (125, 200), (124, 199), (126, 201)], False),  # as busy in silence
        ([(300, 10), (0, 200), (150, 0), (20, 90), (280, 30)], None),  # wild
    ],
)
def test_verdicts_on_some_tables(rounds: list[tuple[int, int]], word: bool | None) -> None:
    assert tally(*rounds).look(1) is word


def test_what_never_sleeps_cannot_be_cleared() -> None:
    assert tally((0, 0), spinning=True).look(1) is None


def test_nothing_is_learned_from_who_does_not_answer() -> None:
    assert woken_by(lambda: False, lambda pid: True, lambda pid: True) is None


def test_nothing_is_learned_where_the_kernel_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_woken, "_threads", lambda: iter(()))
    assert woken_by(lambda: True, lambda pid: True, lambda pid: True) is None


def test_the_audit_itself_is_not_watched() -> None:
    assert os.getpid() not in {pid for pid, _ in _woken._runs()}
