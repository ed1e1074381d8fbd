"""The plugin installed and not used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import BARE, Row, interleaved, middle, paired

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))


def bench(folder: Path) -> Iterator[Row]:
    """Against ``-p no:distaudit``; which modules it imports is a test, tests/house/test_package.py."""
    (folder / "test_one.py").write_text("def test_one():\n    pass\n")
    unused, bare = interleaved(ROUNDS, [(folder, ()), (folder, BARE)])
    wall, cpu = (1000 * paired(unused, bare, field) for field in ("wall_s", "cpu_s"))
    beside = f"{1000 * middle(bare, 'wall_s'):.0f} ms bare, {ROUNDS} pairs"
    yield Row("unused: wall over bare", f"{wall:+.1f} ms  ({beside})", "< 15 ms", wall < 15)
    yield Row("unused: processor over bare", f"{cpu:+.1f} ms", "< 15 ms", cpu < 15)
