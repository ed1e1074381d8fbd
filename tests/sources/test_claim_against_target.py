"""A claim's names against a target."""

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.target import Activity, NestedSystems, Project, SystemSpec, Target
from pytest_distaudit.sources.claim_against_target import check_against_target, unknown_targets

HERE = Place("distaudit.toml", 1, 1)
SYSTEMS = {name: SystemSpec(name, "http", HERE) for name in ("rabbitmq", "worker-1", "worker-2")}
TOOLS = SystemSpec("tools", "docker", HERE, systems=NestedSystems("mcp-*", "mcp"))
TARGET = Target(
    "staging", HERE, {**SYSTEMS, "tools": TOOLS}, activities={"submit": Activity("submit", "GET http://worker-1/")}
)
RUNNING = Claim("a", "system.running", {"system": "rabbitmq"}, Place("claims/a.yaml", 3, 5))
COUNT = Claim("b", "system.count", {"servers": "worker-*"}, Place("claims/a.yaml", 4, 5))


def told(claim: Claim, checks, target: Target = TARGET) -> list[str]:
    return [str(problem) for problem in check_against_target(claim, checks[claim.check], target)]


@pytest.mark.parametrize("players", ["worker-*", "worker-1,worker-2", "rabbitmq,worker-?", "mcp-*", "mcp-files"])
def test_names_and_globs_that_the_target_has(players: str, checks) -> None:
    assert told(replace(COUNT, roles={"servers": players}), checks) == []


def test_an_unknown_system_names_the_nearest(checks) -> None:
    assert told(replace(RUNNING, roles={"system": "rabitmq"}), checks) == [
        "claims/a.yaml:3:5: target 'staging' has no system 'rabitmq'; did you mean 'rabbitmq'?"
    ]


def test_a_glob_that_matches_nothing_is_told(checks) -> None:
    assert told(replace(COUNT, roles={"servers": "worker-1,api-*"}), checks) == [
        "claims/a.yaml:4:5: no system of target 'staging' matches 'api-*'; allowed: rabbitmq, tools, worker-1, worker-2"
    ]


def test_unknown_activity_operation_and_action_are_told(checks) -> None:
    assert told(replace(RUNNING, activity="submt", operation="ask", action="switch"), checks) == [
        "claims/a.yaml:3:5: target 'staging' has no activity 'submt'; did you mean 'submit'?",
        "claims/a.yaml:3:5: target 'staging' has no operation 'ask'; none is known here",
        "claims/a.yaml:3:5: target 'staging' has no action 'switch'; none is known here",
    ]


def test_a_claim_for_other_targets_is_not_held_against_this_one(checks) -> None:
    assert told(replace(RUNNING, roles={"system": "x"}, targets=("production",)), checks) == []


def test_targets_that_the_project_does_not_have_are_told() -> None:
    project = Project(HERE, {"staging": TARGET})
    assert unknown_targets(replace(RUNNING, targets=("staging",)), project) == ()
    (problem,) = unknown_targets(replace(RUNNING, targets=("staging", "stagin")), project)
    assert problem.message == "unknown target 'stagin' in 'targets'; did you mean 'staging'?"
