"""Experiments: what many claims about one fault cost beside one, and how punctually their requests go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Row
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine.clock import Clock
from pytest_distaudit.engine.workload import Workload
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.systems.http_fetch import HttpFetch
from pytest_distaudit.systems.http_load import http_load
from pytest_distaudit.testing import Room

_MANY, _ROUNDS = 10, 3
_SECONDS = 5.0
_TARGET = """
[targets.bench.systems.front]
kind = "http"
disposable = true
native.argv = ["{python}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
[targets.bench.operations.ask]
request = "GET http://front/?{nonce}"
"""
#: nobody starts it again: one round, after which all is said
_CLAIM: tuple[str, dict[str, Any]] = ("recovery.self-heals", {"system": "front", "operation": "ask", "within": "1s"})


def bench(folder: Path) -> Iterator[Row]:
    """One claim and many in turns, on one system, so that whatever else the machine does meets both alike."""
    took: dict[int, list[float]] = {1: [], _MANY: []}
    with Room(folder, _TARGET) as room:
        for number in range(_ROUNDS):
            for count in (1, _MANY) if number % 2 else (_MANY, 1):
                began = time.perf_counter()
                told = room.judge_together(*[_CLAIM] * count)
                took[count].append(time.perf_counter() - began)
                if {one.actual for one in told} != {"not started again within 1 s"}:
                    raise SystemExit(f"benchmark: {told[0].actual}: {told[0].because}")
    one, many = median(took[1]), median(took[_MANY])
    yield Row(
        f"{_MANY} claims on one fault",
        f"{many / one:.2f} x one  ({many:.2f} s, {one:.2f} s)",
        "<= 1.1 x",
        many <= 1.1 * one,
    )
    yield from _punctual()


def _punctual() -> Iterator[Row]:
    with http_load(Limits()) as server:
        ask = Operation("ask", f"GET {server.control}/{{nonce}}")
        for rate in (20.0, 60.0):
            with Workload(ask, rate, HttpFetch(), lambda name: None, Clock()) as load:
                time.sleep(_SECONDS)
            sent = load.traffic().sent
            lags = sorted(one.sent - one.due for one in sent)
            lag, worst = median(lags), lags[int(len(lags) * 0.99)]
            found = f"{len(sent)} sent, {lag * 1000:.2f} ms late, p99 {worst * 1000:.1f} ms"
            yield Row(f"a workload of {rate:g} a second", found, "median lag < 5 ms", lag < 0.005)
