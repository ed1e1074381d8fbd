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
#: claim -> what `decoy` is found to do instead; one of them, where it lies twice
LIES: dict[str, str | tuple[str, ...]] = {
    "breaker-opens": "never opened",
    "calls-are-limited": "read-task fails or stalls, too",
    "goes-on-without-knowledge": ("find-alike answers something else", "read-task suffers"),
    "starts-without-database": "front does not start: read-task is not answered",
    "store-waited-for": "connections are kept",
    "tools-called-again": "not tried again",
    "manager-recovers": "call-tool never worked again",
}

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def everything_is_here() -> None:
    recipes = builtin_recipes()
    if missing := "; ".join(filter(None, (recipes[kind].missing() for kind in NEEDED))):
        pytest.skip(missing)


def judged(target: str, folder: Path) -> dict[str, tuple[str, str, str]]:
    """Claim -> its verdict, what was found, and why."""
    path = folder / "audit.json"
    chosen = [f"--distaudit-target={target}", "--distaudit-scope=experiment", f"--distaudit-json={path}"]
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--distaudit", "-k", "faults", *chosen]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert path.exists(), done.stdout + done.stderr
    claims = json.loads(path.read_text())["claims"]
    return {one["id"]: (one["verdict"], one["actual"], one["because"]) for one in claims}


def test_connected_keeps_what_is_said_of_faults(tmp_path: Path) -> None:
    found = judged("connected", tmp_path)
    assert {name: verdict for name, (verdict, *_) in found.items()} == dict.fromkeys(LIES, "verified"), found


def test_decoy_only_looks_as_if(tmp_path: Path) -> None:
    found = judged("decoy", tmp_path)
    assert {name: verdict for name, (verdict, *_) in found.items()} == dict.fromkeys(LIES, "refuted"), found
    assert {name: told for name, (_, told, _) in found.items() if not told.startswith(LIES[name])} == {}
