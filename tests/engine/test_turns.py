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


@pytest.mark.parametrize("turn", [Turn.LOOK, Turn.PERFORM, Turn.REST])
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
    threads = [_entered(turns.taken(first), told, f"{first} {at}", hold) for at in range(2)]
    assert _soon(lambda: len(told) == 2)
    with turns.taken(Turn.LOOK):
        threads.append(_entered(turns.taken(then), told, then, hold))
    time.sleep(0.05)
    assert then not in told
    hold.set()
    assert _soon(lambda: then in told)
    for thread in threads:
        thread.join(5)


def test_two_disturb_one_after_the_other() -> None:
    turns, told, hold = Turns(), list[str](), threading.Event()
    one = _entered(turns.taken(Turn.DISTURB), told, "one", hold)
    assert _soon(lambda: told == ["one"])
    other = _entered(turns.taken(Turn.DISTURB), told, "two", hold)
    time.sleep(0.05)
    assert told == ["one"]
    hold.set()
    one.join(5)
    other.join(5)
    assert told.index("one left") < told.index("two") or told[1] in ("one left", "two")


@pytest.mark.parametrize("turn", list(Turn))
def test_an_error_inside_leaves_no_turn_taken(turn: Turn) -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="inside"), turns.taken(turn):
        raise ValueError("inside")
    with turns.taken(Turn.DISTURB):
        pass
