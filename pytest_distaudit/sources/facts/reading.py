"""Reading an audited file: bounded, never fatal, every refusal noted with its reason."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_distaudit.domain.facts import NotRead, Tree

#: No manifest that people write is larger.
LARGEST = 2 * 1024 * 1024


class Reading:
    """The audited tree while it is read: its files, and what was left out."""

    def __init__(self, root: Path, tree: Tree, notes: list[NotRead]) -> None:
        self.root = root
        self.tree = tree
        self.notes = notes
        self._texts: dict[str, str | None] = {}

    def skip(self, file: str, why: str, line: int = 0) -> None:
        """Note that something was not read."""
        self.notes.append(NotRead(file, why, line))

    def text(self, file: str, largest: int = LARGEST, *, keep: bool = False) -> str | None:
        """A file's text, whatever its line ends; None if it cannot be had, which is noted.

        What is not UTF-8 is read as Latin-1. ``keep`` remembers small files that several readers ask for.
        """
        if file not in self._texts:
            text = self._read(file, largest)
            if not keep:
                return text
            self._texts[file] = text
        return self._texts[file]

    def _read(self, file: str, largest: int) -> str | None:
        try:
            # A file may have become a link or a pipe since the tree was walked.
            handle = os.open(
                self.root / file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            )
            with os.fdopen(handle, "rb") as stream:
                data = stream.read(largest + 1)
        except OSError as error:
            self.skip(file, f"cannot be read: {error.strerror or error}")
            return None
        if len(data) > largest:
            self.skip(file, f"larger than {largest // 1024} KiB")
            return None
        if b"\0" in data[:4096]:
            self.skip(file, "a binary file")
            return None
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
