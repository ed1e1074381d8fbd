"""The plugin installed and not used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, interleaved, middle, paired

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))


def bench(folder: Path) -> Iterator[Row]:
    """Against an empty plugin, with no others: they take 1 s here, and their noise is larger than what is measured.

    Which modules the plugin imports is a test: tests/house/test_package.py.
    """
    (folder / "test_one.py").write_text("def test_one():\n    pass\n")
    (folder / "empty_plugin.py").write_text("")
    variants = [(folder, ("-p", "pytest_distaudit.plugin.hooks")), (folder, ("-p", "empty_plugin"))]
    unused, bare = interleaved(ROUNDS, variants, environ={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    wall, cpu = (1000 * paired(unused, bare, field) for field in ("wall_s", "cpu_s"))
    beside = f"{1000 * middle(bare, 'wall_s'):.0f} ms bare, {ROUNDS} pairs"
    yield Row("unused: wall over bare", f"{wall:+.1f} ms  ({beside})", "< 15 ms", wall < 15)
    yield Row("unused: processor over bare", f"{cpu:+.1f} ms", "< 15 ms", cpu < 15)
