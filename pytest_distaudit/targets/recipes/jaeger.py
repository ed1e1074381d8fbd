"""Start a Jaeger of its own, version 2 or, where only that is there, version 1: all in one, in memory, on loopback."""

from __future__ import annotations

import json
from typing import Any

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok
from pytest_distaudit.targets.options import COMMON
from pytest_distaudit.targets.recipe import Blueprint, Command, Site, StartFailed, World

_SECOND, _FIRST = "jaeger", "jaeger-all-in-one"
_HOST = "127.0.0.1"
_MOST_TRACES = 10_000


class JaegerRecipe:
    """``url`` is the query API, ``otlp`` takes spans over HTTP, ``metrics`` are its own."""

    kind = "jaeger"
    options = COMMON

    def missing(self) -> str | None:
        """How to get it."""
        return None if installed(_SECOND, _FIRST) else "no jaeger on PATH or built by ./run lab-extra jaeger"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the ports; receivers of other protocols stay closed where they can."""
        return _Server(site)


class _Server:
    def __init__(self, site: Site) -> None:
        self._site = site
        self.port, self._grpc, self._otlp, self._metrics = (site.free_port() for _ in range(4))
        self.endpoints = {
            "url": f"http://{_HOST}:{self.port}",
            "otlp": f"http://{_HOST}:{self._otlp}",
            "metrics": f"http://{_HOST}:{self._metrics}",
        }

    def prepare(self, world: World) -> Command:
        """Version 2 reads a file, version 1 options. Raises StartFailed."""
        home = self._site.workdir
        if second := installed(_SECOND):
            (home / "jaeger.json").write_text(json.dumps(self._configuration()), "utf-8")
            argv: tuple[str, ...] = (second, "--config", str(home / "jaeger.json"))
        elif first := installed(_FIRST):
            argv = (first, *self._options())
        else:
            raise StartFailed("jaeger is no longer installed")
        return Command(argv, home, minimal_environment(self._site.environ) | {"HOME": str(home)})

    def _configuration(self) -> dict[str, Any]:
        reader = {"pull": {"exporter": {"prometheus": {"host": _HOST, "port": self._metrics}}}}
        return {
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
                "telemetry": {"metrics": {"level": "normal", "readers": [reader]}, "logs": {"level": "warn"}},
            },
            "extensions": {
                "jaeger_query": {
                    "storage": {"traces": "memory"},
                    "http": {"endpoint": f"{_HOST}:{self.port}"},
                    "grpc": {"endpoint": f"{_HOST}:{self._grpc}"},
                },
                "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": _MOST_TRACES}}}},
            },
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{_HOST}:{self._otlp}"}}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
        }

    def _options(self) -> tuple[str, ...]:
        spare = [self._site.free_port() for _ in range(3)]
        places = {
            "query.http-server.host-port": self.port,
            "query.grpc-server.host-port": self._grpc,
            "collector.otlp.http.host-port": self._otlp,
            "admin.http.host-port": self._metrics,
            "collector.otlp.grpc.host-port": spare[0],
            "collector.http-server.host-port": spare[1],
            "collector.grpc-server.host-port": spare[2],
        }
        options = [f"--{name}={_HOST}:{port}" for name, port in places.items()]
        return (*options, f"--memory.max-traces={_MOST_TRACES}", "--log-level=warn")

    def ready(self) -> bool:
        """Its storage answers."""
        return http_ok(self.port, "/api/services")
