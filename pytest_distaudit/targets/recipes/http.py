"""Start an HTTP service of the audited project."""

from __future__ import annotations

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.program import OPTIONS, Program
from pytest_distaudit.targets.recipe import Blueprint, Site

#: doubles are programs like any other; where their product tells of itself at a port of its own, so do they
_TELLS = {"kong": "admin"}


class HttpRecipe:
    """``argv`` with ``{port}``; ready when the port is open unless ``ready`` says more."""

    kind = "http"
    options = OPTIONS

    def missing(self) -> str | None:
        """Nothing: the project brings the program."""
        return None

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port, or both."""
        port = site.free_port()
        endpoints = {"url": f"http://127.0.0.1:{port}"}
        if spec.kind in _TELLS:
            endpoints[_TELLS[spec.kind]] = f"http://127.0.0.1:{site.free_port()}"
        return Program(spec, site, "port", endpoints, port)
