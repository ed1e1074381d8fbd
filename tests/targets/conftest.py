"""Builders of targets, and a look at what a run leaves on the machine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.target import Link, Provision, SystemSpec, Target
from pytest_distaudit.targets.provision import Provisioned, provision
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.targets.yard import MARK

PLACE = Place("distaudit.toml", 7, 1)
#: what a run that was killed has left must be gone in this time, in seconds
GONE_WITHIN_S = 10.0
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
            marked = each.environ().get(MARK, "").startswith(f"{os.getpid()}:")
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


# --- runs that are ended from outside


@contextmanager
def living_place() -> Iterator[Path]:
    """Everything that a run makes, it makes below this folder."""
    folder = Path(tempfile.mkdtemp(prefix="guarded-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place() -> Iterator[Path]:
    """One for a test."""
    with living_place() as folder:
        yield folder


def left(place: Path) -> list[str]:
    """Processes that work below the place or were told of it, and files in it."""
    found = [str(path) for path in place.iterdir()]
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if process.cwd().startswith(f"{place}/") or process.environ().get("TMPDIR") == str(place):
                found.append(f"{process.pid} {process.name()}")
        except psutil.Error:
            continue
    return found


def gone(place: Path) -> list[str]:
    """What is still there when it should be gone."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while (there := left(place)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return there
