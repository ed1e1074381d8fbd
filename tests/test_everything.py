"""Every kind that can be started here, in one run: how far each system has come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.wiring import load_kinds

LAB = Path(__file__).parent.parent / "lab" / "everything"
SYSTEMS = tomllib.loads((LAB / "distaudit.toml").read_text("utf-8"))["targets"]["everything"]["systems"]
#: kind -> the version of the last recorded run, for the documentation; DISTAUDIT_REWRITE_GOLDEN=1 records
VERSIONS = LAB / "versions.json"
#: kinds that the lab does not start, and where they are proven
ELSEWHERE = {
    "docker": "tests/proofs/containers, tests/proofs/agents: an engine is the lab's (./run lab)",
    "process": "tests/proofs/systems",
    "kong": "a stand-in, tests/standins: there is no package",
    "qdrant": "a stand-in, tests/standins: there is no package",
}


def test_one_line_for_each_kind() -> None:
    kinds = {one["kind"] for one in SYSTEMS.values()}
    registered = load_kinds()
    assert set(registered) - kinds <= set(ELSEWHERE), "start it in lab/everything, or say why not"
    assert kinds <= set(registered)
    lines = [line for line in (LAB / "distaudit.toml").read_text("utf-8").splitlines() if line.endswith("}")]
    assert len(lines) == len(SYSTEMS)


@pytest.mark.live
def test_how_far_every_system_has_come(tmp_path: Path) -> None:
    told = tmp_path / "audit.json"
    words = ["--distaudit", f"--distaudit-json={told}", "-q", "-c", "/dev/null", "--rootdir=.", "--noconftest"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=LAB, env=os.environ, capture_output=True, text=True, check=False
    )
    audit = json.loads(told.read_text("utf-8"))
    sys.stdout.write(ran.stdout[ran.stdout.find("  chromadb ") :])
    recipes = builtin_recipes()
    absent = {kind: why for kind, recipe in recipes.items() if (why := recipe.missing())}
    rungs = {one["name"]: one["rung"] for one in audit["systems"]}
    assert not audit["errors"]
    for name, one in SYSTEMS.items():
        wanted = {"declared"} if one["kind"] in absent else {"healthy", "configured"}
        assert rungs[name] in wanted, (name, rungs[name], ran.stdout[-3000:])
    open_ones = {claim["id"]: claim["reason"] for claim in audit["claims"] if claim["verdict"] != "verified"}
    assert set(open_ones.values()) <= {"not-installed"}, open_ones
    if os.environ.get("DISTAUDIT_REWRITE_GOLDEN"):
        seen = json.loads(VERSIONS.read_text("utf-8"))
        seen |= {one["kind"]: one["version"].partition(" ")[0] for one in audit["systems"] if one["version"]}
        VERSIONS.write_text(json.dumps(seen, indent=2, sort_keys=True) + "\n", "utf-8")
    for kind, why in absent.items():
        sys.stdout.write(f"not here: {kind} ({why})\n")
