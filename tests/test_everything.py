"""Every kind that can be started here, in one run: how far each system has come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.wiring import Bench, Wishes, load_kinds
from tests.counted import COUNTERS

LAB = Path(__file__).parent.parent / "lab" / "everything"
SYSTEMS = tomllib.loads((LAB / "distaudit.toml").read_text("utf-8"))["targets"]["everything"]["systems"]
#: kind -> version, and how often its servers were asked by their own count, of the last recorded runs, for the
#: documentation; DISTAUDIT_REWRITE_GOLDEN=1 records
SEEN = LAB / "seen.json"
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


def _record(kind: str, **told: object) -> None:
    if os.environ.get("DISTAUDIT_REWRITE_GOLDEN"):
        seen = json.loads(SEEN.read_text("utf-8"))
        seen[kind] = seen.get(kind, {}) | told
        SEEN.write_text(json.dumps(seen, indent=2, sort_keys=True) + "\n", "utf-8")


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
    for one in audit["systems"]:
        if one["version"]:
            _record(one["kind"], version=one["version"].partition(" ")[0])
    for kind, why in absent.items():
        sys.stdout.write(f"not here: {kind} ({why})\n")


@pytest.mark.live
def test_the_servers_themselves_count_what_they_are_asked() -> None:
    bench = Bench(Wishes(root=LAB))
    names = [name for name, spec in bench.target.systems.items() if spec.kind in COUNTERS]
    claims = [claim for claim in bench.all_written().claims if set(claim.roles.values()) <= set(names)]
    with bench.provision(names) as bench.located:
        here = {name: located for name, located in bench.located.items() if name in names and not located.unavailable}
        before = {name: COUNTERS[located.kind](located) for name, located in here.items()}
        for planned in map(bench.planned, claims):
            bench.plan.add(planned)
            bench.judge(planned, lambda: bench.located, "everything")
        after = {name: COUNTERS[located.kind](located) for name, located in here.items()}
    asked: Counter[str] = Counter()
    for name, located in here.items():
        assert after[name] - before[name] > 1, f"{name} was audited, and counts {before[name]}, then {after[name]}"
        asked[located.kind] += after[name] - before[name]
    for kind, count in asked.items():
        sys.stdout.write(f"{kind}: {count} requests by its own count\n")
        _record(kind, requests=count)
