"""The example: its servers from nothing, and an audit of servers that run already."""

from __future__ import annotations

import json
import shutil
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, pytest
from pytest_distaudit.ports.located import Located
from pytest_distaudit.testing import Room

ROOT = Path(__file__).parents[1]
TARGET = "connected"


def bench(folder: Path) -> Iterator[Row]:
    """Started once, then audited from outside as a running deployment."""
    inside = folder / "inside"
    # Relative paths of the target are relative to the project.
    shutil.copytree(ROOT / "examples", inside / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    began = time.perf_counter()
    with Room(inside, (ROOT / "distaudit.toml").read_text("utf-8"), provision="native") as room:
        up = time.perf_counter() - began
        late = [name for name, one in room.located.items() if one.inventory and not one.inventory().running]
        found = f"{up:.1f} s  ({len(room.located)} systems" + (f"; DOWN: {', '.join(late)})" if late else ")")
        yield Row("example: servers up from nothing", found, "<= 12 s", up <= 12 and not late)
        outside = folder / "outside"
        environ = _attached(outside, room.located)
        options = ("--distaudit", "--distaudit-provision=attach", "--distaudit-scope=snapshot")
        costs = [pytest(outside, *options, "--distaudit-json=a.json", environ=environ).wall_s for _ in range(5)]
        judged = json.loads((outside / "a.json").read_text("utf-8"))["summary"]["verified"]
    wall = median(costs)
    found = f"{wall:.2f} s  ({judged} claims verified; {min(costs):.2f} to {max(costs):.2f} s)"
    yield Row("example: attached, snapshot scope", found, "<= 2 s", wall <= 2)


def _attached(folder: Path, located: Mapping[str, Located]) -> dict[str, str]:
    """A project that names the running systems by variables; what the variables hold."""
    shutil.copytree(ROOT / "claims", folder / "claims")
    shutil.copytree(ROOT / "examples" / "sutazai" / "docs", folder / "examples" / "sutazai" / "docs")
    project = tomllib.loads((ROOT / "distaudit.toml").read_text("utf-8"))
    environ: dict[str, str] = {}
    for name, system in project["targets"][TARGET]["systems"].items():
        system.pop("native")
        variables = {endpoint: f"{name}_{endpoint}".upper().replace("-", "_") for endpoint in located[name].endpoints}
        environ |= {variables[endpoint]: address for endpoint, address in located[name].endpoints.items()}
        system["endpoints"] = {endpoint: f"${{{variable}}}" for endpoint, variable in variables.items()}
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in project.items())
    (folder / "distaudit.toml").write_text(text, encoding="utf-8")
    return environ


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
