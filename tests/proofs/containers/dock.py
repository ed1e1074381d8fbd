"""The miniature: containers on the lab's engine, under names of the run's own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.testing import Room
from tests.lab import Lab

if TYPE_CHECKING:
    from docker.models.containers import Container

_NUMBERS = itertools.count(1)
TARGET = """
[targets.proof.systems.engine]
kind = "docker"
url = "{url}"
"""


class Dock:
    """A set-up on an engine; ``url`` is how the audit gets there (default: as the lab does).

    Containers are started at once, in threads, and waited for by ``all_started``.
    """

    def __init__(self, lab: Lab, root: Path) -> None:
        self.lab, self._root = lab, root
        self.project = f"distaudit-proof-{os.getpid()}-{next(_NUMBERS)}"
        self._pool = ThreadPoolExecutor(6)
        self._starting: list[Any] = []
        self._rooms: dict[str, Room] = {}

    def name(self, name: str) -> str:
        return f"{self.project}-{name}"

    def run(
        self, name: str, image: str, *argv: str, then: Callable[[Container], Any] | None = None, **options: Any
    ) -> None:
        """Start a container, as Compose would call it; ``then`` is done to it."""

        def start() -> None:
            made = self.lab.run(image, *argv, **self._named(name, options))
            if then is not None:
                then(made)

        self._starting.append(self._pool.submit(start))

    def create(self, name: str, image: str, *argv: str, **options: Any) -> None:
        self.lab.create(image, *argv, **self._named(name, options))

    def _named(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        compose = {"com.docker.compose.project": self.project, "com.docker.compose.service": name}
        labels = compose | options.pop("labels", {})
        return {"name": self.name(name), "labels": labels, **options}

    def all_started(self) -> None:
        for each in self._starting:
            each.result()
        self._starting.clear()

    def judge(self, check: str, *, url: str = "", within: str = "0.1s", **params: Any) -> ClaimResult:
        """The verdict on a claim about this set-up alone; without long waits for what will not change."""
        url = url or self.lab.address
        if url not in self._rooms:
            root = self._root / str(len(self._rooms))
            root.mkdir()
            self._rooms[url] = Room(root, TARGET.format(url=url)).__enter__()
        return self._rooms[url].judge(check, system="engine", within=within, **{"project": self.project, **params})

    def close(self) -> None:
        for room in self._rooms.values():
            room.__exit__(None, None, None)
        self._pool.shutdown()
