"""The example's native systems are the services of its compose files: one system, told twice, never two."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_distaudit.sources.based_on import bases, spelled_out

ROOT = Path(__file__).parents[1]
TOLD: dict[str, Any] = tomllib.loads((ROOT / "distaudit.toml").read_text("utf-8"))["targets"]
TARGETS: dict[str, dict[str, Any]] = spelled_out(TOLD, bases(TOLD, pytest.fail))
#: of the others only an engine is in a container; the rest are the processes of the target that it is based on
TWICE = [name for name in TARGETS if name != "as-audited-nested"]


class Loader(yaml.SafeLoader):
    """Compose has tags of its own."""


Loader.add_constructor("!reset", lambda loader, node: None)


def services(target: str) -> dict[str, dict[str, Any]]:
    """The target's compose files, laid over one another as far as the example does so."""
    merged: dict[str, dict[str, Any]] = {}
    for file in TARGETS[target]["compose"]["files"]:
        told = yaml.load((ROOT / file).read_text("utf-8"), Loader)
        for name, service in told["services"].items():
            below = merged.get(name, {})
            environment = below.get("environment", {}) | service.get("environment", {})
            merged[name] = below | service | {"environment": environment}
    return merged


def own_programs() -> list[tuple[str, str]]:
    return [
        (target, name)
        for target in TWICE
        for name, system in TARGETS[target]["systems"].items()
        if "argv" in system["native"] and "stand_in" not in system
    ]


@pytest.mark.parametrize("target", TWICE)
def test_the_same_systems_are_described(target: str) -> None:
    systems = TARGETS[target]["systems"]
    once = {words[1].rpartition("/")[2] for system in systems.values() for words in system["native"].get("then", [])}
    others = [service for name, service in services(target).items() if name not in systems]
    assert set(systems) <= set(services(target))
    assert {service["command"][1].rpartition("/")[2] for service in others} <= once


@pytest.mark.parametrize(("target", "name"), own_programs())
def test_the_same_program_runs_with_the_same_settings(target: str, name: str) -> None:
    native, service = TARGETS[target]["systems"][name]["native"], services(target)[name]
    assert native["argv"] == ["{python}", *service["command"][1:]]
    assert native["cwd"] == "examples/sutazai/services"
    assert {"./services:/services:ro"} <= set(service["volumes"])
    assert set(native["env"]) <= set(service["environment"])


#: lines that say what becomes of a request; elsewhere both ways have their own addresses and customs
RULES = re.compile(r"^(?:location|default_backend|option|server \w+) .*", re.MULTILINE)
PLACE = re.compile(r"127\.0\.0\.1:\{[\w.-]+\}|(?:edge|front|front-green):8000")


def rules(text: str) -> set[str]:
    lines = "\n".join(line.partition(" #")[0].strip() for line in text.splitlines())
    told = {PLACE.sub("PLACE", found) for found in RULES.findall(lines)}
    return {one.partition(" check")[0].replace(" backup", "") for one in told if "stub_status" not in one}


@pytest.mark.parametrize("target", TWICE)
@pytest.mark.parametrize("name", ["edge", "gateway"])
def test_a_request_goes_the_same_way(target: str, name: str) -> None:
    native, (mounted,) = TARGETS[target]["systems"][name]["native"], services(target)[name]["volumes"]
    file = ROOT / "examples" / "sutazai" / mounted.partition(":")[0]
    assert rules(native["config"]) == rules(file.read_text("utf-8")) != set()
