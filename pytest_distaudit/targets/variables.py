"""``${NAME}`` in endpoints: values come from the environment, never into an error."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_distaudit.domain.errors import Problem
from pytest_distaudit.domain.target import SystemSpec

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expanded(spec: SystemSpec, environ: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """The system's endpoints with every variable replaced, and a problem for each one not set."""
    names = {name for url in spec.endpoints.values() for name in _VARIABLE.findall(url)}
    problems = [
        Problem(
            spec.place,
            f"the endpoints of system {spec.name!r} need the environment variable {name}, which is not set; "
            f"export {name}, or leave the system to another --distaudit-provision",
        )
        for name in sorted(names)
        if name not in environ
    ]
    if problems:
        return {}, problems
    return {name: _VARIABLE.sub(lambda m: environ[m[1]], url) for name, url in spec.endpoints.items()}, []
