"""The lab: its containers start, are labelled, and go; what is left is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .lab import OWNER, Lab

LEFTOVERS = Path(__file__).parents[1] / ".ci/leftovers.py"

pytestmark = pytest.mark.live


def left(address: str) -> str:
    command = [sys.executable, str(LEFTOVERS), "--but", ""]
    environment = {"DOCKER_HOST": address, "PATH": os.environ["PATH"]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def test_a_container_of_a_test_is_its_own_while_the_test_runs() -> None:
    with Lab.reached("busybox:1.35") as lab:
        made = lab.run("busybox:1.35", "sleep", "60")
        assert made.status == "running"
        assert made.id not in left(lab.address)
    assert made.id not in left(lab.address)


def test_a_container_whose_owner_is_gone_was_left() -> None:
    with Lab.reached("busybox:1.35") as lab:
        made = lab.create("busybox:1.35", labels={OWNER: "4194399"})
        assert made.id in left(lab.address)
    assert made.id not in left(lab.address)


def test_without_an_engine_a_test_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(pytest.skip.Exception, match=r"no Docker engine: \./run lab up"), Lab.reached():
        pass
