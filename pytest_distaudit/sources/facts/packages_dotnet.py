""".NET's manifests: project files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import Dependency, Toolchain
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.xml_elements import read_elements

_FRAMEWORK = re.compile(r"net(?:coreapp)?([0-9]+\.[0-9]+)")


def read_csproj(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """Package references and the target framework."""
    for item in read_elements(text):
        spot = Spot(file, item.line)
        if item.path[-1] in ("PackageReference", "PackageVersion"):
            name = item.attributes.get("Include", "")
            if name:
                yield Dependency("dotnet", name, item.attributes.get("Version", ""), spot)
        elif item.path[-1] in ("TargetFramework", "TargetFrameworks"):
            match = _FRAMEWORK.search(item.text)
            if match:
                yield Toolchain("dotnet", match[1], spot)
