"""A program of the audited project: what ``http`` and ``process`` systems have in common."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.ports.dial import answers
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMAND, COMMON, ENVIRONMENT, TEXT
from pytest_distaudit.targets.recipe import Command, Option, Site, World

_ALIVE_S = 0.3


def _is_readiness(value: Any) -> bool:
    return value in ("port", "alive") or (isinstance(value, str) and value.startswith("GET /"))


OPTIONS: Mapping[str, Option] = {
    **COMMON,
    "argv": COMMAND,
    "cwd": TEXT,
    "env": ENVIRONMENT,
    "ready": Option("'GET /path', 'port' or 'alive'", _is_readiness),
}


class Program:
    """A planned program. ``ready`` in the native table, else ``default``, says what is waited for."""

    def __init__(self, spec: SystemSpec, site: Site, default: str, endpoints: Mapping[str, str], port: int) -> None:
        self._native = spec.native or {}
        self._site = site
        self._wanted: str = self._native.get("ready", default)
        self._looked_at: float | None = None
        self._says_yes_to_all = False
        self.endpoints = endpoints
        self.port = port

    def prepare(self, world: World) -> Command:
        """The command with every placeholder filled; raises nothing."""
        environment = {name: world.resolve(text) for name, text in self._native.get("env", {}).items()}
        return Command(
            argv=tuple(world.resolve(word) for word in self._native["argv"]),
            cwd=self._site.root / self._native.get("cwd", "."),
            env=minimal_environment(self._site.environ) | environment,
        )

    @property
    def own_word(self) -> bool:
        """Whether being ready is an answer of its own: not an open port, a living process, or a yes to everything."""
        return self._wanted.startswith("GET ") and not self._says_yes_to_all

    def ready(self) -> bool:
        """GET answered with 2xx, the port open, or alive for 0.3 s since the first look."""
        if self._wanted == "alive":
            self._looked_at = self._looked_at or time.monotonic()
            return time.monotonic() - self._looked_at >= _ALIVE_S
        if self._wanted == "port":
            return answers("127.0.0.1", self.port)
        ready = http_ok(self.port, self._wanted.removeprefix("GET "))
        self._says_yes_to_all = ready and http_ok(self.port, f"/distaudit-{secrets.token_hex(8)}")
        return ready
