"""Many look together, who disturbs is alone."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_distaudit.engine.turns import Turn, Turns


def _entered(block: object, told: list[str], name: str, hold: threading.Event) -> threading.Thread:
    def run() -> None:
        with block:  # type: ignore[attr-defined]
            told.append(name)
            hold.wait(5)
        told.append(f"{name} left")

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _soon(holds: object) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.005)
    return False


@pytest.mark.parametrize("turn", [Turn.LOOK, Turn.REST])
def test_many_of_one_sort_go_on_at_once(turn: Turn) -> None:
    turns = Turns()
    with turns.taken(turn), turns.taken(turn):
        pass


def test_who_disturbs_waits_for_those_who_look_and_goes_before_later_ones() -> None:
    turns, told = Turns(), list[str]()
    first, second, third = threading.Event(), threading.Event(), threading.Event()
    threads = [_entered(turns.taken(Turn.LOOK), told, "early", first)]
    assert _soon(lambda: told == ["early"])
    threads.append(_entered(turns.taken(Turn.DISTURB), told, "disturbs", second))
    assert _soon(lambda: turns._waiting[Turn.DISTURB] == 1)
    threads.append(_entered(turns.taken(Turn.LOOK), told, "late", third))
    time.sleep(0.05)
    assert told == ["early"]
    first.set()
    assert _soon(lambda: "disturbs" in told)
    time.sleep(0.05)
    assert "late" not in told
    second.set()
    assert _soon(lambda: "late" in told)
    third.set()
    for thread in threads:
        thread.join(5)
    assert [one for one in told if "left" not in one] == ["early", "disturbs", "late"]


@pytest.mark.parametrize(("first", "then"), [(Turn.REST, Turn.PERFORM), (Turn.PERFORM, Turn.REST)])
def test_nothing_is_performed_while_the_audit_rests(first: Turn, then: Turn) -> None:
    turns, told, hold = Turns(), list[str](), threading.Event()
    threads = [_entered(turns.taken(first), told, first, hold)]
    assert _soon(lambda: told == [first])
    with turns.taken(Turn.LOOK):
        threads.append(_entered(turns.taken(then), told, then, hold))
    time.sleep(0.05)
    assert then not in told
    hold.set()
    assert _soon(lambda: then in told)
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize("turn", [Turn.PERFORM, Turn.DISTURB])
def test_what_would_show_in_each_others_counters_goes_on_one_after_the_other(turn: Turn) -> None:
    turns, told, hold = Turns(), list[str](), threading.Event()
    one = _entered(turns.taken(turn), told, "one", hold)
    assert _soon(lambda: told == ["one"])
    other = _entered(turns.taken(turn), told, "two", hold)
    time.sleep(0.05)
    assert told == ["one"]
    hold.set()
    one.join(5)
    other.join(5)
    assert sorted(told) == ["one", "one left", "two", "two left"]


@pytest.mark.parametrize("turn", list(Turn))
def test_an_error_inside_leaves_no_turn_taken(turn: Turn) -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="inside"), turns.taken(turn):
        raise ValueError("inside")
    with turns.taken(Turn.DISTURB):
        pass
