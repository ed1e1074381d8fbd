"""What the audit's own machine tells of itself: whoever sends requests asks it, to know what a late answer is worth."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_LOADAVG = Path("/proc/loadavg")


def running() -> int | None:
    """How many other processes run or want to at this moment (proc(5)); None where that cannot be seen."""
    with suppress(OSError, ValueError, IndexError):
        # this one runs while it looks
        return max(0, int(_LOADAVG.read_text().split()[3].partition("/")[0]) - 1)
    return None


def processors() -> int:
    """How many processors there are for them."""
    return os.cpu_count() or 1
