"""What the systems of one cluster must know of one another before any of them runs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_distaudit.targets.recipe import Site, StartFailed


@dataclass(slots=True)
class Company:
    """The systems ``names`` of one run that form one cluster: one secret, and each one's port for the others."""

    names: tuple[str, ...]
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    ports: dict[str, int] = field(default_factory=dict)

    def port(self, name: str) -> int:
        """Where ``name`` waits for the others. Raises StartFailed for one that is not started with them."""
        if name not in self.ports:
            raise StartFailed(f"native.cluster names {name}, which is not started here as one of that cluster")
        return self.ports[name]


_COMPANIES: dict[tuple[Path, tuple[str, ...]], Company] = {}


def company(native: Mapping[str, Any], site: Site) -> Company:
    """That of a system whose ``native.cluster`` lists it; everybody of a run and a list has the same one."""
    names = tuple(native.get("cluster", ()))
    return _COMPANIES.setdefault((site.workdir.parent, names), Company(names))
