"""Start an Ollama server of its own: models in the work directory, on loopback, on processors alone."""

from __future__ import annotations

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMON, ENVIRONMENT
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World


class OllamaRecipe:
    """``ollama serve`` without models; commands of ``then`` give it some. ``env`` holds settings of its own."""

    kind = "ollama"
    options = {**COMMON, "env": ENVIRONMENT}  # noqa: RUF012 - never changed; the protocol wants a property

    def missing(self) -> str | None:
        """What to install when there is no server."""
        return None if installed("ollama") else "no ollama on PATH or built by ./run lab-extra ollama; install Ollama"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose a port."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        self._site = site
        self._env = dict((spec.native or {}).get("env", {}))
        self.port = site.free_port()
        self.endpoints = {"url": f"http://127.0.0.1:{self.port}"}

    def prepare(self, world: World) -> Command:
        """Nothing is written beforehand. Raises StartFailed."""
        program = installed("ollama")
        if program is None:
            raise StartFailed("ollama is no longer installed")
        home = self._site.workdir
        own = {
            "HOME": str(home),
            "OLLAMA_HOST": f"127.0.0.1:{self.port}",
            "OLLAMA_MODELS": str(home / "models"),
            "OLLAMA_NOHISTORY": "1",
        }
        given = {name: world.resolve(value) for name, value in self._env.items()}
        return Command((program, "serve"), home, minimal_environment(self._site.environ) | own | given)

    def ready(self) -> bool:
        """It can list its models."""
        return http_ok(self.port, "/api/tags")
