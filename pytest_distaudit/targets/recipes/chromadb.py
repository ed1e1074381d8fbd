"""Start a ChromaDB server of its own: data in the work directory, on loopback, telling nobody."""

from __future__ import annotations

import json
import signal

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMON, SETTINGS
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World


class ChromadbRecipe:
    """``chroma run``; ``settings`` are those of its own configuration file."""

    kind = "chromadb"
    options = {**COMMON, "settings": SETTINGS}  # noqa: RUF012 - never changed; the protocol wants a property

    def missing(self) -> str | None:
        """What to install when there is no server."""
        return None if installed("chroma") else "no chroma on PATH or unpacked by ./run; install the package chromadb"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose a port."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        self._site = site
        self._settings = dict((spec.native or {}).get("settings", {}))
        self.port = site.free_port()
        self.endpoints = {"url": f"http://127.0.0.1:{self.port}"}

    def prepare(self, world: World) -> Command:
        """Write the configuration. Raises StartFailed."""
        program = installed("chroma")
        if program is None:
            raise StartFailed("chroma is no longer installed")
        home = self._site.workdir
        own = {"listen_address": "127.0.0.1", "port": self.port, "persist_path": str(home / "data")}
        configuration = home / "chroma.yaml"
        configuration.write_text(json.dumps({**own, **self._settings}), "utf-8")  # JSON is YAML
        quiet = {"HOME": str(home), "ANONYMIZED_TELEMETRY": "False", "DO_NOT_TRACK": "1"}
        return Command(
            (program, "run", str(configuration)),
            home,
            minimal_environment(self._site.environ) | quiet,
            stop_signal=signal.SIGKILL,  # nobody needs its data again
        )

    def ready(self) -> bool:
        """It says that its parts are ready."""
        return http_ok(self.port, "/api/v2/healthcheck")
