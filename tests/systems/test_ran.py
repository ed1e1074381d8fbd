"""Who certainly did not run at a moment: a server that waits, and one that works."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import threading
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
    """Processes by number, as the kernel tells of them: each is (process, its parent)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kin = {1: (1, 0), 5: (5, 1), 7: (7, 5), 8: (8, 7), 9: (8, 7), 30: (30, 1), 31: (31, 30), 40: (40, 1)}
        self.ran = dict.fromkeys(self.kin, b"1")
        self.last, self.now, self.networks = 40, 0.0, {"net:[7]": (7, 8, 31)}
        monkeypatch.setattr(_ran, "_told", self.told)
        monkeypatch.setattr(_ran, "_entries", self.entries)
        monkeypatch.setattr(_ran.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(_ran._netns, "networks", lambda: self.networks)
        self.trees = _ran._Trees({80: "net:[7]", 81: "net:[7]", 82: "net:[8]", 83: 8, 84: 40})

    def told(self, file: str) -> bytes:
        if file == "/proc/loadavg":
            return b"0.1 0.1 0.1 1/9 %d\n" % self.last
        words = file.split("/")
        number = int(words[-2])
        if number not in self.kin:
            return b""
        return b"Name:\tx\nTgid:\t%d\nPPid:\t%d\n" % self.kin[number] if words[-1] == "status" else self.ran[number]

    def entries(self, folder: str) -> list[str]:
        if folder == "/proc":
            return [*(str(pid) for pid, _ in self.kin.values()), "loadavg"]
        pid = int(folder.split("/")[2])
        return [str(number) for number, (process, _) in self.kin.items() if process == pid]

    def bears(self, number: int, process: int, parent: int) -> None:
        self.kin[number], self.ran[number] = (process, parent), b"1"
        self.last = number

    def seen(self, port: int) -> dict[int, bytes]:
        """Thread -> what is known of how often it ran."""
        return {int(file.split("/")[-2]): told for file, told in self.trees.runs().get(port, ())}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_a_process_and_its_descendants(machine):
    machine.ran[9] = b"2"
    assert machine.seen(83) == {8: b"1", 9: b"2"}
    assert machine.seen(84) == {40: b"1"}


def test_all_of_a_network_count_and_whoever_brings_in_more(machine):
    assert machine.seen(80) == dict.fromkeys([5, 7, 8, 9, 30, 31], b"1")
    assert machine.seen(81) == machine.seen(80)
    assert machine.seen(82) == {}, "nobody is left"


def test_without_networks_no_container_is_known(monkeypatch):
    machine = Machine(monkeypatch)
    machine.networks, machine.now = None, 2.0
    assert machine.seen(80) == {}
    assert machine.seen(83) == {8: b"1", 9: b"1"}


def test_who_is_born_counts_at_once(machine):
    machine.bears(41, 41, 8)  # a child
    machine.bears(42, 42, 41)  # and its child
    machine.bears(43, 8, 7)  # a thread
    machine.bears(44, 44, 1)  # a stranger
    machine.bears(45, 45, 5)  # what an exec brings in
    assert machine.seen(83).keys() == {8, 9, 41, 42, 43}
    assert machine.seen(80).keys() == {5, 7, 8, 9, 30, 31, 41, 42, 43, 45}
    assert machine.seen(84).keys() == {40}


def test_who_is_born_while_others_are_looked_at(machine):
    real = machine.told

    def told(file: str) -> bytes:
        if file.endswith("/8/schedstat") and machine.last == 40:
            machine.bears(41, 41, 8)
        return real(file)

    machine.told = told
    _ran._told = told  # the fixture's patch takes it back
    assert machine.seen(83).keys() == {8, 9, 41}


def test_more_are_born_than_can_be_looked_at(machine):
    def told(file: str) -> bytes:
        machine.last += file.endswith("schedstat") or file == "/proc/loadavg"
        return Machine.told(machine, file)

    _ran._told = told  # the fixture's patch takes it back
    assert machine.seen(83) == {}


@pytest.mark.parametrize("last", [3, 40_000])
def test_numbers_that_begin_anew_and_too_many_new_ones(machine, last):
    machine.bears(last, last, 8)
    assert machine.seen(83).keys() == {8, 9, last}


def test_who_joins_a_network_is_found_after_a_while(machine):
    machine.networks = {"net:[7]": (7, 8, 31, 40)}
    assert 40 not in machine.seen(80)
    machine.now += 2
    assert 40 in machine.seen(80)


def test_who_has_ended_is_left_out(machine):
    del machine.kin[9]
    machine.last = 41  # and so has who was born last
    assert machine.seen(83) == {8: b"1"}


def test_the_kernel_tells_of_this_process():
    assert _ran._kin(os.getpid()) == (os.getpid(), os.getppid())
    assert _ran._kin(threading.get_native_id())[0] == os.getpid()
    assert _ran._kin(2**22 + 1) == (0, 0)
    before = _ran._births()
    subprocess.run(["true"], check=True)
    assert _ran._births() != before
    assert _ran._entries("/proc/nobody") == []


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
