"""The example's three targets: what each is found to be, and that containers are judged as native processes are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.targets.recipes import builtin_recipes
from tests.lab import Lab, variables

ROOT = Path(__file__).parents[1]
NEEDED = ("postgres", "rabbitmq", "redis", "consul", "haproxy", "nginx", "chromadb")

pytestmark = pytest.mark.live

#: target -> its verdict, and claims that are refuted whatever else is
FOUND: dict[str, tuple[str, set[str]]] = {
    "connected": ("genuine", set()),
    "as-audited": (
        "facade",
        {"primary-running", "task-queue-declared", "workers-looked-up", "answers-remembered"}
        | {"edge-forwards", "edge-finds-both-well", "tasks-counted", "texts-stored", "tool-servers-converse"}
        | {"graph-store-running", "prompts-asked", "model-asked", "services-traced", "mesh-routed"},
    ),
    "decoy": (
        "facade",
        {"standby-streams", "task-queue-consumed", "worker-2-running", "answers-remembered", "gateway-forwards"}
        | {"tasks-counted", "texts-stored", "tool-servers-converse", "tools-called", "task-passes-all"}
        | {"requests-traced"},
    ),
}
#: the report's figures, as the audit of `as-audited` tells them; who has no queue has no message and no consumer in it
FIGURES = {
    "mesh-routed": "5 services, 0 routes",
    "instances-listed": "31 services",
    "queue-count": "0 queues",
    "task-queue-has-consumer": "no queue tasks",
    "task-queue-declared": "no queue tasks",
    "services-traced": "0 services",
    "workers-looked-up": "0 look-ups of worker",
    "texts-kept-in-one-place": "no collection texts",
    "tool-servers-converse": "0 servers of 2 converse",
    **dict.fromkeys(("tasks-counted", "prompts-asked", "model-asked"), "running (unused)"),
    **{f"{claim}-running": f"{system} down" for claim, system in {"primary": "postgres", "front": "front"}.items()},
    "graph-store-running": "graph-store down",
}
#: each way once; ./run proofs judges all targets in all ways
ONCE = [("connected", "compose"), ("as-audited", "containers")]
REST = [("connected", "containers"), ("as-audited", "compose"), ("decoy", "compose"), ("decoy", "containers")]


class Example:
    """Audits of the example, native ones once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._native: dict[str, Any] = {}

    def native(self, target: str, *more: str) -> Any:
        if target not in self._native:
            self._native[target] = self.judged(target, "native", dict(os.environ), *more)
        return self._native[target]

    def judged(self, target: str, way: str, environment: dict[str, str], *more: str) -> Any:
        path = self._folder / f"{target}-{way}.json"
        chosen = [f"--distaudit-target={target}", f"--distaudit-provision={way}", f"--distaudit-json={path}", *more]
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--distaudit", *chosen]
        done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert path.exists(), done.stdout + done.stderr
        return json.loads(path.read_text())


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    recipes = builtin_recipes()
    if missing := "; ".join(filter(None, (recipes[kind].missing() for kind in NEEDED))):
        pytest.skip(missing)
    return Example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    with Lab.reached(
        *("postgres:15", "rabbitmq:3.10", "python:3.11", "consul:1.8", "redis:7.0", "nginx:1.22", "haproxy:2.6"),
        "chromadb:1.5",
    ):
        if "DOCKER_CONFIG" not in variables():
            pytest.skip("no Docker Compose: ./run lab up")
        return {**os.environ, **variables()}


def verdicts(audit: Any) -> dict[str, tuple[str, str]]:
    return {f"{one['id']}[{one['case']}]": (one["verdict"], one["reason"]) for one in audit["claims"]}


@pytest.mark.parametrize("target", FOUND)
def test_each_target_is_what_it_is_said_to_be(target: str, example: Example) -> None:
    verdict, surely = FOUND[target]
    audit = example.native(target)
    refuted = {one["id"] for one in audit["claims"] if one["verdict"] == "refuted"}
    used = {one["id"] for one in audit["claims"] if one["verdict"] == "verified" and one["rung"]["proven"] == "used"}
    assert audit["verdict"] == verdict, verdicts(audit)
    assert surely <= refuted
    assert bool(used) == (verdict == "genuine")


def test_the_facade_has_the_figures_of_the_report(example: Example) -> None:
    told = {one["id"]: one["actual"] for one in example.native("as-audited")["claims"]}
    assert {name: told.get(name) for name in FIGURES} == FIGURES


def test_the_nineteen_that_the_report_believed_do_nothing(example: Example) -> None:
    """Section 6: the inner engine calls all of them healthy."""
    with Lab.reached("dind:20.10", "busybox:1.35"):
        if "DIND_IMAGE" not in variables():
            pytest.skip("the lab is older than this test: ./run lab up")
        audit = example.judged("as-audited-nested", "auto", {**os.environ, **variables()}, "-k", "nineteen")
    told = {one["id"]: one for one in audit["claims"]}
    running, conversing = told["nineteen-run"], told["nineteen-converse"]
    assert (running["verdict"], running["actual"]) == ("refuted", "0 containers"), running
    assert "19 fit the claim, 19 are up; 19 of them do nothing" in running["because"]
    # silence is waited for, on a busy machine in vain
    assert (conversing["verdict"], conversing["actual"]) == ("refuted", "0 servers of 19 converse") or (
        (conversing["verdict"], conversing["reason"]) == ("unverifiable", "timed-out")
    ), conversing


def test_tasks_are_traced_where_there_is_a_store(example: Example) -> None:
    if missing := builtin_recipes()["jaeger"].missing():
        pytest.skip(missing)
    audit = example.native("connected-traced", "-k", "traced")
    told = {one["id"]: (one["verdict"], one["actual"]) for one in audit["claims"]}
    assert told["services-traced"][0] == told["requests-traced"][0] == "verified", told
    assert told["requests-traced"][1] == "7 of 7 traces whole"


def same(target: str, way: str, example: Example, environment: dict[str, str]) -> None:
    native, contained = verdicts(example.native(target)), verdicts(example.judged(target, way, environment))
    assert {key: (told, contained.get(key)) for key, told in native.items() if told != contained.get(key)} == {}
    assert len(native) == len(contained) > 60


def test_four_workers_come_to_the_same_verdicts(example: Example) -> None:
    """What two of them have performed at once would show in the counters of either."""
    together = example.judged("connected", "auto", {**os.environ}, "-n4")
    assert verdicts(together) == verdicts(example.native("connected"))


@pytest.mark.parametrize(("target", "way"), ONCE)
def test_the_verdicts_are_the_same(target: str, way: str, example: Example, environment: dict[str, str]) -> None:
    same(target, way, example, environment)


@pytest.mark.proof
@pytest.mark.skipif("DISTAUDIT_ROUNDS" not in os.environ, reason="the other ways run with ./run proofs")
@pytest.mark.parametrize(("target", "way"), REST)
def test_the_verdicts_are_the_same_the_other_way(
    target: str, way: str, example: Example, environment: dict[str, str]
) -> None:
    same(target, way, example, environment)
