"""What was worked out before, kept outside the audited tree: values by a digest of all that they follow from."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any


class Memory:
    """JSON values in a folder. One that cannot be used forgets everything, which is no error."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most

    def told(self, key: str) -> Any:
        """The value of the hexadecimal ``key``; None if it is not remembered."""
        with suppress(OSError, ValueError):
            return json.loads(self._path(key).read_text(encoding="utf-8"))
        return None

    def keep(self, key: str, value: Any) -> None:
        """Remember ``value``; of too many values the older half goes."""
        with suppress(OSError):
            self._write(self._path(key), json.dumps(value))

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        kept = list(path.parent.iterdir())
        if len(kept) > self._most / 256:
            for old in sorted(kept, key=lambda one: one.stat().st_mtime)[: len(kept) // 2]:
                old.unlink(missing_ok=True)


def cache_folder(part: str) -> Path:
    """``pytest-distaudit/PART`` in the user's cache folder."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "pytest-distaudit" / part


@cache
def code_digest(package: str) -> bytes:
    """A digest over a package's modules and data files, those of inner packages too."""
    digest = hashlib.sha256()
    _take(files(package), digest)
    return digest.digest()


def _take(folder: Traversable, digest: hashlib._Hash) -> None:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            _take(entry, digest)
        elif entry.name.endswith((".py", ".yaml")):
            digest.update(entry.read_bytes())
