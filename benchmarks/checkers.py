"""Histories judged: a register whose written values all differ, and a key-value store with compare-and-set."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.measure import Row
from pytest_distaudit.checkers import linearizability, registers, zones
from pytest_distaudit.checkers.models import KeyValue, Register
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.ports.history import Operation
from tests.checkers.made import Load, simulated, tampered

_ROUNDS = 5


def bench(folder: Path) -> Iterator[Row]:
    """Each history is made first; only judging is measured, in processor time: nothing here waits."""
    unique = simulated(Load(100_000, clients=10, longest=1_000), random.Random(1))
    yield _row("100,000 register operations", lambda: zones.check(unique), 0.5, Verdict.VERIFIED)
    last = max(each.return_ns or 0 for each in unique)
    stale = Operation(0, "read", (), unique[0].result, last + 1, last + 2)
    yield _row("the same, refuted at its end", lambda: registers.check([*unique, stale]), 0.5, Verdict.REFUTED)
    kinds = ("read", "write", "cas")
    for clients, share in ((20, 0.0), (50, 0.02)):
        load = Load(1_700, clients, keys=10, values=5, kinds=kinds, open_share=share, longest=1_000)
        told = simulated(load, random.Random(clients))
        what = f"1,700 key-value, {clients} clients" + (", open" if share else "")
        yield _row(what, lambda told=told: linearizability.check(told, KeyValue()), 1.0, Verdict.VERIFIED)
        bad = _refuted(told)
        yield _row("the same, refuted", lambda bad=bad: linearizability.check(bad, KeyValue()), 1.0, Verdict.REFUTED)
    one = simulated(Load(10_000, clients=10, values=5, kinds=kinds, longest=1_000), random.Random(2))
    yield _row("10,000 swaps on one register", lambda: linearizability.check(one, Register()), 1.0, Verdict.VERIFIED)


def _refuted(told: list[Operation]) -> list[Operation]:
    for seed in range(100):
        bad = tampered(told, random.Random(seed))
        if linearizability.check(bad, KeyValue()).verdict is Verdict.REFUTED:
            return bad
    raise SystemExit("benchmark: no change of the history was refuted")


def _row(
    what: str, judge: Callable[[], linearizability.Linearizability | None], limit_s: float, wanted: Verdict
) -> Row:
    took = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        found = judge()
        took.append(time.process_time() - began)
        if found is None or found.verdict is not wanted:
            raise SystemExit(f"benchmark: {what}: {wanted.value} was expected")
    middle, worst = median(took), max(took)
    return Row(what, f"{middle * 1000:.0f} ms, worst {worst * 1000:.0f} ms", f"<= {limit_s} s", middle <= limit_s)
