"""How many asks at once: never less than one, never more than the most, less after every trouble."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.engine.window import FEW, STEP, Window

SIZES = st.integers(1, 60)
Event = tuple[int, float | None]
EVENTS = st.lists(st.tuples(st.integers(0, 40), st.none() | st.floats(0, 20)))


def fed(window: Window, latency: float, rounds: int) -> None:
    """So many whole rounds of answers that took ``latency``."""
    for _ in range(rounds):
        for _ in range(window.size):
            window.answered(window.asked(), latency)


@given(SIZES, SIZES, EVENTS)
def test_whatever_happens_it_stays_within_its_bounds(size: int, most: int, events: list[Event]) -> None:
    window = Window(size, most)
    for late, latency in events:
        number = max(0, window.asked() - late)
        before = window.size
        if latency is None:
            window.strained(number)
            assert window.size in (before, max(1, before // 2))
        else:
            window.answered(number, latency)
            halved = max(min(before, FEW, size, most), before // 2)
            assert window.size in (before, halved, min(most, before + STEP))
        assert 1 <= window.size <= most


@given(SIZES, SIZES, st.floats(0, 5))
def test_a_system_that_is_never_slower_is_asked_more_each_round(size: int, most: int, latency: float) -> None:
    window = Window(size, most)
    for _ in range(5):
        before = window.size
        fed(window, latency, 1)
        assert window.size == min(most, before + STEP)


@given(st.integers(2, 50), st.integers(1, 50))
def test_one_crowd_is_halved_once(size: int, failures: int) -> None:
    window = Window(size, 50)
    numbers = [window.asked() for _ in range(size)]
    for number in numbers[:failures]:
        window.strained(number)
    assert window.size == max(1, size // 2)
    window.strained(window.asked())
    assert window.size == max(1, max(1, size // 2) // 2)


@given(st.floats(0.01, 0.5))
def test_a_queue_that_grows_is_seen(latency: float) -> None:
    window = Window(10, 50)
    fed(window, latency, 2)
    fed(window, 2.8 * latency, 1)
    assert window.size == 10 + 3 * STEP
    fed(window, 3.1 * latency + 0.03, 1)
    assert window.size == (10 + 3 * STEP) // 2


def test_a_connect_that_was_tried_again_halves_at_once() -> None:
    window = Window(10, 50)
    fed(window, 0.05, 1)
    window.answered(window.asked(), 1.06)
    assert window.size == (10 + STEP) // 2
    for _ in range(10):
        window.answered(window.asked(), 1.06)
    assert window.size == FEW, "slow answers alone are no reason to ask one after the other"
    slow = Window(10, 50)
    slow.answered(slow.asked(), 30.0)
    assert slow.size == 10, "nothing is known yet of how long an answer takes"


def test_what_belongs_to_a_crowd_that_is_gone_decides_nothing() -> None:
    window = Window(10, 50)
    old = [window.asked() for _ in range(10)]
    window.strained(old[0])
    for number in old[1:]:
        window.answered(number, 9.0)
        window.strained(number)
    assert window.size == 5
