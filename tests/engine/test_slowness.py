"""How busy a machine is shows in what takes longer than its processor time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pytest_distaudit.engine import slowness
from pytest_distaudit.engine.slowness import Slowness


def _measured(monkeypatch: pytest.MonkeyPatch, work: Callable[[bytes], object]) -> float:
    monkeypatch.setattr(slowness, "sha256", work)
    monkeypatch.setattr(slowness, "_EVERY_S", 0.01)
    with Slowness() as told:
        deadline = time.monotonic() + 10
        while len(told._factors) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    return told.slowed


def _works(block: bytes) -> None:
    until = time.thread_time() + 0.005
    while time.thread_time() < until:
        pass


def test_what_waits_for_a_processor_takes_longer_than_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(block: bytes) -> None:
        _works(block)
        time.sleep(0.05)

    assert _measured(monkeypatch, waits) > 4
    assert _measured(monkeypatch, _works) >= 1


def test_what_was_not_measured_is_not_slow() -> None:
    with Slowness() as told:
        assert told.slowed == 1.0
