"""Keys that the audit itself looked up: a Redis counts them like anybody's, so they are taken from its counters."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

_KEPT: dict[str, OwnReads] = {}
_LOCK = threading.Lock()


class OwnReads:
    """Of one run of a server: commands as its statistics name them, and look-ups that found their key or not."""

    def __init__(self) -> None:
        self._commands: Counter[str] = Counter()
        self._looked_up: Counter[str] = Counter()

    def count(self, command: str, *, hit: bool) -> None:
        """One more of ``command`` ("XINFO STREAM") that was executed."""
        with _LOCK:
            self._commands["cmdstat_" + command.lower().replace(" ", "|")] += 1
            self._looked_up["keyspace_hits" if hit else "keyspace_misses"] += 1

    def taken_from(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """INFO without them. Before Redis 7 a subcommand was counted as its command."""
        with _LOCK:
            own, looked_up = Counter(self._commands), Counter(self._looked_up)
        left = dict(told)
        for name, times in looked_up.items():
            if name in left:
                left[name] = max(0, int(left[name]) - times)
        for name, times in own.items():
            counted = name if name in left else name.partition("|")[0]
            if isinstance(row := left.get(counted), Mapping):
                left[counted] = {**row, "calls": max(0, int(row["calls"]) - times)}
        return left


def own_reads(run: str) -> OwnReads:
    """Those of the server's run of that identity."""
    with _LOCK:
        return _KEPT.setdefault(run, OwnReads())
