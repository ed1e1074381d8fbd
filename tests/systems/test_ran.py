"""Who certainly did not run at a moment: a server that waits, and one that works."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import psutil
import pytest

from pytest_distaudit.systems import _published, _ran
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


# --- whether all threads are known


class Machine:
    """Threads and their counts, and how many were ever born."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads, self.counts, self.births, self.now = ("server",), {"server": b"1"}, b"9", 0.0
        monkeypatch.setattr(_ran, "_threads", lambda owners: dict.fromkeys(owners, self.threads))
        monkeypatch.setattr(_ran, "_told", lambda file: self.counts.get(file, b""))
        monkeypatch.setattr(_ran, "_births", lambda: self.births)
        monkeypatch.setattr(_ran.time, "monotonic", lambda: self.now)
        self.trees = _ran._Trees({80: 1})

    def runs(self, later: float = 0.0) -> tuple[bytes, ...]:
        """What is known of port 80."""
        self.now += later
        return tuple(seen for _, seen in self.trees.runs().get(80, ()))

    def is_born(self, name: str) -> None:
        self.threads, self.counts[name], self.births = (*self.threads, name), b"1", self.births + b"1"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(monkeypatch)
    assert made.runs() == (), "nobody has looked whether these are all"
    assert made.runs(0.2) == (b"1",)
    return made


def test_who_runs_and_bears_nobody_is_all_there_is(machine):
    machine.counts["server"] = b"2"
    assert machine.runs() == (b"2",)


def test_others_are_born(machine):
    machine.births = b"10"
    assert machine.runs() == (b"1",)
    machine.counts["server"] = b"2"
    assert machine.runs() == (b"2",), "it ran since, when nobody was born"


def test_who_runs_while_somebody_is_born_may_be_its_parent(machine):
    machine.is_born("child")
    machine.counts["server"] = b"2"
    assert machine.runs() == ()
    assert machine.runs() == (), "the child may ask while its parent sleeps"
    assert machine.runs(0.2) == (b"2", b"1")


def test_a_look_for_children_during_which_some_are_born_finds_not_all(machine, monkeypatch):
    machine.is_born("child")
    machine.counts["server"] = b"2"
    assert machine.runs() == ()
    births = iter(range(10))
    monkeypatch.setattr(_ran, "_births", lambda: next(births))
    assert machine.runs(0.2) == (), "the child is new"
    assert machine.runs(0.2) == (b"2", b"1"), "nobody of them ran meanwhile"


def test_who_ended_is_not_asleep(machine):
    machine.counts.clear()
    assert machine.runs() == ()


# --- in containers


def test_all_of_a_network_count_and_whoever_brings_in_more(monkeypatch):
    parents = {1: 0, 5: 1, 7: 5, 8: 7, 9: 5, 20: 8, 21: 1, 30: 21, 40: 1}
    monkeypatch.setattr(_ran, "_parents", parents.items)
    monkeypatch.setattr(_ran, "_files", lambda pids: map(str, pids))
    monkeypatch.setattr(_ran._netns, "networks", lambda: {"net:[7]": (7, 8, 30)})
    found = _ran._threads({80: "net:[7]", 81: "net:[7]", 82: "net:[8]", 83: 8, 84: 40})
    whole = ("5", "7", "8", "9", "20", "21", "30")
    assert found == {80: whole, 81: whole, 82: (), 83: ("8", "20"), 84: ("40",)}
    monkeypatch.setattr(_ran._netns, "networks", lambda: None)
    assert _ran._threads({80: "net:[7]", 83: 8}) == {80: (), 83: ("8", "20")}


def test_who_answers_by_port(monkeypatch):
    monkeypatch.setattr(_ran._netns, "networks", lambda: None)
    monkeypatch.setattr(_ran._local, "listening_process", lambda _, port: {80: psutil.Process()}.get(port))
    behind = {81: _published.Behind("net:[7]", (ipaddress.ip_address("172.30.0.2"), 80))}
    monkeypatch.setattr(_ran._published, "behind", lambda _, port, among: behind.get(port))
    assert _ran._owners([80, 81, 82]) == {80: os.getpid(), 81: "net:[7]"}


def test_nobody_listens_there():
    assert slept(free_port(), time.time(), time.time()) == ()


def test_a_watch_ends_when_nobody_asks_any_more(monkeypatch):
    monkeypatch.setattr(_ran, "_IDLE_S", 0.1)
    neighbours = (("127.0.0.1", free_port()),)
    first = watch(located(KIND, url="http://127.0.0.1:1", neighbours=neighbours))
    wait_until(lambda: first.over, 5)
    assert watch(located(KIND, url="http://127.0.0.1:1", neighbours=neighbours)) is not first
