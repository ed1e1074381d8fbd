"""Stand-ins for other people's programs, and the namespace that these run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.sources import sandbox


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> Path:
    """A program of that name that is none, in front of everything else; the folder that it lies in."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin")
    return tools


def need_namespace() -> None:
    """Skip where a namespace without a network cannot be had."""
    try:
        sandbox._without_network()
    except Unobservable as error:
        pytest.skip(str(error))
