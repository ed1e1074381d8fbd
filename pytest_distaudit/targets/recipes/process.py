"""Start a program of the audited project that offers no address."""

from __future__ import annotations

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.program import OPTIONS, Program
from pytest_distaudit.targets.recipe import Blueprint, Site


class ProcessRecipe:
    """``argv``; ready when it has been alive for 0.3 s unless ``ready`` says more."""

    kind = "process"
    options = OPTIONS

    def missing(self) -> str | None:
        """Nothing: the project brings the program."""
        return None

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """A port is set aside for ``{port}``; it is no endpoint."""
        return Program(spec, site, "alive", {}, site.free_port())
