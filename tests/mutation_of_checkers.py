"""Do the checkers' tests notice when a checker lies? ``python -m tests.mutation_of_checkers [MODULE...]``

The same changes as in ``tests/mutation.py``, one at a time, in a forked process. The test functions are called without
pytest: most mutants cost a tenth of a second then. ``EVERY=3`` takes every third change.
"""

from __future__ import annotations

import ast
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from tests.mutation import ENOUGH, JOBS, ROOT, _Changed, changes, mutant

CHECKERS = ROOT / "pytest_distaudit" / "checkers"
#: a module's own tests, where they are not named after it
HOMES = {
    **dict.fromkeys(("_search", "_compiled", "values"), ("linearizability", "zones")),
    **dict.fromkeys(("_shrink", "models"), ("linearizability",)),
    **dict.fromkeys(("binomial", "percentile", "balance"), ("statistics",)),
    "registers": ("zones",),
}
say = partial(print, flush=True)
_QUICK = settings(
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def calls(function: Any) -> Iterator[dict[str, Any]]:
    """The arguments of each call that pytest would make."""
    sets = []
    for mark in getattr(function, "pytestmark", ()):
        names, values = mark.args[:2]
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        sets.append([dict(zip(names, each if len(names) > 1 else (each,), strict=True)) for each in values])
    for chosen in product(*sets):
        yield {name: value for each in chosen for name, value in each.items()}


def run(homes: Sequence[str]) -> None:
    for home in homes:
        module = importlib.import_module(f"tests.checkers.test_{home}")
        for name, function in list(vars(module).items()):
            for arguments in calls(function) if name.startswith("test_") else ():
                function(**arguments)


def started(name: str, tree: ast.Module, limit_s: int) -> int:
    """The pid of a process that ends with 0 if no test fails on the changed module."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(limit_s)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    code = 1
    try:
        _Changed(f"pytest_distaudit.checkers.{name}", tree).install()
        run(HOMES.get(name, (name,)))
        code = 0
    finally:
        os._exit(code)


def judge(name: str, every: int) -> tuple[int, int]:
    """How many of how many were caught; survivors are printed."""
    source = (CHECKERS / f"{name}.py").read_text("utf-8")
    began = time.monotonic()
    if os.waitpid(started(name, ast.parse(source), 600), 0)[1]:
        sys.exit(f"{name}: a test fails on the unchanged module; mutants would prove nothing")
    limit_s = round(10 + 6 * (time.monotonic() - began))
    found = list(changes(ast.parse(source)))
    waiting, running, survivors = list(range(0, len(found), every)), dict[int, int](), list[int]()
    total = len(waiting)
    while waiting or running:
        while waiting and len(running) < JOBS:
            number = waiting.pop(0)
            running[started(name, mutant(source, number), limit_s)] = number
        pid, status = os.wait()
        number = running.pop(pid)
        survivors += [number] if status == 0 else []
    say(f"{name}: {total - len(survivors)} of {total} caught")
    for number in survivors:
        say(f"  {name}.py:{getattr(found[number][0], 'lineno', 0)}: {found[number][1]}")
    return total - len(survivors), total


def main(names: Sequence[str]) -> int:
    settings.register_profile("mutants", _QUICK)
    settings.load_profile("mutants")
    told = [judge(name, int(os.environ.get("EVERY", "1"))) for name in names]
    caught, total = (sum(each) for each in zip(*told, strict=True))
    say(f"\n{caught} of {total} caught ({caught / total:.1%})")
    return int(caught / total < ENOUGH)


if __name__ == "__main__":
    os.environ["DISTAUDIT_THOROUGH"] = "1"
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:] or sorted(path.stem for path in Path(CHECKERS).glob("*.py") if path.stem != "__init__")))
