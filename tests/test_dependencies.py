"""What ``./run dependencies`` does to a system, and what it lets the audit know."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from pytest_distaudit.ports.located import Inventory, Located
from tests import dependencies

#: begins a child, and tells its number
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""


@contextmanager
def system_of_two() -> Iterator[tuple[Located, list[psutil.Process]]]:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        both = [psutil.Process(parent.pid), psutil.Process(int(parent.stdout.readline()))]
        try:
            yield Located("front", "process", {}, "native", inventory=lambda: Inventory(True, parent.pid)), both
        finally:
            for one in both:
                one.kill() if one.is_running() else None


def soon(true: Callable[[], bool]) -> bool:
    """A signal takes a moment."""
    ends = time.monotonic() + 5
    while not true() and time.monotonic() < ends:
        time.sleep(0.01)
    return true()


def halted(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_is_killed_is_killed_with_its_children() -> None:
    with system_of_two() as (located, both):
        with dependencies.taken_away("stopped", located):
            assert all(map(gone, both))
        assert all(map(gone, both)), "it stays so"


def test_what_is_halted_goes_on_afterwards() -> None:
    with system_of_two() as (located, both):
        with dependencies.taken_away("frozen", located):
            assert soon(lambda: all(map(halted, both)))
        assert soon(lambda: not any(map(halted, both)))


def test_the_audit_gets_addresses_and_no_way_to_start() -> None:
    names = dependencies.systems()
    located = {name: Located(name, "process", {"http": f"http://{name}.example"}, "native") for name in names}
    target = tomllib.loads(dependencies.attached(located))["targets"][dependencies.TARGET]
    assert "compose" not in target
    assert set(target["systems"]) == set(names)
    assert not any("native" in system for system in target["systems"].values())
    assert target["systems"]["front"]["endpoints"] == {"http": "http://front.example"}


@pytest.mark.parametrize(("found", "status"), [({"a": "unverifiable"}, 0), ({"b": "refuted"}, 1), ({}, 1)])
def test_no_more_and_no_fewer(found, status, monkeypatch, tmp_path, capsys) -> None:
    table = tmp_path / "dependencies.toml"
    monkeypatch.setattr(dependencies, "TABLE", table)
    told = {"a": "refuted"}
    monkeypatch.setattr(dependencies, "changed", lambda name, way: dict(told) if name else {})
    assert dependencies.main(["--write", "front"]) == 0
    told.clear()
    told.update(found)
    assert dependencies.main(["front"]) == status
    assert ("not as dependencies.toml says" in capsys.readouterr().out) is bool(status)


def test_nothing_is_written_while_the_whole_does_not_hold(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(dependencies, "TABLE", tmp_path / "dependencies.toml")
    monkeypatch.setattr(dependencies, "changed", lambda name, way: {"a": "refuted"})
    assert dependencies.main(["--write", "front"]) == 1
    assert not dependencies.TABLE.exists()


@pytest.mark.parametrize(("found", "status"), [({}, 0), ({"a": "refuted"}, 0), ({"b": "refuted"}, 1)])
def test_what_is_there_at_times_may_hold_as_well(found, status, monkeypatch, tmp_path) -> None:
    table = tmp_path / "dependencies.toml"
    table.write_text("".join(f'["front {way}"]\na = "at times"\n' for way in dependencies.WAYS))
    monkeypatch.setattr(dependencies, "TABLE", table)
    monkeypatch.setattr(dependencies, "changed", lambda name, way: dict(found) if name else {})
    assert dependencies.main(["front"]) == status
