"""Which processes listen for a system, by this host's own tables."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pytest_distaudit.ports.located import Inventory, Located
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.systems._runs import runs

_SERVER = """
import socket, time
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
time.sleep(99)
"""
_STARTER = f"import subprocess,sys,time; subprocess.Popen([sys.executable,'-c',{_SERVER!r}]); time.sleep(99)"


class Session:
    def __init__(self, url: str, pid: int | None = None) -> None:
        inventory = (lambda: Inventory(running=True, pid=pid)) if pid else None
        self.located = Located("api", "http", {"url": url}, inventory=inventory)
        self.ways: list[str] = []


def told(url: str, pid: int | None = None) -> Runs:
    return runs(Session(url, pid), Runs.ask())


@pytest.fixture(params=[_SERVER, _STARTER])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    with subprocess.Popen([sys.executable, "-c", request.param], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            import psutil

            for each in psutil.Process(process.pid).children():
                each.kill()
            process.kill()


def test_who_listens_is_told_and_who_started_it_is_not(server: tuple[int, int]) -> None:
    pid, port = server
    for seen in (told(f"http://127.0.0.1:{port}"), told(f"http://127.0.0.1:{port}", pid)):
        assert len(seen.serving) == 1
        assert not seen.unseen
    assert told(f"http://127.0.0.1:{port}") == told(f"http://127.0.0.1:{port}", pid)


def test_nobody_listens_any_more(server: tuple[int, int]) -> None:
    import psutil

    pid, port = server
    told(f"http://127.0.0.1:{port}", pid)
    for each in psutil.Process(pid).children(recursive=True):
        each.kill()
    psutil.Process(pid).kill()
    deadline = time.monotonic() + 5
    while told(f"http://127.0.0.1:{port}", pid).serving and time.monotonic() < deadline:
        time.sleep(0.05)
    assert told(f"http://127.0.0.1:{port}", pid) == Runs(())


@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "http://127.0.0.1:1"])
def test_who_runs_elsewhere_or_nowhere_cannot_be_seen(url: str) -> None:
    seen = told(url)
    assert (seen.serving, bool(seen.unseen)) == ((), True)


def test_a_container_is_known_by_its_own_run() -> None:
    session = Session("http://127.0.0.1:1")
    session.located = replace(session.located, inventory=lambda: Inventory(running=True, run="abc at 7"))
    assert runs(session, Runs.ask()) == Runs(("abc at 7",))


def test_a_listener_in_this_very_process_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        assert len(told(f"http://127.0.0.1:{own.getsockname()[1]}").serving) == 1
