"""Rust's manifest: ``Cargo.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_distaudit.domain.facts import Dependency, Toolchain
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.packages_python import line_of, toml


def read_cargo(file: str, text: str) -> Iterator[Dependency | Toolchain]:
    """The dependencies, also a workspace's, and the language's version."""
    data = toml(text)
    workspace = data.get("workspace")
    for table in (data.get("dependencies"), workspace.get("dependencies") if isinstance(workspace, dict) else None):
        for name, value in table.items() if isinstance(table, dict) else ():
            version = value.get("version") if isinstance(value, dict) else value
            yield Dependency(
                "rust", name, version if isinstance(version, str) else "", Spot(file, line_of(text, f"\n{name}") + 1)
            )
    package = data.get("package")
    version = package.get("rust-version") if isinstance(package, dict) else None
    if isinstance(version, str):
        yield Toolchain("rust", version, Spot(file, line_of(text, "rust-version")))
