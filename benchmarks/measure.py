"""Running pytest as its users do, in a process of its own, and what that cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

#: without the plugins that would blur the comparison, and the same for both sides
QUIET = (
    "-q",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "-p",
    "no:rerunfailures",
    "-p",
    "no:xdist",
)
BARE = ("-p", "no:distaudit")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process: seconds on the clock, seconds of processor time, largest resident memory."""

    wall_s: float
    cpu_s: float
    peak_kb: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    found: str
    limit: str
    holds: bool


def pytest(folder: Path, *options: str, environ: Mapping[str, str] | None = None) -> Cost:
    """Run it in ``folder``; stop the benchmark with its output if it fails."""
    command = [sys.executable, "-m", "pytest", *QUIET, *options]
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=_environ(environ or {}))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.stderr.write(output.read()[-6000:].decode(errors="replace"))
            raise SystemExit(f"benchmark: exit {process.returncode} from {' '.join(command)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def _environ(more: Mapping[str, str]) -> dict[str, str]:
    """Compiled modules are kept between runs, as they are for users: the checkout is not compiled every time."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def interleaved(
    rounds: int, variants: Sequence[tuple[Path, tuple[str, ...]]], environ: Mapping[str, str] | None = None
) -> list[list[Cost]]:
    """Each variant once per round, in turns first, so that whatever else the machine does meets all alike.

    A round before the first one is not counted.
    """
    costs: list[list[Cost]] = [[] for _ in variants]
    for number in range(rounds + 1):
        turn = 1 if number % 2 else -1
        for mine, (folder, options) in list(zip(costs, variants, strict=True))[::turn]:
            cost = pytest(folder, *options, environ=environ)
            if number:
                mine.append(cost)
    return costs


def paired(ours: Sequence[Cost], bare: Sequence[Cost], field: str) -> float:
    """The median difference within a round."""
    return float(median(getattr(a, field) - getattr(b, field) for a, b in zip(ours, bare, strict=True)))


def middle(costs: Sequence[Cost], field: str) -> float:
    """The median."""
    return float(median(getattr(cost, field) for cost in costs))
