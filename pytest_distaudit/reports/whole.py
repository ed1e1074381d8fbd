"""A report's file is there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

_AS_USUAL = 0o666


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` beside ``path`` and put it in its place at once; folders are made as needed. Raises OSError.

    What is no file (``/dev/stdout``, a pipe) is written to. A file that a link names is replaced, the link stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8", "replace")
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    place = path.resolve()
    handle, beside = tempfile.mkstemp(prefix=f".{place.name[:40]}.", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, _mode(place))
        os.replace(beside, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _mode(place: Path) -> int:
    """That of the file as it was; what a new one would get else."""
    with suppress(OSError):
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return _AS_USUAL & ~mask
