"""How busy a machine is shows in what waits for a processor."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_distaudit.engine import slowness
from pytest_distaudit.engine.slowness import Slowness


def _measured(monkeypatch: pytest.MonkeyPatch, work: Callable[[bytes], object]) -> Slowness:
    monkeypatch.setattr(slowness, "sha256", work)
    monkeypatch.setattr(slowness, "_EVERY_S", 0.01)
    with Slowness() as told:
        deadline = time.monotonic() + 10
        while len(told._factors) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    return told


def test_who_waits_for_a_processor_is_slowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "schedstat"
    monkeypatch.setattr(slowness, "_PLACE", place)
    place.write_text("1000 500 7\n")

    def works(block: bytes) -> None:
        ran, waited, _ = map(int, place.read_text().split())
        place.write_text(f"{ran + 100} {waited + 450} 8\n")

    assert _measured(monkeypatch, works).slowed == 5.5


def test_who_waits_for_something_else_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the interpreter's lock: a machine on which nobody can see more is not told apart from a quiet one."""

    def waits(block: bytes) -> None:
        until = time.thread_time() + 0.005
        while time.thread_time() < until:
            pass
        time.sleep(0.2)

    told = _measured(monkeypatch, waits)
    # waiting for a processor took less than the sleep
    assert told._factors
    assert min(told._factors) < 20


@pytest.mark.parametrize("text", ["", "1000", "many few 7", None])
def test_what_cannot_be_seen_is_not_slow(text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "schedstat"
    monkeypatch.setattr(slowness, "_PLACE", place)
    monkeypatch.setattr(slowness, "_EVERY_S", 0.01)
    if text is not None:
        place.write_text(text)
    with Slowness() as told:
        time.sleep(0.1)
    assert told.slowed == 1.0


@pytest.mark.parametrize(
    ("factors", "within_s", "calm"), [([1.9], 0.0, True), ([2.1, 5.0, 2.0], 60.0, True), ([2.1], 0.0, False)]
)
def test_a_machine_calms_or_does_not(
    factors: list[float], within_s: float, calm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slowness, "_CALM_S", 0.01)
    monkeypatch.setattr(Slowness, "slowed", property(lambda self: factors.pop(0)))
    assert slowness.calms(within_s) is calm
