"""Start a Prometheus that scrapes what it is told to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.ground import account, hand_over, minimal_environment
from pytest_distaudit.targets.installed import installed
from pytest_distaudit.targets.looks import http_ok, http_text
from pytest_distaudit.targets.options import COMMON, TEXT
from pytest_distaudit.targets.placeholders import every_text
from pytest_distaudit.targets.recipe import Blueprint, Command, Option, Site, StartFailed, World

_PROGRAM = "prometheus"


def _are_jobs(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(
        isinstance(job, Mapping)
        and isinstance(job.get("job_name"), str)
        and all(isinstance(one, Mapping) for one in job.get("static_configs", ()))
        for job in value
    )


class PrometheusRecipe:
    """``scrape`` is a list of jobs as in its own configuration; placeholders name the systems to scrape."""

    kind = "prometheus"
    options = {  # noqa: RUF012 - never changed; the protocol wants a property
        **COMMON,
        "scrape": Option("a list of tables, each with a job_name, as in Prometheus' own configuration", _are_jobs),
        "every": TEXT,
    }

    def missing(self) -> str | None:
        """What to install when there is no server."""
        return None if installed(_PROGRAM) else "no prometheus on PATH; install the package prometheus"

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port."""
        return _Server(spec, site)


class _Server:
    def __init__(self, spec: SystemSpec, site: Site) -> None:
        native = spec.native or {}
        self._site = site
        self._jobs = native.get("scrape", ())
        self._every: str = native.get("every", "1s")
        self._account = account("prometheus")
        self.port = site.free_port()
        self.endpoints = {"url": f"http://127.0.0.1:{self.port}"}

    def prepare(self, world: World) -> Command:
        """Write the configuration. Raises StartFailed."""
        program = installed(_PROGRAM)
        if program is None:
            raise StartFailed("prometheus is no longer installed")
        home = self._site.workdir
        settings = {
            "global": {"scrape_interval": self._every, "scrape_timeout": self._every},
            "scrape_configs": every_text(list(self._jobs), world.resolve),
        }
        # JSON is YAML
        (home / "prometheus.yml").write_text(json.dumps(settings), "utf-8")
        hand_over(home, self._account)
        argv = (
            program,
            f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        )
        return Command(argv, home, minimal_environment(self._site.environ), self._account)

    def ready(self) -> bool:
        """It serves, and has scraped each target once; it finds them only some seconds after it began to serve."""
        if not http_ok(self.port, "/-/ready"):
            return False
        told = http_text(self.port, "/api/v1/targets?state=active") if self._named() else ""
        return not self._named() or ('"scrapeUrl"' in told and '"health":"unknown"' not in told)

    def _named(self) -> bool:
        """Whether any target is written down; what is discovered elsewhere is not waited for."""
        return any(one.get("targets") for job in self._jobs for one in job.get("static_configs", ()))
