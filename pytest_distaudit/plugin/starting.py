"""``--distaudit-init``: say what was written, and what to type next."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_distaudit.wiring.starting import start


def init(root: Path) -> int:
    """Write and list it; stdout is the list alone."""
    done = start(root)
    for line in done.lines or ["nothing new: every checkable sentence is claimed or noted"]:
        print(line)  # noqa: T201
    print("next: pytest --distaudit")  # noqa: T201
    return int(pytest.ExitCode.OK)
