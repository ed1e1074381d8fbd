"""What the example does under faults: `connected` keeps what its documents say of them, `decoy` only looks as if."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes

ROOT = Path(__file__).parents[1]
NEEDED = ("postgres", "rabbitmq", "redis", "consul", "haproxy", "nginx", "chromadb")
#: claim -> what `decoy` is found to do instead
LIES = {
    "breaker-opens": "never opened",
    "calls-are-limited": "read-task fails or stalls, too",
    "goes-on-without-knowledge": "find-alike answers something else",
    "store-waited-for": "connections are kept",
    "tools-called-again": "not tried again",
    "manager-recovers": "call-tool never worked again",
}

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

#: claim -> its verdict, and what was found
Found = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """Both targets, disturbed at the same time: mostly they are waited for."""
    recipes = builtin_recipes()
    if missing := "; ".join(filter(None, (recipes[kind].missing() for kind in NEEDED))):
        pytest.skip(missing)
    paths = {target: tmp_path_factory.mktemp(target) / "audit.json" for target in ("connected", "decoy")}
    started = [subprocess.Popen(words(*one), cwd=ROOT, stdout=subprocess.DEVNULL) for one in paths.items()]
    for one in started:
        one.wait()
    return {target: read(path) for target, path in paths.items()}


def words(target: str, path: Path) -> list[str]:
    chosen = [f"--distaudit-target={target}", "--distaudit-scope=experiment", f"--distaudit-json={path}"]
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--distaudit", "-k", "faults", *chosen]


def read(path: Path) -> Found:
    return {one["id"]: (one["verdict"], one["actual"]) for one in json.loads(path.read_text())["claims"]}


def test_connected_keeps_what_is_said_of_faults(found: dict[str, Found]) -> None:
    verdicts = {name: verdict for name, (verdict, _) in found["connected"].items()}
    assert verdicts == dict.fromkeys(LIES, "verified"), found["connected"]


def test_decoy_only_looks_as_if(found: dict[str, Found]) -> None:
    verdicts = {name: verdict for name, (verdict, _) in found["decoy"].items()}
    assert verdicts == dict.fromkeys(LIES, "refuted"), found["decoy"]
    assert {name: told for name, (_, told) in found["decoy"].items() if not told.startswith(LIES[name])} == {}
