"""A street of service instances, each a process of its own unless it lies about that."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from pytest_distaudit.targets.ground import FreePorts
from pytest_distaudit.testing import Room

SCRIPT = Path(__file__).with_name("instance.py")


class Street:
    """Processes under way and the target file that leads to them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._lines: list[str] = []
        # of those that no client is given: nobody may come to listen where a dead one is claimed
        self._ports = FreePorts()

    def free(self) -> int:
        return self._ports()

    def start(self, **environment: object) -> int:
        """Start an instance; gives its port once it listens."""
        port = self.free()
        given = {
            "PORT": str(port),
            "DIES_WITH": str(os.getpid()),
            **{name: str(value) for name, value in environment.items()},
        }
        process = subprocess.Popen([sys.executable, SCRIPT], env={**os.environ, **given})
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return _listening(port)

    def named(self, name: str, port: int, kind: str = "http", identity: str = "", host: str = "127.0.0.1") -> None:
        """Let the target file call what listens there ``name``."""
        scheme = {"http": "http", "postgres": "postgresql", "rabbitmq": "amqp"}[kind]
        lines = [f"[targets.proof.systems.{name}]", f'kind = "{kind}"', f'url = "{scheme}://{host}:{port}"']
        self.add(*lines, *([f'instances = {{identity = "header:{identity}"}}'] if identity else ()))

    def add(self, *lines: str) -> None:
        self._lines += [*lines, ""]

    def room(self, root: Path) -> Room:
        return self._stack.enter_context(Room(root, "\n".join(self._lines)))


def _listening(port: int) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return port
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    """Empty; the modules build on it."""
    with ExitStack() as stack:
        yield Street(stack)
