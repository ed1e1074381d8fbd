"""Objects that a module builds and nobody starts: their class has ``initialize``, ``start`` or ``connect``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pytest_distaudit.domain.facts import CodeFact, CodeFlaw
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.sources.facts.python_modules import Modules

#: Methods without which such an object does nothing.
STARTERS = ("initialize", "initialise", "start", "connect", "startup")
_SIGNS = tuple(f"def {name}(" for name in STARTERS)
_BUILT = re.compile(r"^([A-Za-z_]\w*)(?:\s*:[^=\n]{1,100})?\s*=\s*([A-Z]\w*)\(", re.MULTILINE)


def never_started(modules: Modules) -> Iterator[CodeFact]:
    """Objects at the top of a module whose class waits to be started, and which nobody starts or passes on."""
    starters = _classes(modules)
    if not starters:
        return
    for module in modules.all:
        for match in _BUILT.finditer(module.text):
            name, made = match[1], match[2]
            if made in starters and not _used(modules, name, starters[made]):
                line = module.text.count("\n", 0, match.start()) + 1
                yield CodeFact(CodeFlaw.NEVER_STARTED, name, Spot(module.file, line), f"{made}.{starters[made][0]}")


def _classes(modules: Modules) -> dict[str, tuple[str, ...]]:
    """Classes with a starter that their own constructor does not call; names that are given twice are left out."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for module in modules.all:
        tree = module.tree() if any(sign in module.text for sign in _SIGNS) else None
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.ClassDef):
                methods = {
                    item.name: item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
                }
                starters = tuple(name for name in STARTERS if name in methods)
                begun = "__init__" in methods and any(
                    isinstance(inner, ast.Attribute) and inner.attr in starters
                    for inner in ast.walk(methods["__init__"])
                )
                if starters and not begun:
                    found.setdefault(node.name, []).append(starters)
    return {name: given[0] for name, given in found.items() if len(given) == 1}


def _used(modules: Modules, name: str, starters: tuple[str, ...]) -> bool:
    """Whether somebody starts an object of that name, or passes it on, where it could be started out of sight."""
    started = re.compile(rf"\b{re.escape(name)}\s*\.\s*(?:{'|'.join(starters)})\b")
    passed = re.compile(
        rf"(?:[(,=\[{{:]|\breturn|\byield|\bwith|\bin)[ \t]*{re.escape(name)}[ \t]*(?:[),\]}}\n]|$|as\b)"
        rf"|\b{re.escape(name)}\s*\)",
        re.MULTILINE,
    )
    return any(
        started.search(module.text) or passed.search(module.text) for module in modules.all if name in module.text
    )
