"""The memory outside the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.sources.memory import Memory, cache_folder, code_digest

KEY = "ab" * 32


def test_the_memory_lies_outside_the_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("mined") == tmp_path / "pytest-distaudit" / "mined"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder("mined") == tmp_path / "local" / "pytest-distaudit" / "mined"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder("mined").parts[-4:] == ("Library", "Caches", "pytest-distaudit", "mined")


def test_a_value_is_told_as_it_was_kept(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m", 100)
    assert memory.told(KEY) is None
    memory.keep(KEY, {"a": [1, "\udc80é"]})
    assert memory.told(KEY) == {"a": [1, "\udc80é"]}


def test_of_too_many_values_the_older_half_goes(tmp_path: Path) -> None:
    memory = Memory(tmp_path, 256 * 3)
    for number in range(10):
        memory.keep(f"00{number:02}", number)
    kept = [number for number in range(10) if memory.told(f"00{number:02}") == number]
    assert 9 in kept
    assert len(kept) <= 3


def test_a_digest_follows_the_code_of_inner_packages() -> None:
    assert code_digest("pytest_distaudit.sources") != code_digest("pytest_distaudit.sources.mining")
    assert code_digest("pytest_distaudit.sources") == code_digest.__wrapped__("pytest_distaudit.sources")
