"""Which files of its project a program loads, as far as its own text says it.

Read through the process's own root, so that a container's files are found too. Only digests of statements leave.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_distaudit.ports.programs import Source
from pytest_distaudit.systems._statements import Text, Unreadable, sources

PYTHON = ".py"
TEXTS = (PYTHON, ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".sh")
#: what lies there is installed, and belongs to no one program
FOREIGN = re.compile(r"/(?:site-packages|dist-packages|node_modules)(?:/|$)|^/(?:usr/(?:local/)?)?(?:s?bin|lib)/")
_MOST_FILES, _MOST_BYTES, _MOST_STATEMENTS = 400, 8 * 1024 * 1024, 20_000
_MOST_LINKS = 8
_BY_NAME = {"import_module", "__import__", "exec", "eval", "run_path", "run_module", "exec_module"}
#: a bare word may be anything
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+|[^\W\d][\w.]*:[\w.]+")
_QUOTED = re.compile(
    r"""["'`](\.[\w./-]+|[\w/-]+\.\w+)["'`]|^\s*(?:\.|source)\s+([\w./-]+)|\brequire_relative\s+["']([\w./-]+)""",
    re.MULTILINE,
)


class Inside:
    """Files as a process sees them."""

    def __init__(self, pid: int, folder: str) -> None:
        self._root, self.folder = Path(f"/proc/{pid}/root"), folder

    def path(self, written: str) -> Path:
        """Where this host finds what the process calls so."""
        return self._root / self.real(written).lstrip("/")

    def real(self, written: str) -> str:
        """The path from the process's own root, after links: this host would follow them from its own."""
        found = self.absolute(written)
        for _ in range(_MOST_LINKS):
            here = self._root / found.lstrip("/")
            if not here.is_symlink():
                break
            found = os.path.normpath(os.path.join(os.path.dirname(found), os.readlink(here)))
        return found

    def absolute(self, written: str) -> str:
        """The path from the process's own root."""
        return os.path.normpath(os.path.join(self.folder, written))

    def is_file(self, written: str) -> bool:
        """Whether the process would find a file there."""
        return bool(written) and self.path(written).is_file()


@dataclass(frozen=True, slots=True)
class Code:
    """What was read of a program. The fields are those of ``ports.programs.Program``."""

    code: tuple[Source, ...] | None
    unread: str = ""
    installed: tuple[str, ...] = ()
    unseen: str = ""
    beside: tuple[str, ...] = ()


