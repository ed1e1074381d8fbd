"""A hand on a natively started system."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_distaudit.ports.control import Uncontrolled
from pytest_distaudit.ports.located import address
from pytest_distaudit.targets import trees
from pytest_distaudit.targets.recipe import StartFailed

if TYPE_CHECKING:
    import psutil

    from pytest_distaudit.targets.life import Life

_KILLED_S = 5.0


class NativeControl:
    """Disturbs the process tree of one ``Life``. See ``ports.control.Control``."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._halted: list[psutil.Process] = []

    def serving(self) -> str:
        """The listeners on the system's ports; of a system without ports, all its processes."""
        return trees.same_start(self._servers())

    def crash(self) -> float:
        """SIGKILL to those that listen and all below them."""
        servers = self._servers()
        if not servers:
            raise Uncontrolled("nobody serves whom one could kill")
        # what a server has started ends with it; what has started the server stays
        doomed = {each.pid: each for server in servers for each in trees.tree(server.pid)}
        struck = time.monotonic()
        if not trees.kill(list(doomed.values()), _KILLED_S):
            raise Uncontrolled(f"its processes did not end within {_KILLED_S:g} s of SIGKILL")
        return struck

    def take_away(self) -> None:
        """The stop signal of its recipe, then SIGKILL to what is left."""
        self._life.end()

    def bring_back(self) -> None:
        """Start it again, unless it serves: what is left of it goes first."""
        self.thaw()
        if self.serving():
            return
        self._life.end()
        try:
            self._life.again()
        except StartFailed as failure:
            raise Uncontrolled(f"it does not start again: {failure}") from failure

    def freeze(self) -> None:
        """SIGSTOP to those that listen and all below them."""
        self._halted = trees.halt(self._servers())
        if not self.frozen():
            self.thaw()
            raise Uncontrolled("not all of its processes stand still")

    def frozen(self) -> bool:
        """By /proc: what was halted is still there, and stopped."""
        return trees.halted(self._halted)

    def thaw(self) -> None:
        """SIGCONT to all that was halted."""
        trees.go_on(self._halted)
        self._halted = []

    def _servers(self) -> list[psutil.Process]:
        found = trees.tree(self._life.pid) if self._life.pid is not None else []
        ports = {address(url)[1] for url in self._life.plan.blueprint.endpoints.values()}
        return trees.listening(found, ports) if ports else found
