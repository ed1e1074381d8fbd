"""Five thousand claims, and one, against as many functions that do nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import BARE, Row, interleaved, middle, paired
from benchmarks.project import audited, bare, server

MANY = 5000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def bench(folder: Path) -> Iterator[Row]:
    """All claims share one system's evidence, as they would in a project."""
    with server() as address:
        audited(folder / "many", address, MANY)
        bare(folder / "many-bare", MANY)
        audited(folder / "one", address, 1)
        bare(folder / "one-bare", 1)
        rounds = min(ROUNDS, 5)
        many, many_bare = interleaved(rounds, [(folder / "many", ("--distaudit",)), (folder / "many-bare", BARE)])
        one, one_bare = interleaved(2 * rounds, [(folder / "one", ("--distaudit",)), (folder / "one-bare", BARE)])
    ratio = middle(many, "wall_s") / middle(many_bare, "wall_s")
    beside = f"{middle(many, 'wall_s'):.2f} s against {middle(many_bare, 'wall_s'):.2f} s"
    yield Row(f"{MANY} claims: wall", f"{ratio:.2f} x  ({beside})", "<= 1.6 x bare functions", ratio <= 1.6)
    ratio = middle(many, "cpu_s") / middle(many_bare, "cpu_s")
    yield Row(f"{MANY} claims: processor", f"{ratio:.2f} x", "<= 1.6 x bare functions", ratio <= 1.6)
    base, peak = (int(middle(costs, "peak_kb")) for costs in (many_bare, many))
    allowed = base + 60_000 + 3 * MANY
    beside = f"bare {base / 1000:.0f} MB"
    found = f"{peak / 1000:.0f} MB  ({beside})"
    yield Row(f"{MANY} claims: peak memory", found, f"<= {allowed / 1000:.0f} MB", peak <= allowed)
    more = paired(one, one_bare, "wall_s")
    beside = f"{middle(one, 'wall_s'):.2f} s against {middle(one_bare, 'wall_s'):.2f} s"
    yield Row("one claim: wall over bare", f"{more:+.2f} s  ({beside})", "<= +0.30 s", more <= 0.3)
