"""TOML text to data, and the line in which each table and key of it starts."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?[^\]]+\]\]?)\s*(?:#.*)?")
_KEY = re.compile(r"\s*([^=#\[{]+?)\s*=")
_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """The data of a TOML file. Raises InvalidInput at the line and column of the error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.fullmatch(str(error))
        words = found[1] if found else str(error)
        place = Place(file, int(found[2]), int(found[3])) if found and found[2] else Place(file, text.count("\n") + 1)
        raise InvalidInput([Problem(place, f"this is no TOML: {words}")]) from None
    except RecursionError:
        raise InvalidInput([Problem(Place(file), "nested too deep to be a description of targets")]) from None


class TomlPlaces:
    """Places in a TOML file, by paths relative to the table ``prefix``.

    tomllib tells no lines, so headers and keys are found by a scan of the text. Text inside a
    multi-line string that looks like one can mislead the scan: a place is then off, the data never.
    """

    def __init__(self, text: str, file: str, prefix: tuple[str, ...]) -> None:
        self._file = file
        self._prefix = prefix
        self._lines: dict[Path, int] = {}
        table: Path = ()
        for number, line in enumerate(text.split("\n"), start=1):
            if header := _HEADER.fullmatch(line):
                table = _path_of(header[1].replace("[[", "[").replace("]]", "]"))
                self._note(table, number)
            elif key := _KEY.match(line):
                self._note((*table, *_path_of(f"{key[1]} = 0")), number)

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def also(self, path: Path, other: Path) -> None:
        """What is not written below ``path`` stands where the same is written below ``other``."""
        above, below = (*self._prefix, *path), (*self._prefix, *other)
        for known, line in list(self._lines.items()):
            if known[: len(below)] == below:
                self._lines.setdefault((*above, *known[len(below) :]), line)

    def place(self, path: Path) -> Place:
        """The line of the table or key at ``path``, or of the nearest around it."""
        whole: Path = (*self._prefix, *path)
        for length in range(len(whole), 0, -1):
            if whole[:length] in self._lines:
                return Place(self._file, self._lines[whole[:length]], 1)
        return Place(self._file)

    def key_place(self, path: Path) -> Place:
        """A key and its value share their line."""
        return self.place(path)

    def text(self, path: Path) -> str | None:
        """TOML values are typed; nobody needs their spelling."""
        return None


def _path_of(line: str) -> Path:
    """The keys that one header or assignment names, as tomllib reads them."""
    try:
        found: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(found, dict) and found:
        key, found = next(iter(found.items()))
        path.append(key)
    return tuple(path)
