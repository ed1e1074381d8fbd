"""A hand on a system in a container of the run."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import psutil

from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.targets import trees

if TYPE_CHECKING:
    from pytest_distaudit.targets.containers.engine import Container, Snapshot

_KILLED_S = 5.0
#: between the moment the engine writes down and the one the kernel does
_SAME_START_S = 2.0


class ContainerControl:
    """Disturbs one container. See ``ports.control.Control``."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def serving(self) -> str:
        """The container's run: when it was started."""
        return self._container.seen().run

    def crash(self) -> float:
        """SIGKILL from the host to its first process, and so to all: killed through the engine, it would not be
        restarted by any policy.
        """
        first = _first_process(self._container.seen())
        struck = time.monotonic()
        if not trees.kill([first], _KILLED_S):
            raise Uncontrolled(f"its first process did not end within {_KILLED_S:g} s of SIGKILL")
        return struck

    def take_away(self) -> None:
        """Stopped through the engine, whose restart policies leave it alone then."""
        self._container.ordered("stop")

    def bring_back(self) -> None:
        """Started through the engine."""
        self.thaw()
        if not self.serving():
            self._container.ordered("start")

    def freeze(self) -> None:
        """The engine's freezer."""
        self._container.ordered("pause")

    def frozen(self) -> bool:
        """By the engine's word."""
        return bool(self._container.seen().state.get("Paused"))

    def thaw(self) -> None:
        """Taken out of the freezer, if it is in it."""
        if self.frozen():
            self._container.ordered("unpause")


def _first_process(seen: Snapshot) -> psutil.Process:
    """The container's first process, on this host. Raises Uncontrolled if it cannot be told that this is one's pid."""
    pid = int(seen.state.get("Pid") or 0)
    if not pid:
        raise Uncontrolled("it runs no process that one could kill")
    if not seen.near or os.geteuid():
        raise Uncontrolled("its process can be killed only by root on the engine's own machine")
    with suppress(psutil.Error, ValueError):
        process = psutil.Process(pid)
        started = datetime.fromisoformat(str(seen.state["StartedAt"])).timestamp()
        if abs(process.create_time() - started) < _SAME_START_S:
            return process
    raise Uncontrolled(f"the engine's process {pid} is not one of this machine")
