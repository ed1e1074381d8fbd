from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.targets.installed import installed


def program(folder: Path, name: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / name
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    return str(made)


def test_on_path_before_unpacked_before_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DISTAUDIT_LAB_EXTRA", str(tmp_path / "extra"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    assert installed("stored") is None
    built = program(tmp_path / "extra" / "bin", "stored")
    assert installed("stored") == built
    unpacked = program(tmp_path / "venv" / "servers" / "store" / "usr" / "bin", "stored")
    assert installed("stored") == unpacked
    on_path = program(tmp_path / "bin", "stored")
    assert installed("stored") == on_path
    assert installed("other", "stored") == on_path


def test_the_cache_folder_holds_what_was_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("DISTAUDIT_LAB_EXTRA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = program(tmp_path / "distaudit-lab" / "bin", "never-on-a-machine")
    assert installed("never-on-a-machine") == built
