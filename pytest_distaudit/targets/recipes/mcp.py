"""Start a server of tools of the audited project that is asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.options import TEXT
from pytest_distaudit.targets.program import OPTIONS, Program
from pytest_distaudit.targets.recipe import Blueprint, Option, Site

_PATH = "/mcp"


class McpRecipe:
    """``argv`` with ``{port}``; ``path`` is where it is asked. One that is talked to by stdio is not started ahead."""

    kind = "mcp"
    options: Mapping[str, Option] = MappingProxyType({**OPTIONS, "path": TEXT})

    def missing(self) -> str | None:
        """Nothing: the project brings the program."""
        return None

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port."""
        port = site.free_port()
        path = "/" + str((spec.native or {}).get("path", _PATH)).lstrip("/")
        return Program(spec, site, "port", {"url": f"http://127.0.0.1:{port}{path}"}, port)
