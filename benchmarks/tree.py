"""A long tree that is data: 210,000 lines of documents in 540 files, and 100 manifests."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Cost, Row

ROOT = Path(__file__).parents[1]
FILES, LINES, MANIFESTS = 540, 389, 100
_SERVICE = (
    '  {name}:\n    image: acme/{name}:1.{number}\n    ports: ["{port}:8080"]\n    depends_on: [postgres, rabbitmq]\n'
)


def bench(folder: Path) -> Iterator[Row]:
    """Read for the first time, and again; a first word to the user while that goes on."""
    tree, memory = folder / "tree", folder / "memory"
    _plant(tree)
    first, again = _run(tree, memory, "--distaudit-mine"), _run(tree, memory, "--distaudit-mine")
    lines = f"{FILES * LINES:,} lines"
    yield Row(
        f"mine {lines}", f"{first.wall_s:.1f} s, {first.peak_kb / 1024:.0f} MB", "<= 20 s, 400 MB", _holds(first, 20)
    )
    yield Row("mine them again", f"{again.wall_s:.1f} s, {again.peak_kb / 1024:.0f} MB", "<= 3 s", _holds(again, 3))
    told = _first_finding(tree, folder / "memory-2")
    yield Row("static: first finding told after", f"{told:.2f} s", "<= 2 s", told <= 2)
    first, again = _run(tree, memory, "--distaudit-static"), _run(tree, memory, "--distaudit-static")
    yield Row(
        "static, documents mined",
        f"{first.wall_s:.1f} s, {first.peak_kb / 1024:.0f} MB",
        "<= 400 MB",
        _holds(first, 60),
    )
    yield Row("static again", f"{again.wall_s:.1f} s, {again.peak_kb / 1024:.0f} MB", "<= 3 s", _holds(again, 3))


def _holds(cost: Cost, seconds: float) -> bool:
    return cost.wall_s <= seconds and cost.peak_kb <= 400 * 1024


def _plant(tree: Path) -> None:
    """The project's own documents, cut and repeated in another order in every file, about services of its manifests."""
    sources = [*ROOT.glob("*.md"), *ROOT.glob("claims/*.md"), *ROOT.glob("examples/**/*.md")]
    lines = [line for path in sorted(sources) for line in path.read_text("utf-8").splitlines()]
    for number in range(FILES):
        start = number * 7919 % len(lines)
        text = itertools.islice(itertools.cycle(lines[start:] + lines[:start]), LINES - 2)
        path = tree / "docs" / f"part{number % 20}" / f"page{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([f"# Page {number}", "", *text]) + "\n", encoding="utf-8")
    for number in range(MANIFESTS):
        path = tree / "deploy" / f"system{number}" / "compose.yaml"
        path.parent.mkdir(parents=True)
        services = "".join(
            _SERVICE.format(name=f"service-{number}-{one}", number=one, port=10_000 + number * 10 + one)
            for one in range(5)
        )
        path.write_text(f"services:\n{services}  postgres:\n    image: postgres:15\n  gone:\n    build: gone\n")


def _command(tree: Path, option: str) -> list[str]:
    return [sys.executable, "-m", "pytest", option, str(tree)]


def _environ(memory: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"XDG_CACHE_HOME": str(memory)}


def _run(tree: Path, memory: Path, option: str) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(
        [*_command(tree, option), "-q"], env=_environ(memory), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"benchmark: exit {process.returncode} from {option}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def _first_finding(tree: Path, memory: Path) -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        _command(tree, "--distaudit-static"),
        env=_environ(memory),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "first finding" in line:
                process.terminate()
                return time.perf_counter() - began
    raise SystemExit("benchmark: no finding was told")
