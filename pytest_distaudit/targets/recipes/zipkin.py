"""Start a Zipkin server that keeps its traces in memory."""

from __future__ import annotations

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMON
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World

_PROGRAM = "zipkin-server"
#: a short life: quick to start counts more than quick at work
_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx200m -Xshare:auto -Djava.net.preferIPv4Stack=true"


class ZipkinRecipe:
    """A private server on loopback; it takes spans and tells them at one port."""

    kind = "zipkin"
    options = COMMON

    def missing(self) -> str | None:
        """How to get it."""
        return None if installed(_PROGRAM) else "no zipkin-server on PATH or built by ./run lab-extra zipkin"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port."""
        return _Server(site)


class _Server:
    def __init__(self, site: Site) -> None:
        self._site = site
        self.port = site.free_port()
        self.endpoints = {"url": f"http://127.0.0.1:{self.port}"}

    def prepare(self, world: World) -> Command:
        """Its settings are environment. Raises StartFailed."""
        program = installed(_PROGRAM)
        if program is None:
            raise StartFailed("zipkin-server is no longer installed")
        settings = {
            "SELF_TRACING_ENABLED": "false",
            "JAVA_TOOL_OPTIONS": _JVM,
            "HOME": str(self._site.workdir),
        }
        # only there can it be told on which address to listen
        port = {"ip": "127.0.0.1", "port": str(self.port), "protocols[0]": "http"}
        argv = (program, *(f"--armeria.ports[0].{name}={value}" for name, value in port.items()))
        return Command(argv, self._site.workdir, minimal_environment(self._site.environ) | settings)

    def ready(self) -> bool:
        """Its storage answers."""
        return http_ok(self.port, "/health")