@dataclass
class _Reading:
    """Reads file after file, each with what it loads."""

    seen: Inside
    folders: Sequence[str]
    texts: dict[str, Text] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)
    unseen: str = ""
    read: int = 0

    def follow(self, first: Text) -> None:
        """Breadth first. Raises Unreadable, OSError."""
        self.texts[first.written] = first
        waiting = [first]
        while waiting:
            for written in self._loaded(waiting.pop(0)):
                if written in self.texts:
                    continue
                if len(self.texts) >= _MOST_FILES or self.read > _MOST_BYTES:
                    self.unseen = "its project is too large to be read whole"
                    return
                self.texts[written] = self.text(written)
                waiting.append(self.texts[written])

    def text(self, written: str) -> Text:
        """Raises Unreadable, OSError."""
        content = self.seen.path(written).read_bytes()
        self.read += len(content)
        return Text.read(written, content.decode("utf-8", "replace"), written.endswith(PYTHON))

    def _loaded(self, text: Text) -> Iterator[str]:
        if text.tree is not None:
            for node in ast.walk(text.tree):
                yield from self._by(node, text.written)
            return
        folder, suffix = os.path.dirname(text.written), os.path.splitext(text.written)[1]
        for quoted in _QUOTED.finditer(text.content):
            yield from self._beside(os.path.join(folder, quoted[1] or quoted[2] or quoted[3]), suffix)

    def _by(self, node: ast.AST, written: str) -> Iterator[str]:
        """What this part of a text loads."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from self._module(alias.name)
        elif isinstance(node, ast.ImportFrom):
            yield from self._from(node, written)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
            yield from self._module(node.value.partition(":")[0], said=False)
        elif isinstance(node, ast.Call) and _called(node) in _BY_NAME:
            self.unseen = f"{written} loads code by a name that it is given"

    def _beside(self, written: str, suffix: str) -> Iterator[str]:
        for one in (written, f"{written}{suffix}", f"{written}/index{suffix}"):
            if os.path.splitext(one)[1] in TEXTS:
                yield from self._own(one)

    def _from(self, node: ast.ImportFrom, written: str) -> Iterator[str]:
        if not node.level:
            yield from self._module(node.module or "")
            for alias in node.names:
                yield from self._module(f"{node.module}.{alias.name}", said=False)
            return
        folder = os.path.dirname(written)
        for _ in range(node.level - 1):
            folder = os.path.dirname(folder)
        base = os.path.join(folder, *(node.module or "").split(".")) if node.module else folder
        for inner in (base, *(os.path.join(base, alias.name) for alias in node.names)):
            yield from self._file(inner)

    def _module(self, name: str, said: bool = True) -> Iterator[str]:
        """``said``: it is imported, and so it is somewhere; otherwise it may be no module at all."""
        parts = name.split(".")
        for folder in self.folders:
            files = [list(self._file(os.path.join(folder, *parts[:size]))) for size in range(1, len(parts) + 1)]
            if files[-1] or (said and any(files)):
                yield from (written for each in files for written in each)
                return
            if said and self.seen.path(os.path.join(folder, parts[0])).is_dir():
                return
        if said and parts[0] and parts[0] not in sys.stdlib_module_names:
            self.installed.add(parts[0])

    def _file(self, base: str) -> Iterator[str]:
        yield from self._own(f"{base}{PYTHON}")
        yield from self._own(f"{base}/__init__{PYTHON}")

    def _own(self, written: str) -> Iterator[str]:
        """The file as it is known to all, if there is one that belongs to the project."""
        if self.seen.is_file(written) and not FOREIGN.search(self.seen.real(written)):
            yield self.seen.real(written)


def code_of(seen: Inside, written: str, folders: Sequence[str], text: str | None = None) -> Code:
    """Of the program that begins with this file, or with ``text``. Raises OSError for a file that cannot be read.

    ``folders``: where Python looks for modules, as the process calls them.
    """
    reading = _Reading(seen, list(dict.fromkeys(seen.absolute(folder) for folder in folders)))
    try:
        first = reading.text(written) if text is None else Text.read(written, text, python=True)
        reading.follow(first)
        found = sources(list(reading.texts.values()))
    except (Unreadable, RecursionError) as error:
        return Code(None, str(error) or f"{written} is nested too deeply")
    if sum(len(one.statements) for one in found) > _MOST_STATEMENTS:
        return Code(None, "its project is too large to be compared")
    around = _around(reading, os.path.dirname(seen.absolute(written)) if text is None else seen.folder)
    unseen = reading.unseen or ("too much lies beside it to be looked at" if around is None else "")
    return Code(found, "", tuple(sorted(reading.installed)), unseen, around or ())


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _around(reading: _Reading, folder: str) -> tuple[str, ...] | None:
    """Digests of all source files there that are not read; None: there are too many."""
    if folder in ("", "/") or FOREIGN.search(folder):
        return ()
    base, told, size = reading.seen.path(folder), set[str](), 0
    for number, path in enumerate(_files(base)):
        written = os.path.join(folder, path.relative_to(base))
        if written in reading.texts:
            continue
        size += path.stat().st_size
        if number >= _MOST_FILES or size > _MOST_BYTES:
            return None
        told.add(hashlib.sha256(path.read_bytes()).hexdigest()[:12])
    return tuple(sorted(told))


def _files(base: Path) -> Iterable[Path]:
    for where, folders, files in os.walk(base):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__", "node_modules")))
        yield from (Path(where, name) for name in sorted(files) if Path(name).suffix in TEXTS)
