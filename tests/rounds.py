"""Every proof again and again: ``python -m tests.rounds [--runs N] [--lanes N] [--into DIR] [WORD...]``

Each module of proofs is a job of its own, and another one begins beside it while the machine has room: proofs wait more
than they work. Those that measure the machine run alone. WORD chooses the modules whose path holds it.

What has been run is in DIR, where an ended run goes on; it refuses the rounds of other code. At the end the table: how
many proofs there were, how many of them failed, and what was judged in each round.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree

import psutil

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
#: compare times of a few milliseconds
MEASURING = "proofs/links/test_retry_proofs.py"
#: measure what a neighbour would make longer, look at whatever listens on this machine, or use all that there is
ALONE = ("proofs/performance/", "proofs/architecture/", MEASURING, "test_example.py")
#: how much of all processors may be in use when another job begins, and how long after the last one that is seen
_ROOM_PERCENT, _SETTLES_S = 50.0, 12.0
_LIMIT_S = 1800
#: how pytest ends where all proofs were run; what was ended in between leaves no result
_WHOLE = (0, 1)
_VERDICTS = ("verified", "refuted", "unverifiable")
#: what pytest says of a proof that wanted a verdict and got none
_UNDECIDED = re.compile(r"assert \(?<Verdict\.UNV")
say = partial(print, flush=True)


@dataclass(frozen=True, slots=True)
class Job:
    """One module of proofs, once."""

    module: Path
    number: int

    @property
    def name(self) -> str:
        """``links/test_retry``."""
        return str(self.module.relative_to(TESTS).with_suffix("")).removeprefix("proofs/").removesuffix("_proofs")

    @property
    def alone(self) -> bool:
        return str(self.module.relative_to(TESTS)).startswith(ALONE)

    def file(self, into: Path, ending: str) -> Path:
        return into / f"{self.name.replace('/', '-')}.{self.number}.{ending}"


def chosen(words: Sequence[str]) -> list[Path]:
    found = [*sorted(TESTS.glob("proofs/**/test_*_proofs.py")), TESTS / "test_example.py"]
    return [path for path in found if not words or any(word in str(path.relative_to(TESTS)) for word in words)]


def jobs(modules: Iterable[Path], runs: int) -> list[Job]:
    """Round after round, each in an order of its own: what is heavy does not meet the same neighbour each time."""
    modules = list(modules)
    return [
        Job(module, number)
        for number in range(1, runs + 1)
        for module in random.Random(number).sample(modules, len(modules))
    ]


def following(waiting: Sequence[Job], running: Sequence[Job], lanes: int, used_percent: float) -> Job | None:
    """Who may begin now, if anybody. Nobody runs beside itself, nor beside one that wants to be alone."""
    if not running:
        return waiting[0] if waiting else None
    if len(running) >= lanes or used_percent > _ROOM_PERCENT or any(one.alone for one in running):
        return None
    busy = {one.module for one in running}
    return next((one for one in waiting if one.module not in busy and not one.alone), None)


class Rounds:
    """Runs jobs beside each other. What has a result in ``into`` already is not run again."""

    def __init__(self, into: Path, lanes: int, runs: int) -> None:
        self._into, self._lanes, self._runs = into, lanes, runs
        self._running: dict[subprocess.Popen[bytes], tuple[Job, float]] = {}

    def run(self, wanted: Sequence[Job]) -> None:
        waiting = [job for job in wanted if not job.file(self._into, "xml").exists()]
        began = 0.0
        try:
            while waiting or self._running:
                self._ended()
                used = psutil.cpu_percent(interval=2.0)
                settled = not self._running or time.monotonic() - began > _SETTLES_S
                job = following(waiting, [one for one, _ in self._running.values()], self._lanes, used)
                if job is not None and settled:
                    waiting.remove(job)
                    self._begin(job)
                    began = time.monotonic()
        finally:
            for process in self._running:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()

    def _begin(self, job: Job) -> None:
        result = f"--junitxml={job.file(self._into, 'part')}"
        options = ("-m", "proof", "-q", "-p", "no:cacheprovider", "--timeout=0", result)
        command = [sys.executable, "-m", "pytest", str(job.module), *options]
        environment = {**os.environ, "DISTAUDIT_ROUNDS": str(self._runs)}
        with job.file(self._into, "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._running[process] = job, time.monotonic()

    def _ended(self) -> None:
        for process, (job, began) in list(self._running.items()):
            took = time.monotonic() - began
            if took > _LIMIT_S:
                os.killpg(process.pid, signal.SIGTERM)
            if process.poll() is not None:
                del self._running[process]
                if process.returncode in _WHOLE:
                    job.file(self._into, "part").replace(job.file(self._into, "xml"))
                last = (job.file(self._into, "log").read_text(errors="replace").splitlines() or ["nothing"])[-1]
                say(f"{job.number} of {self._runs} {job.name}: {last} ({took:.0f} s)")


@dataclass(slots=True)
class Sum:
    """What came of one module's rounds."""

    rounds: int = 0
    proofs: int = 0
    undecided: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: list[float] = field(default_factory=list)
    #: of the last round
    judged: dict[str, int] = field(default_factory=dict)

    def add(self, result: Path) -> None:
        """One round's result, as pytest writes it. Raises ParseError where it has not been written to its end."""
        suite = ElementTree.parse(result).getroot().find("testsuite")
        assert suite is not None
        self.rounds += 1
        self.seconds.append(float(suite.get("time", 0)))
        self.judged = {one.get("name", ""): int(one.get("value", 0)) for one in suite.iter("property")}
        for case in suite.iter("testcase"):
            self.proofs += 1
            self.skipped += case.find("skipped") is not None
            trouble = [one for kind in ("failure", "error") for one in case.iter(kind)]
            undecided = any(_UNDECIDED.search(f"{one.get('message')} {one.text}") for one in trouble)
            self.undecided += bool(trouble) and undecided
            self.failed += bool(trouble) and not undecided


