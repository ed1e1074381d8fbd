"""Who certainly did not run at a moment: a server that waits, and one that works."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from pytest_distaudit.systems import _ran
from pytest_distaudit.systems._ran import watch
from pytest_distaudit.systems.consul import KIND

from .bad_days import free_port, located, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts how often a thread runs")

WAITS = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if os.environ.get("CHILD"):
    import subprocess
    subprocess.Popen([sys.executable, "-c", "import time\\nwhile True: time.sleep(0.02)"])
while True:
    peer, _ = server.accept()
    peer.close()
"""


@pytest.fixture
def waiting(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a process that sleeps in accept; with a parameter, a child of it keeps running."""
    import psutil

    port = free_port()
    child = {"CHILD": "yes"} if getattr(request, "param", False) else {}
    with subprocess.Popen([sys.executable, "-c", WAITS, str(port)], env=child) as process:
        wait_until(lambda: _listens(port))
        if child:
            wait_until(lambda: len(psutil.Process(process.pid).children()) == 1)
        children = psutil.Process(process.pid).children()
        try:
            yield port
        finally:
            for each in children:
                each.kill()
            process.kill()


def _listens(port: int) -> bool:
    with suppress(OSError), closing(_connect(port)):
        return True
    return False


def _connect(port: int):
    import socket

    return socket.create_connection(("127.0.0.1", port), timeout=1)


def slept(port: int, since: float, until: float) -> tuple[int, ...]:
    seen = watch(located(KIND, url="http://127.0.0.1:1", neighbours=(("127.0.0.1", port),)))
    wait_until(lambda: bool(seen._began) and seen._began[-1] > until + 0.1)
    return seen.slept(since, until)


def test_who_waits_is_acquitted_and_who_is_asked_is_not(waiting):
    watch(located(KIND, url="http://127.0.0.1:1", neighbours=(("127.0.0.1", waiting),)))
    time.sleep(0.3)
    quiet = time.time()
    time.sleep(0.1)
    assert slept(waiting, quiet, quiet + 0.05) == (waiting,)
    asked_from = time.time()
    _connect(waiting).close()
    assert slept(waiting, asked_from, time.time()) == ()
    assert slept(waiting, quiet, time.time()) == ()


def test_what_was_not_watched_acquits_nobody(waiting):
    began = time.time() - 5
    assert slept(waiting, began, began + 0.01) == ()
    seen = watch(located(KIND, url="http://127.0.0.1:1", neighbours=(("127.0.0.1", waiting),)))
    assert seen.slept(time.time(), time.time() + 60) == ()


@pytest.mark.parametrize("waiting", [True], indirect=True)
def test_a_child_of_a_server_is_the_server(waiting):
    watch(located(KIND, url="http://127.0.0.1:1", neighbours=(("127.0.0.1", waiting),)))
    time.sleep(0.8)
    moment = time.time()
    assert slept(waiting, moment, moment + 0.05) == ()


def test_nobody_listens_there():
    assert slept(free_port(), time.time(), time.time()) == ()


def test_a_watch_ends_when_nobody_asks_any_more(monkeypatch):
    monkeypatch.setattr(_ran, "_IDLE_S", 0.1)
    neighbours = (("127.0.0.1", free_port()),)
    first = watch(located(KIND, url="http://127.0.0.1:1", neighbours=neighbours))
    wait_until(lambda: first.over, 5)
    assert watch(located(KIND, url="http://127.0.0.1:1", neighbours=neighbours)) is not first
