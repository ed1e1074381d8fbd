"""Where programs of servers lie: on PATH, unpacked by ``./run``, or built by ``./run lab-extra``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def installed(*names: str) -> str | None:
    """The first of these programs that is found; None if there is none."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, _places())])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _places() -> list[Path]:
    """Folders of programs beside those on PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    extra = Path(os.environ.get("DISTAUDIT_LAB_EXTRA") or cache / "distaudit-lab")
    unpacked = sorted(Path(sys.prefix, "servers").glob("*/bin")) + sorted(Path(sys.prefix, "servers").glob("*/usr/bin"))
    return [*unpacked, extra / "bin"]
