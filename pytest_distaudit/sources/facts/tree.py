"""The tree: what lies where, without following links and without looking into what others own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pytest_distaudit.domain.facts import NotRead, Tree

#: A larger tree is read up to here, and nothing is said of what lies beyond.
MOST_ENTRIES = 200_000
DEEPEST = 40
#: Folders of other people's code and of builds.
# fmt: off
VENDORED = frozenset((
    "node_modules", "bower_components", "vendor", "third_party", "thirdparty", "site-packages", ".venv",
    "venv", ".tox", ".nox", "__pycache__", ".git", ".hg", ".svn", ".terraform", ".gradle", ".idea", ".vs",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".next", ".nuxt",
))
# fmt: on
#: Folders that a build makes; closed only where they say nothing about the system.
_BUILT = frozenset(("target", "dist", "bin", "obj"))


def read_tree(root: Path) -> tuple[Tree, tuple[NotRead, ...]]:
    """Walk the tree once. Links are named, never followed; nested repositories and vendored folders stay closed."""
    walk = _Walk(root)
    walk.run()
    ignored = tuple(_ignored(root / ".gitignore"))
    tree = Tree(frozenset(walk.files), frozenset(walk.folders), frozenset(walk.opaque), ignored, walk.complete)
    return tree, tuple(walk.notes)


class _Walk:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.opaque: set[str] = set()
        self.notes: list[NotRead] = []
        self.complete = True

    def run(self) -> None:
        pending = [""]
        while pending:
            folder = pending.pop()
            for name, entry in self._entries(folder):
                if len(self.files) + len(self.folders) >= MOST_ENTRIES:
                    self.complete = False
                    self.notes.append(NotRead(".", f"more than {MOST_ENTRIES} entries; the rest was not looked at"))
                    return
                if self._take(name, entry):
                    pending.append(name)

    def _entries(self, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    yield (f"{folder}/{entry.name}" if folder else entry.name), entry
        except OSError as error:
            self.opaque.add(folder)
            self.complete = self.complete and bool(folder)
            self.notes.append(NotRead(folder or ".", f"cannot be listed: {error.strerror or error}"))

    def _take(self, name: str, entry: os.DirEntry[str]) -> bool:
        """Note one entry; True if it is a folder to look into."""
        if entry.is_symlink():
            # A link exists and may stand for a file or a folder; what it leads to may lie anywhere.
            self.files.add(name)
            self.opaque.add(name)
            self.notes.append(NotRead(name, "a link; links are not followed"))
            return False
        if not entry.is_dir(follow_symlinks=False):
            if entry.is_file(follow_symlinks=False):
                self.files.add(name)
            return False
        self.folders.add(name)
        why = self._closed(name, entry.name)
        if why:
            self.opaque.add(name)
            if why != "quiet":
                self.notes.append(NotRead(name, why))
        return not why

    def _closed(self, name: str, last: str) -> str:
        if last in VENDORED:
            return "quiet" if last.startswith((".", "__")) else "a vendored folder"
        if last in _BUILT and not any((self.root / name / file).exists() for file in ("Dockerfile", "README.md")):
            return "quiet"
        if (self.root / name / ".git").exists():
            return "a repository of its own"
        if name.count("/") >= DEEPEST:
            return f"deeper than {DEEPEST} folders"
        return ""


def _ignored(path: Path) -> Iterator[str]:
    try:
        if path.is_symlink() or path.stat().st_size > 100_000:
            return
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines[:1000]:
        pattern = line.strip()
        if pattern and not pattern.startswith(("#", "!")) and pattern not in ("*", "**", "/", "/*"):
            yield pattern.removeprefix("**/").rstrip("/")
