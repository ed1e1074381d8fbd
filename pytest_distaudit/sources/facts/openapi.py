"""OpenAPI files: the operations that they describe."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Route
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.yaml_nodes import Node

SIGN = re.compile(r"""^[ \t]*["']?(?:openapi|swagger)["']?\s*:\s*["']?[23]\.""", re.MULTILINE)
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


def read_openapi(file: str, node: Node) -> Iterator[Route]:
    """One route for each method of each path."""
    for path, item in node.at("paths").pairs.items():
        for method in _METHODS:
            if method in item.pairs:
                yield Route("openapi", f"{method.upper()} {path}", path, Spot(file, item.at(method).key_line))
