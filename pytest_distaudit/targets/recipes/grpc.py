"""Start a gRPC service of the audited project."""

from __future__ import annotations

from pytest_distaudit.domain.target import SystemSpec
from pytest_distaudit.targets.program import OPTIONS, Program
from pytest_distaudit.targets.recipe import Blueprint, Site


class GrpcRecipe:
    """``argv`` with ``{port}``; ready when the port is open unless ``ready`` says more."""

    kind = "grpc"
    options = OPTIONS

    def missing(self) -> str | None:
        """Nothing: the project brings the program."""
        return None

    def plan(self, spec: SystemSpec, site: Site) -> Blueprint:
        """Choose the port."""
        port = site.free_port()
        return Program(spec, site, "port", {"url": f"grpc://127.0.0.1:{port}"}, port)
