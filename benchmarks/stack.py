"""Thirteen services, until every one is ready: as native processes and in containers."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Row
from pytest_distaudit.domain.target import Provision, Target
from pytest_distaudit.sources.target_file import read_project
from pytest_distaudit.targets.provision import provision
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.wiring import load_kinds
from tests.lab import variables

ROOT = Path(__file__).parents[1]
MORE = 5
#: seconds, on two cores
_LIMITS: dict[Provision, float] = {"native": 10.0, "compose": 16.0, "containers": 16.0}


def bench(folder: Path) -> Iterator[Row]:
    """The example's eight systems and five services that only serve their files."""
    target = _target(folder)
    for mode, limit in _LIMITS.items():
        if mode != "native" and "DOCKER_HOST" not in variables():
            yield Row(f"13 services, {mode}", "not run: no Docker engine (./run lab up)", "", holds=True)
            continue
        up, down, ready = _timed(target, mode, folder)
        found = f"{up:.1f} s up, {down:.1f} s down, {ready} of {len(target.systems)} ready"
        yield Row(
            f"13 services, {mode}", found, f"<= {limit:g} s up", holds=up <= limit and ready == len(target.systems)
        )


def _timed(target: Target, mode: Provision, root: Path) -> tuple[float, float, int]:
    """(seconds until all are there, seconds until all are gone, how many run)."""
    began = time.perf_counter()
    with provision(
        target,
        mode,
        list(target.systems),
        builtin_recipes(),
        root=root,
        environ={**os.environ, **variables()},
        on_progress=lambda line: None,
    ) as had:
        up = time.perf_counter() - began
        ready = sum(bool(one.inventory and one.inventory().running) for one in had.located.values())
        began = time.perf_counter()
    return up, time.perf_counter() - began, ready


def _target(folder: Path) -> Target:
    """The connected target with five more services, told in both ways."""
    names = [f"more-{number}" for number in range(MORE)]
    service: dict[str, Any] = {
        "image": "${SERVICES_IMAGE:-python:3.11}",
        "command": ["python", "-m", "http.server", "8000"],
    }
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    # what it waits for between two looks at its health is the description's choice, not the start's cost
    often: dict[str, Any] = {"healthcheck": {"interval": "1s", "retries": 30}}
    told = dict.fromkeys(("rabbitmq", "front", "worker-1", "worker-2"), often) | dict.fromkeys(names, service)
    more = yaml.safe_dump({"services": told})
    (folder / "examples/sutazai/compose.more.yaml").write_text(more, "utf-8")
    text = (ROOT / "distaudit.toml").read_text("utf-8")
    text = text.replace('compose.yaml"', 'compose.yaml", "examples/sutazai/compose.more.yaml"', 1)
    for name in names:
        text += f'[targets.connected.systems.{name}]\nkind = "http"\n'
        text += 'native = {argv = ["{python}", "-m", "http.server", "{port}"], ready = "GET /"}\n'
    (folder / "distaudit.toml").write_text(text, "utf-8")
    kinds = load_kinds()
    project = read_project(folder, {name: kinds[name].endpoints for name in kinds})
    assert project is not None
    return project.targets["connected"]
