"""The README's first screen, typed as a new user would, in a copy of the example that nobody has prepared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def steps() -> list[tuple[str, list[str]]]:
    """(command, lines of its output that the README shows)."""
    found = BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found, "the README begins with a console block"
    told: list[tuple[str, list[str]]] = []
    for line in found[1].splitlines():
        if line.startswith("$ "):
            told.append((line[2:], []))
        elif line.strip() not in ("", "..."):
            told[-1][1].append(line)
    return told


def test_the_first_screen_comes_first() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert "```console" in readme[:20]
    commands = [command for command, _ in steps()]
    assert commands[:2] == ["pytest --distaudit", "pytest --distaudit-init"]
    assert commands[3].startswith("pytest --distaudit ")
    assert len(commands) == 4


@pytest.mark.live
@pytest.mark.skipif(bool(builtin_recipes()["rabbitmq"].missing()), reason="no RabbitMQ here")
def test_what_the_readme_shows_is_what_happens(tmp_path: Path) -> None:
    tree = tmp_path / "sutazai"
    shutil.copytree(ROOT / "examples" / "sutazai", tree, ignore=shutil.ignore_patterns("__pycache__"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "PYTEST_ADDOPTS": "-p no:randomly", "COLUMNS": "100"}
    for command, shown in steps():
        run = subprocess.run(command, shell=True, cwd=tree, env=environ, capture_output=True, text=True, timeout=120)
        printed = iter(line.rstrip() for line in run.stdout.splitlines())
        missing = [line for line in shown if not any(fnmatchcase(one, _pattern(line)) for one in printed)]
        assert not missing, f"$ {command}\n{run.stdout}{run.stderr}"


def _pattern(line: str) -> str:
    """The line as it must be printed; ``…`` stands for anything."""
    return "".join(f"[{char}]" if char in "[*?" else char for char in line).replace("…", "*")