def summed(into: Path) -> dict[str, Sum]:
    """Module -> what came of its rounds."""
    found: dict[str, Sum] = {}
    for result in sorted(into.glob("*.xml")):
        with suppress(ElementTree.ParseError):
            found.setdefault(result.name.split(".")[0], Sum()).add(result)
    return found


def table(found: dict[str, Sum]) -> Iterator[str]:
    """Markdown. Verified, refuted and undecided as judged in one round; failed proofs of all rounds."""
    yield "| proofs of | rounds | verified, refuted, undecided in each | proofs | no verdict | failed | skipped | s |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, one in sorted(found.items()):
        judged = ", ".join(str(one.judged.get(verdict, 0)) for verdict in _VERDICTS)
        counts = f"{one.proofs} | {one.undecided} | {one.failed} | {one.skipped}"
        yield f"| {name} | {one.rounds} | {judged} | {counts} | {fmean(one.seconds):.0f} |"


def _same_code(into: Path) -> None:
    """Raises SystemExit if the rounds in there are of other code."""
    into.mkdir(parents=True, exist_ok=True)
    command = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    mark = into / "code"
    if mark.exists() and mark.read_text() != told:
        sys.exit(f"{into}: holds rounds of {mark.read_text()}, this is {told}; choose another --into")
    mark.write_text(told)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run proofs", description="Every proof again and again.")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only modules whose path holds it")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--lanes", type=int, default=5, help="at most so many beside each other")
    parser.add_argument("--into", type=Path, help="where results are, and those of earlier runs of the same code")
    told = parser.parse_args(words)
    modules = chosen(told.words)
    if not modules:
        parser.error(f"no proofs whose path holds {' or '.join(told.words)}; they are in {TESTS}/proofs")
    into = told.into or Path(tempfile.mkdtemp(prefix="distaudit-rounds-"))
    _same_code(into)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        Rounds(into, told.lanes, told.runs).run(jobs(modules, told.runs))
    finally:
        found = summed(into)
        say("\n".join(["", *table(found), "", f"results are in {into}"]))
    return int(any(one.failed or one.undecided or one.rounds < told.runs for one in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
