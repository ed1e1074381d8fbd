"""Builders of targets, and a look at what a run leaves on the machine."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.target import Link, Provision, SystemSpec, Target
from pytest_distaudit.targets.provision import Provisioned, provision
from pytest_distaudit.targets.recipes import builtin_recipes

PLACE = Place("distaudit.toml", 7, 1)
Provide = Callable[..., AbstractContextManager[Provisioned]]


def system(name: str, kind: str = "http", native: Mapping[str, Any] | None = None, **more: Any) -> SystemSpec:
    return SystemSpec(name, kind, PLACE, native=native, **more)


def target(*systems: SystemSpec, links: Collection[Link] = ()) -> Target:
    return Target("lab", PLACE, {each.name: each for each in systems}, {each.name: each for each in links})


def python(code: str, **options: Any) -> dict[str, Any]:
    return {"argv": ["{python}", "-c", code], **options}


SERVE = {"argv": ["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]}


def told(what: str, began: float) -> None:
    """A duration for the reader (``-s``): machines differ too much to assert it."""
    sys.stdout.write(f"\n{what}: {time.monotonic() - began:.2f} s\n")


@pytest.fixture
def progress() -> list[str]:
    return []


@pytest.fixture
def provide(tmp_path: Path, progress: list[str]) -> Provide:
    def provided(
        of: Target,
        *wanted: str,
        mode: Provision = "auto",
        environ: Mapping[str, str] | None = None,
        keep_s: float = 0.0,
    ) -> AbstractContextManager[Provisioned]:
        return provision(
            of,
            mode,
            wanted or tuple(of.systems),
            builtin_recipes(),
            root=tmp_path,
            environ=os.environ if environ is None else environ,
            on_progress=progress.append,
            keep_s=keep_s,
        )

    return provided


def _ours() -> set[int]:
    """Living processes that descend from us or carry our mark (epmd leaves the tree)."""
    found = {each.pid for each in psutil.Process().children(recursive=True) if living(each)}
    for each in psutil.process_iter():
        try:
            marked = each.environ().get("mirakuru_uuid", "").startswith(f"{os.getpid()}:")
        except psutil.Error:
            continue
        if marked and living(each):
            found.add(each.pid)
    return found


def living(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After the test: no process of ours, no work directory, and the ports of a server are free."""
    ground = Path(tempfile.mkdtemp(prefix="da-test-", dir="/tmp"))
    ground.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(ground))
    before = _ours()
    yield
    try:
        deadline = time.monotonic() + 5.0
        while _ours() - before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _ours() - before == set()
        assert list(ground.iterdir()) == []
    finally:
        ground.rmdir()
