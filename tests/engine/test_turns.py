"""Many look together, who disturbs is alone."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_distaudit.engine.turns import Turns


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


def test_many_look_at_once() -> None:
    turns = Turns()
    with turns.looking(), turns.looking():
        pass


def test_who_disturbs_waits_for_those_who_look_and_goes_before_later_ones() -> None:
    turns, told = Turns(), list[str]()
    first, second, third = threading.Event(), threading.Event(), threading.Event()
    threads = [_entered(turns.looking(), told, "early", first)]
    assert _soon(lambda: told == ["early"])
    threads.append(_entered(turns.disturbing(), told, "disturbs", second))
    assert _soon(lambda: turns._waiting == 1)
    threads.append(_entered(turns.looking(), told, "late", third))
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


def test_two_disturb_one_after_the_other() -> None:
    turns, told, hold = Turns(), list[str](), threading.Event()
    one = _entered(turns.disturbing(), told, "one", hold)
    assert _soon(lambda: told == ["one"])
    other = _entered(turns.disturbing(), told, "two", hold)
    time.sleep(0.05)
    assert told == ["one"]
    hold.set()
    one.join(5)
    other.join(5)
    assert told.index("one left") < told.index("two") or told[1] in ("one left", "two")


@pytest.mark.parametrize("block", ["looking", "disturbing"])
def test_an_error_inside_leaves_no_turn_taken(block: str) -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="inside"), getattr(turns, block)():
        raise ValueError("inside")
    with turns.disturbing():
        pass
