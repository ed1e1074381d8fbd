"""A first ``distaudit.toml``: the systems that a project's compose files publish, with credentials as variables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


def head(documents: Sequence[str]) -> str:
    """The beginning of the file: which documents are held against the claims."""
    listed = "".join(f"  {json.dumps(name)},\n" for name in documents)
    return f"{_INTRODUCTION}documents = [\n{listed}]\n" if documents else _INTRODUCTION


_INTRODUCTION = """\
# Where the systems are that the documents speak of. ${VARIABLES} come from the environment.
default = "local"
"""


@dataclass(frozen=True, slots=True)
class FoundSystem:
    """One system as the files declare it, at ``where``. ``endpoints`` is empty where no kind knows it, or it
    publishes nothing: ``why`` says so."""

    name: str
    kind: str
    where: str
    endpoints: tuple[tuple[str, str], ...] = field(default=())
    why: str = ""


def target_text(systems: Iterable[FoundSystem], target: str = "local") -> Iterator[str]:
    """The tables of these systems; those that cannot be reached are comments."""
    for system in systems:
        if not system.endpoints:
            yield f"\n# {system.name} ({system.where}): {system.why}\n"
            continue
        yield f"\n# {system.where}\n[targets.{target}.systems.{_key(system.name)}]\nkind = {json.dumps(system.kind)}\n"
        if len(system.endpoints) == 1:
            yield f"url = {json.dumps(system.endpoints[0][1])}\n"
        else:
            inside = ", ".join(f"{name} = {json.dumps(url)}" for name, url in system.endpoints)
            yield f"endpoints = {{{inside}}}\n"


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isalnum() and bare.isascii() else json.dumps(name)
