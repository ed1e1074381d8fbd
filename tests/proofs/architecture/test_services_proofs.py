"""architecture.services on native processes: services of their own, and one program that plays all of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.ground import FreePorts
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]

SERVICE = Path(__file__).with_name("service.py")
RELAY = """
import os, socket, threading
door = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    b.close()
while True:
    here, _ = door.accept()
    there = socket.create_connection(("127.0.0.1", int(os.environ["TO"])))
    for pair in ((here, there), (there, here)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


class Town:
    """Processes and the target file that names them."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root, self._stack, self._ports, self._lines = root, stack, FreePorts(), list[str]()

    def written(self, name: str, text: str = "") -> Path:
        """A program of its own: the service with a line that no other has."""
        path = self.root / name / "main.py"
        path.parent.mkdir()
        path.write_text(text or f"{SERVICE.read_text('utf-8')}\n# {name}\n", "utf-8")
        return path

    def start(self, name: str, script: Path, *argv: str, **environment: object) -> int:
        """Start it under that name; gives its port."""
        port = self._ports()
        given = {"PORT": str(port), **{key: str(value) for key, value in environment.items()}}
        process = subprocess.Popen(
            [sys.executable, str(script), *argv], env={**os.environ, "NAME": name, **given}, cwd=script.parent
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        self.named(name, port)
        return port

    def named(self, name: str, port: int) -> None:
        self._lines += [f"[targets.proof.systems.{name}]", 'kind = "http"', f'url = "http://127.0.0.1:{port}"']
        self._lines.append('health = "/health"')

    def room(self) -> Room:
        root = self.root / "room"
        root.mkdir()
        return self._stack.enter_context(Room(root, "\n".join(self._lines)))


def _listens(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def room(run: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with ExitStack() as stack:
        town = Town(tmp_path_factory.mktemp("town"), stack)
        mono = town.written("mono")
        ports = [
            # genuine: three programs, one of them twice; the same by its OpenAPI document
            town.start("real-orders", orders := town.written("orders"), PATHS="/health /orders"),
            town.start("real-users", town.written("users"), PATHS="/health /users"),
            town.start("real-users-2", town.root / "users" / "main.py", PATHS="/health /users"),
            town.start("open-orders", orders, PATHS="/health /orders", PUBLISHES=1),
            town.start("open-stock", town.written("stock"), PATHS="/health /stock", PUBLISHES=1),
            # one program under many names, told apart by the environment, by names and ports alone
            town.start("mono-front", mono, PATHS="/health /orders", PUBLISHES=1),
            town.start("mono-worker", mono, "--name", "mono-worker", PATHS="/health /users", PUBLISHES=1),
            town.start("mono-other", mono, "--name", "mono-other", "--port", "81", PATHS="/health /users", PUBLISHES=1),
            # a copy of it elsewhere, with its own surroundings
            town.start("copy-one", mono, PATHS="/health /orders /users"),
            town.start("copy-two", _copied(mono, town.root / "copy"), PATHS="/health /orders /users"),
            # documents that say what is not served
            town.start("paper-orders", town.written("paper-a"), PATHS="/health"),
            town.start("paper-users", town.written("paper-b"), PATHS="/health"),
            # different files that serve alike, without and with a word on it
            town.start("alike-one", town.written("alike-a"), PATHS="/health /orders /users"),
            town.start("alike-two", town.written("alike-b"), PATHS="/health /orders /users"),
        ]
        # one process with two names, and relays to it
        relay = town.written("relay", RELAY)
        town.named("names-one", ports[0])
        town.named("names-two", ports[0])
        for name in ("relay-one", "relay-two"):
            ports.append(town.start(name, relay, TO=ports[0]))
        town.named("gone-one", ports[0])
        town.named("gone-two", town._ports())
        for port in ports:
            _listens(port)
        yield town.room()


def _copied(script: Path, folder: Path) -> Path:
    shutil.copytree(script.parent, folder)
    (folder / "more.py").write_text("NOTHING = 1\n", "utf-8")
    return folder / "main.py"


def judged(room: Room, services: str, **params: Any) -> ClaimResult:
    return room.judge("architecture.services", roles={"services": services}, within="0.1s", **params)


@pytest.mark.parametrize(
    ("services", "params"),
    [
        (
            "real-*",
            {
                "count": "2",
                "replicas": "users=real-users+real-users-2",
                "serves": "real-orders=/orders, users=/users",
            },
        ),
        ("open-*", {"count": "2"}),
    ],
)
def test_services_of_their_own(room: Room, services: str, params: dict[str, str]) -> None:
    found = judged(room, services, **params)
    assert found.verdict is Verdict.VERIFIED, found


@pytest.mark.parametrize(
    ("services", "params", "actual"),
    [
        ("real-*", {"serves": "real-orders=/orders, real-users=/users"}, "are one program"),
        ("mono-[wo]*", {}, "are one program"),
        ("copy-*", {"serves": "copy-one=/orders, copy-two=/users"}, "are one program"),
        ("names-*", {}, "are one process"),
        ("relay-*", {}, "lead to one"),
        ("paper-*", {"serves": "paper-orders=/orders, paper-users=/users"}, "does not serve"),
        ("open-*", {"count": "3"}, "2 services"),
    ],
)
def test_names_are_no_services(room: Room, services: str, params: dict[str, str], actual: str) -> None:
    found = judged(room, services, **params)
    assert (found.verdict, actual in found.actual) == (Verdict.REFUTED, True), found


@pytest.mark.parametrize(
    ("services", "params"),
    [
        ("alike-*", {}),
        ("alike-*", {"serves": "alike-one=/orders, alike-two=/users"}),
        ("copy-*", {}),
    ],
)
def test_what_serves_nothing_of_its_own_may_be_the_other_once_more(
    room: Room, services: str, params: dict[str, str]
) -> None:
    found = judged(room, services, **params)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), found
