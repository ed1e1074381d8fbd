"""``python -m benchmarks [NAME...]``: a table; exit 1 if a limit is missed."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import checkers, claims, example, experiments, load, others, stack, tree, unused
from benchmarks.measure import Row

ALL: dict[str, Callable[[Path], Iterator[Row]]] = {
    "unused": unused.bench,
    "claims": claims.bench,
    "checkers": checkers.bench,
    "load": load.bench,
    "experiments": experiments.bench,
    "example": example.bench,
    "tree": tree.bench,
    "others": others.bench,
    "stack": stack.bench,
}


def main(names: list[str]) -> int:
    """Measure what is named, or everything."""
    if unknown := set(names) - set(ALL):
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    missed = 0
    for name in names or ALL:
        with tempfile.TemporaryDirectory(prefix="distaudit-bench-") as folder:
            Path(folder).chmod(0o711)
            for row in ALL[name](Path(folder)):
                missed += not row.holds
                mark = "ok" if row.holds else "MISSED"
                print(f"{row.what:34} {row.found:58} {row.limit:24} {mark}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
