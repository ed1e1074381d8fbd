"""Two-sided proofs of ``health.flips``: one process that a Consul checks in one good and four bad ways."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

_MISSING = builtin_recipes()["consul"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
HERE = Path(__file__).parent
SERVICE = str(HERE.parent / "recovery/service.py")
PACE = '"interval" = "1s", "timeout" = "1s", "status" = "passing"'
#: how Consul checks each; all but "bystander" are one process
CHECKS = {
    "asked": f'{{"http" = "http://127.0.0.1:{{web.port}}/live", {PACE}}}',
    "steady": '{"ttl" = "5s", "status" = "passing"}',
    "port": f'{{"tcp" = "127.0.0.1:{{web.port}}", {PACE}}}',
    "script": f'{{"args" = ["true"], {PACE}}}',
    "clock": '{"ttl" = "5s", "status" = "passing"}',
    "bystander": f'{{"http" = "http://127.0.0.1:{{other.port}}/live", {PACE}}}',
}
CLAIMED = ("asked", "steady", "port", "script", "clock")


def _service(name: str, ground: Path) -> str:
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/live"
disposable = true
native.argv = {json.dumps([sys.executable, SERVICE])}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", STARTS = "{ground / name}"}}
"""


def _registered() -> str:
    rows = []
    for name, check in CHECKS.items():
        system = "other" if name == "bystander" else "web"
        rows.append(f'{{name = "{name}", address = "127.0.0.1", port = "{{{system}.port}}", check = {check}}}')
    return f"""
[targets.miniature.systems.consul]
kind = "consul"
[targets.miniature.systems.consul.native]
after = ["web", "other"]
settings = {{enable_local_script_checks = true}}
services = [{", ".join(rows)}]
[targets.miniature.systems.reporter]
kind = "process"
native.argv = {json.dumps([sys.executable, str(HERE / "heartbeat.py")])}
native.after = "consul"
native.env.CONSUL_URL = "{{consul.url}}"
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ClaimResult]]:
    """All claims together: they share one freeze of the process."""
    ground = tmp_path_factory.mktemp("flips")
    with Room(ground, _service("web", ground) + _service("other", ground) + _registered()) as room:
        told = room.judge_together(*map(_claimed, CLAIMED))
        yield dict(zip(CLAIMED, told, strict=True))


def _claimed(service: str) -> tuple[str, Mapping[str, object]]:
    pace = {"interval": "1 s", "timeout": "1 s", "fall": 1, "rise": 1}
    return "health.flips", {"roles": {"system": "web", "registry": "consul"}, "service": service, **pace}


def test_a_check_that_asks_the_instance_is_verified(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["asked"]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert told.actual.startswith("unhealthy after "), told


@pytest.mark.parametrize(
    ("service", "actual"), [("steady", "still passing"), ("port", "still passing"), ("script", "still passing")]
)
def test_what_passes_while_nobody_answers_is_refuted(
    verdicts: Mapping[str, ClaimResult], service: str, actual: str
) -> None:
    told = verdicts[service]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert actual in told.actual, told


def test_what_fails_by_the_clock_shows_nothing(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["clock"]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.BASELINE), told
