"""What no guard could undo: kept in its folder, where later runs of the same account find it, try again, and tell."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_distaudit.targets.ground import PRIVATE, private_places, write_private
from pytest_distaudit.targets.undoing import Promise, told, undo

_NAME = "left.json"


def leave(folder: Path, left: Sequence[Promise]) -> None:
    """Keep it for later runs, instead of a journal."""
    write_private(folder / _NAME, left)
    (folder / "journal").unlink(missing_ok=True)


def try_again(tell: Callable[[str], None]) -> None:
    """Undo what earlier runs have left; tell what came of it."""
    for folder in _folders():
        with suppress(OSError):  # another run was quicker
            _tried(folder, tell)


def _tried(folder: Path, tell: Callable[[str], None]) -> None:
    promises: list[Promise] = json.loads((folder / _NAME).read_text("utf-8"))
    left = undo(promises, pauses=(0.0,))
    for one in left:
        what = f"{told(one)} ({one['because']})"
        tell(f"what an earlier run did could not be undone; undo it, then remove {folder}: {what}")
    if left:
        leave(folder, left)
    else:
        tell(f"undone now, which an earlier run could not: {', '.join(map(told, promises))}")
        shutil.rmtree(folder, ignore_errors=True)


def _folders() -> Iterator[Path]:
    """Those of this account that nobody else can write to."""
    for place in private_places():
        for folder in sorted(place.glob(f"{PRIVATE}*")):
            with suppress(OSError):
                seen = folder.lstat()
                own = stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o077
                if own and (folder / _NAME).is_file():
                    yield folder
