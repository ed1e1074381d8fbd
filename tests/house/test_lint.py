"""The tools that guard the house: format, lint, types, layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OWN = [".ci", "benchmarks", "conftest.py", "docs", "examples", "pytest_distaudit", "tests"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([sys.executable, "-m", "ruff", "check", "--quiet", "--output-format=concise", *OWN], id="ruff"),
        pytest.param([sys.executable, "-m", "ruff", "format", "--quiet", "--check", "--diff", *OWN], id="format"),
        pytest.param([sys.executable, "-m", "mypy"], id="mypy"),
        pytest.param([str(BIN / "lint-imports")], id="layers"),
    ],
)
def test_the_code_passes(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
