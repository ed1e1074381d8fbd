"""``--distaudit-down``: remove what earlier runs kept."""

from __future__ import annotations

import os
import sys

import pytest

from pytest_distaudit.targets.containers.kept import remove_all


def down() -> int:
    """Say of each kept stack what became of it."""
    for line in remove_all(os.environ):
        sys.stdout.write(f"distaudit: {line}\n")
    return pytest.ExitCode.OK
