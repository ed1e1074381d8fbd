"""Node's manifest: ``package.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pytest_distaudit.domain.facts import Dependency, Toolchain
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.packages_python import line_of
from pytest_distaudit.sources.facts.yaml_nodes import Unreadable


def read_package_json(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """The dependencies, and the version of Node that the package fixes."""
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {str(error)[:200]}") from None
    if not isinstance(data, dict):
        return
    for table in ("dependencies", "devDependencies"):
        entries = data.get(table)
        for name, version in entries.items() if isinstance(entries, dict) else ():
            yield Dependency("node", name, str(version), Spot(file, line_of(text, f'"{name}"')))
    engines = data.get("engines")
    wanted = (
        re.fullmatch(r"[v^~]?([0-9]+(?:\.[0-9]+)*)(?:\.x)*", str(engines.get("node")))
        if isinstance(engines, dict)
        else None
    )
    if wanted:
        yield Toolchain("node", wanted[1], Spot(file, line_of(text, '"engines"')))
