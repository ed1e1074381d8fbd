"""Who depends on whom, found from outside: ``./run dependencies [--write] [SYSTEM...]``.

The example's target ``connected`` is started anew for every line of the table. One of its systems, with all processes
below it, is killed or halted with signals of the operating system, which the audit knows nothing of; then the audit
attaches to what is there. The claims whose verdict is no longer *verified* are that system's dependents. They must be
those of ``tests/dependencies.toml``, no more, no fewer; whether such a claim is refuted or can no longer be decided
hangs on what came first, and is only told. What is there ``at times`` may hold as well. Where there is no such table
yet, ``--write`` makes it, on a quiet machine: what is undecided because of others would stand in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psutil
import tomlkit

from pytest_distaudit.ports.located import Located
from pytest_distaudit.targets import trees
from pytest_distaudit.testing import Room

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_suffix(".toml")
TARGET = "connected"
PARTS = ("claims", "examples", "tests/standins")
LIMIT_S = 600
KILLED_WITHIN_S = 10
WAYS = ("stopped", "frozen")
#: how the table marks what hangs on the moment that is looked at
AT_TIMES = "at times"
HEAD = """\
# Which claims about the example no longer hold while one of its systems is killed or halted.
# Written by ./run dependencies --write, held against by ./run dependencies.

"""

#: "redis stopped" -> claim -> its verdict then
Table = dict[str, dict[str, str]]


def systems() -> dict[str, Any]:
    """The systems of the target, as its file has them."""
    return dict(tomllib.loads((ROOT / "distaudit.toml").read_text("utf-8"))["targets"][TARGET]["systems"])


@contextmanager
def project() -> Iterator[Path]:
    """A copy of what the audit of the example reads."""
    with tempfile.TemporaryDirectory(prefix="dependencies-") as folder:
        for part in PARTS:
            shutil.copytree(ROOT / part, Path(folder, part), ignore=shutil.ignore_patterns("__pycache__", "README.md"))
        yield Path(folder)


def attached(located: Mapping[str, Located]) -> str:
    """The target file with addresses in place of ways to start."""
    whole = tomllib.loads((ROOT / "distaudit.toml").read_text("utf-8"))
    target = whole["targets"][TARGET]
    del target["compose"]
    for name, system in target["systems"].items():
        system.pop("native", None)
        system["endpoints"] = dict(located[name].endpoints)
    return tomlkit.dumps({"default": TARGET, "documents": whole["documents"], "targets": {TARGET: target}})


@contextmanager
def taken_away(way: str, located: Located) -> Iterator[None]:
    """Halted or killed, with all below it, for as long as the block runs; what was killed stays so, the stack ends with
    it."""
    assert located.inventory is not None
    pid = located.inventory().pid
    assert pid is not None, f"{located.system} has no process"
    if way == "stopped":
        assert trees.kill(trees.tree(pid), KILLED_WITHIN_S)
        yield
        return
    halted = trees.halt([psutil.Process(pid)])
    try:
        yield
    finally:
        trees.go_on(halted)


def verdicts(root: Path) -> dict[str, str]:
    """Claim -> its verdict, by an audit that attaches to what runs."""
    path = root / "audit.json"
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--distaudit", f"--distaudit-json={path}"]
    argv += ["--distaudit-provision=attach", "--distaudit-scope=activity"]
    done = subprocess.run(argv, cwd=root, env=os.environ, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert path.exists(), done.stdout + done.stderr
    claims = json.loads(path.read_text("utf-8"))["claims"]
    return {one["id"] + (f"[{one['case']}]" if one["case"] else ""): one["verdict"] for one in claims}


def changed(name: str, way: str) -> dict[str, str]:
    """Claim -> verdict, of those that do not hold while the system is taken away ("": nothing is)."""
    with project() as root, Room(root, (ROOT / "distaudit.toml").read_text("utf-8")) as room:
        (root / "distaudit.toml").write_text(attached(room.located), "utf-8")
        with taken_away(way, room.located[name]) if name else nullcontext():
            found = verdicts(root)
    return {claim: verdict for claim, verdict in sorted(found.items()) if verdict != "verified"}


def write(table: Table) -> None:
    """The table as it is committed: lines in order."""
    TABLE.write_text(HEAD + tomlkit.dumps({taken: table[taken] for taken in sorted(table)}), "utf-8")


def _unlike(known: dict[str, str], found: dict[str, str]) -> set[str]:
    """Claims of one line that are in only one of the tables."""
    return {claim for claim in known.keys() ^ found.keys() if known.get(claim) != AT_TIMES}


def main(words: list[str]) -> int:
    """0 if what was found is what is committed."""
    if before := changed("", ""):
        print(f"these do not hold even while nothing is taken away: {before}")
        return 1
    known = tomllib.loads(TABLE.read_text("utf-8")) if TABLE.exists() else {}
    wanted = [word for word in words if not word.startswith("-")] or systems()
    found: Table = {}
    for taken in (f"{name} {way}" for name in wanted for way in WAYS):
        found[taken] = changed(*taken.split())
        print(tomlkit.dumps({taken: found[taken]}), flush=True)
        if "--write" in words:
            write({**known, **found})
    if "--write" in words:
        return 0
    other = {taken: _unlike(known.get(taken, {}), claims) for taken, claims in found.items()}
    for taken, claims in other.items():
        if claims:
            print(f"{taken}: not as {TABLE.name} says: {sorted(claims)}")
    return int(any(other.values()))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
