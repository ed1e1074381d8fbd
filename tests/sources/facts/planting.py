"""Small trees for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from pytest_distaudit.domain.facts import Component, Facts
from pytest_distaudit.sources.facts import read_facts


def plant(root: Path, files: Mapping[str, str]) -> Path:
    """Write files; their text is dedented."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), "utf-8")
    return root


def facts_of(root: Path, **files: str) -> Facts:
    """Read a tree made of ``compose=..., readme=...``: the names of SHORT."""
    return read_facts(plant(root, {SHORT.get(name, name): text for name, text in files.items()}))


SHORT = {"compose": "docker-compose.yml", "readme": "README.md", "env": ".env"}


def component(facts: Facts, name: str) -> Component:
    """The one component of that name."""
    (found,) = [item for item in facts.components if item.name == name]
    return found
