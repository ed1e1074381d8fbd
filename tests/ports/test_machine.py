"""What the machine tells of itself."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_distaudit.ports import machine

BUSY = "import time\nwhile True: pass"


def test_who_wants_a_processor_is_counted() -> None:
    many = 6
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(many)]
    try:
        deadline = time.monotonic() + 20
        while (seen := machine.running() or 0) < many and time.monotonic() < deadline:
            time.sleep(0.05)
        assert seen >= many
    finally:
        for one in busy:
            one.kill()
            one.wait()


@pytest.mark.parametrize("text", ["", "0.1 0.2 0.3", "0.1 0.2 0.3 many/few 7"])
def test_what_cannot_be_read_is_not_known(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "loadavg"
    monkeypatch.setattr(machine, "_LOADAVG", place)
    assert machine.running() is None
    place.write_text(text)
    assert machine.running() is None


@pytest.mark.parametrize(("told", "expected"), [("1/97", 0), ("9/97", 8), ("0/97", 0)])
def test_this_process_does_not_count(told: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "loadavg"
    place.write_text(f"0.10 0.20 0.30 {told} 1234\n")
    monkeypatch.setattr(machine, "_LOADAVG", place)
    assert machine.running() == expected
