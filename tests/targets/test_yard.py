"""Runs end what they have started, and nothing else: not even what a library would end for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mirakuru.base import ENV_UUID
from mirakuru.base_env import processes_with_env

from pytest_distaudit.targets.recipe import Command
from pytest_distaudit.targets.yard import MARK, Yard

#: another process that ends, as if its number were the first argument; the second one is run before
ENDS = """
import os, sys
os.getpid = lambda: int(sys.argv[1])
exec(sys.argv[2])
"""
SLEEPS = ("sleep", "60")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path)
    yield yard
    yard.close()


def _ends(number: str, first: str) -> None:
    subprocess.run([sys.executable, "-c", ENDS, number, first], check=True, timeout=60)


def test_another_run_ends_nothing_of_this_one(yard: Yard, tmp_path: Path) -> None:
    """Whatever its number, made of digits, mirakuru does not find it. To let it kill would kill what is others'."""
    started = yard.launch(Command(SLEEPS, tmp_path, {}), tmp_path / "log")
    assert yard.mark.startswith(f"{os.getpid()}:")
    assert started.popen.pid in processes_with_env(MARK, yard.mark)
    assert not any(started.popen.pid in processes_with_env(ENV_UUID, digit) for digit in set(str(os.getpid())))


@pytest.mark.parametrize(
    ("imports", "spared"),
    [
        ("import mirakuru.base", False),
        ("import pytest_distaudit.targets.yard", True),
        # who uses it in the tests of a project of its own has it end what they leave
        ("import mirakuru.base, pytest_distaudit.targets.yard", False),
    ],
)
def test_what_others_have_started_is_left_alone(imports: str, spared: bool) -> None:
    number = "98765432101234567890"  # nobody's
    other = subprocess.Popen(SLEEPS, env={**os.environ, ENV_UUID: f"1{number}:of another project"})
    try:
        _ends(number, imports)
        assert (other.poll() is None) is spared
    finally:
        other.kill()
        other.wait()


def test_the_end_finds_what_has_left_its_tree(yard: Yard, tmp_path: Path) -> None:
    leaves = "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True, cwd='/'); print(flush=True)"
    yard.run(Command((sys.executable, "-c", leaves), tmp_path, dict(os.environ)), tmp_path / "log", 30.0)
    assert processes_with_env(MARK, yard.mark)
    yard.close()
    assert not processes_with_env(MARK, yard.mark)
