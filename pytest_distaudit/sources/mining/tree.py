"""The files of an audited tree: bounded, in one order, nothing outside it and no foreign repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: Folders that hold what others wrote or what was built.
FOREIGN = frozenset(
    {
        *("node_modules", "bower_components", "vendor", "third_party", "third-party", "site-packages", "venv"),
        *("dist", "build", "target", "out", "bin", "obj", "__pycache__", "coverage"),
    }
)
MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
TEXT = frozenset({".rst", ".adoc", ".asciidoc", ".asc"})
DIAGRAM = frozenset({".mmd", ".mermaid", ".puml", ".plantuml"})
_LEADING = ("readme", "architecture")
#: Files of a tree that are looked at; no project that people maintain has more.
MOST_FILES = 200_000
DEEPEST = 24


def files_of(root: Path) -> Iterator[Path]:
    """The regular files below ``root``, folder by folder in the order of their names.

    Left out: symbolic links (so that no loop and no way out of the tree exists), hidden and foreign
    folders, and nested repositories.
    """
    left = MOST_FILES
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        if here != root and (".git" in inner or ".git" in names):
            inner.clear()
            continue
        deep = len(here.relative_to(root).parts) >= DEEPEST
        inner[:] = [] if deep else [name for name in sorted(inner) if _entered(name)]
        for name in sorted(names):
            path = here / name
            if path.is_symlink() or not path.is_file():
                continue
            yield path
            left -= 1
            if left <= 0:
                return


def _entered(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in FOREIGN


def is_document(path: Path) -> bool:
    """Whether the miner reads this file: by suffix, and README or ARCHITECTURE without one."""
    suffix = path.suffix.lower()
    if suffix in MARKDOWN or suffix in TEXT or suffix in DIAGRAM:
        return True
    return suffix in ("", ".txt") and path.stem.lower() in _LEADING


def documents_of(root: Path) -> list[Path]:
    """The documents of the tree below ``root``: what a reader opens first comes first.

    README and ARCHITECTURE files lead, those near the root before deeper ones; then the rest by path.
    """
    found = [path for path in files_of(root) if is_document(path)]
    return sorted(found, key=lambda path: _rank(path.relative_to(root)))


def _rank(path: Path) -> tuple[int, int, str]:
    leading = path.stem.lower().startswith(_LEADING)
    return (len(path.parts) if leading else DEEPEST + 1, len(path.parts), path.as_posix())
