"""Go's manifest: ``go.mod``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Dependency, Toolchain
from pytest_distaudit.domain.finding import Spot

_REQUIRED = re.compile(r"(?:require\s+)?([\w.-]+\.[\w.-]+/\S+)\s+(v\S+)")
_GO = re.compile(r"go\s+([0-9]+(?:\.[0-9]+)*)")


def read_go_mod(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """The required modules and the language's version."""
    for number, line in enumerate(text.split("\n"), 1):
        written = line.partition("//")[0].strip()
        required, language = _REQUIRED.fullmatch(written), _GO.fullmatch(written)
        if required:
            yield Dependency("go", required[1], required[2], Spot(file, number))
        elif language:
            yield Toolchain("go", language[1], Spot(file, number))
