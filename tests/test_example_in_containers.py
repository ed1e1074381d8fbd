"""The example's targets give the same verdicts from containers as from native processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import Lab, variables

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.live

#: each way once; ./run proofs judges all targets in all ways
ONCE = [("connected", "compose"), ("as-audited", "containers")]
REST = [("connected", "containers"), ("as-audited", "compose"), ("decoy", "compose"), ("decoy", "containers")]


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    with Lab.reached("postgres:15", "rabbitmq:3.10", "python:3.11", "consul:1.8", "redis:7.0"):
        if "DOCKER_CONFIG" not in variables():
            pytest.skip("no Docker Compose: ./run lab up")
        return {**os.environ, **variables()}


def judged(target: str, way: str, folder: Path, environment: dict[str, str]) -> dict[str, tuple[str, str]]:
    path = folder / f"{target}-{way}.json"
    chosen = [f"--distaudit-target={target}", f"--distaudit-provision={way}", f"--distaudit-json={path}"]
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--distaudit", *chosen]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert path.exists(), done.stdout + done.stderr
    claims = json.loads(path.read_text())["claims"]
    return {f"{one['id']}[{one['case']}]": (one["verdict"], one["reason"]) for one in claims}


def same(target: str, way: str, folder: Path, environment: dict[str, str]) -> None:
    native, contained = (judged(target, each, folder, environment) for each in ("native", way))
    assert {key: (told, contained.get(key)) for key, told in native.items() if told != contained.get(key)} == {}
    assert len(native) == len(contained) > 50


@pytest.mark.parametrize(("target", "way"), ONCE)
def test_the_verdicts_are_the_same(target: str, way: str, tmp_path: Path, environment: dict[str, str]) -> None:
    same(target, way, tmp_path, environment)


@pytest.mark.proof
@pytest.mark.skipif("DISTAUDIT_PROOF_RUNS" not in os.environ, reason="the other ways run with ./run proofs")
@pytest.mark.parametrize(("target", "way"), REST)
def test_the_verdicts_are_the_same_the_other_way(
    target: str, way: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    same(target, way, tmp_path, environment)
