"""Many HTTP checks, beside the tools that one would take otherwise; and one audit in several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks import tools
from benchmarks.measure import Row
from benchmarks.site import asked, site
from benchmarks.tools import NotHad, Tool

SIZES = ((1, 0.0), (1, 0.05), (200, 0.0), (200, 0.05), (2000, 0.0), (2000, 0.05))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
BROKEN = 7
#: more pages than that take minutes with some tools: once, and none of them broken
_LONG = 500
#: the size that has limits
_MEASURED = (200, 0.05)


def bench(folder: Path) -> Iterator[Row]:
    """Each tool in an environment of its own; goss sets the pace."""
    had: list[Tool] = []
    for make in tools.ALL:
        try:
            had.append(make())
        except NotHad as why:
            yield Row("not had", str(why)[:58], "", holds=True)
    for pages, delay in SIZES:
        with site(delay) as port:
            yield from _size(folder / f"{pages}-{1000 * delay:.0f}", had, port, pages, delay)
    yield from _processes(folder / "processes")


def _size(folder: Path, had: Sequence[Tool], port: int, pages: int, delay: float) -> Iterator[Row]:
    walls: dict[str, list[float]] = {tool.name: [] for tool in had}
    requests: dict[str, int] = {}
    for tool in had:
        (folder / tool.name).mkdir(parents=True)
        tool.plant(folder / tool.name, port, pages)
    rounds, broken = (1, False) if pages > _LONG else (ROUNDS, pages > BROKEN)
    for number in range(rounds):
        for tool in had[:: -1 if number % 2 else 1]:
            asked(port)
            wall, status, _ = _run(folder / tool.name, tool.command)
            requests[tool.name] = asked(port)
            walls[tool.name].append(wall if status == 0 else float("nan"))
    usual = {name: median(costs) for name, costs in walls.items()}
    for tool in had:
        right = usual[tool.name] == usual[tool.name] and (not broken or _finds_it(folder / tool.name, tool, port))
        found = _beside(usual, tool.name) + f", {requests[tool.name]} requests, {'right' if right else 'WRONG'}"
        limit, holds = _limit(usual, tool.name) if (pages, delay) == _MEASURED else ("", True)
        yield Row(f"{pages} x {1000 * delay:.0f} ms: {tool.name}", found, limit, holds and right)


def _beside(wall: dict[str, float], name: str) -> str:
    return f"{wall[name]:.2f} s" + (f" ({wall[name] / wall['goss']:.1f} x goss)" if "goss" in wall else "")


def _limit(wall: dict[str, float], name: str) -> tuple[str, bool]:
    ours = wall["pytest-distaudit"]
    if name == "goss":
        return "we <= 1.2 x", ours <= 1.2 * wall[name]
    return ("", True) if name == "pytest-distaudit" else ("we >= 5 x faster", wall[name] >= 5 * ours)


def _finds_it(folder: Path, tool: Tool, port: int) -> bool:
    """With one page broken exactly that one fails."""
    asked(port, f"/page/{BROKEN}")
    command = tool.report if tool.name == "goss" else (*tool.command, *tool.report)
    _, status, printed = _run(folder, command)
    asked(port)
    return status != 0 and tool.blamed(folder, printed) == {BROKEN}


def _processes(folder: Path) -> Iterator[Row]:
    """Five hundred claims, in one process and in several that share what is seen."""
    pages, delay = 500, 0.05
    tool = tools.distaudit()
    python = tools.environment("distaudit-xdist", *tools.OWN, "pytest-xdist")
    folder.mkdir()
    with site(delay) as port:
        tool.plant(folder, port, pages)
        for workers in (0, 2, 8):
            command = (python, *tool.command[1:], "-n", str(workers))
            costs, requests, passed = [], 0, True
            for _ in range(ROUNDS):
                asked(port)
                wall, status, _ = _run(folder, command)
                requests, passed = asked(port), passed and status == 0
                costs.append(wall)
            found = f"{median(costs):.2f} s, {requests} requests, {'right' if passed else 'WRONG'}"
            limit, holds = (
                (f"<= 2.5 s (serial {pages * delay:.0f} s)", median(costs) <= 2.5) if not workers else ("", True)
            )
            yield Row(f"{pages} claims x 50 ms, -n {workers}", found, limit, holds and passed)


def _run(folder: Path, command: Sequence[str]) -> tuple[float, int, str]:
    """Seconds, exit status, standard output."""
    environ = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    }
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=900)
    wall = time.perf_counter() - began
    if done.returncode > 1:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
    return wall, done.returncode, done.stdout
