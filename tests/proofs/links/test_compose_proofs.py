"""The same links between services of a compose project, started by Compose and by testcontainers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.testing import Room
from tests.lab import Lab, named, variables

pytestmark = [pytest.mark.proof, pytest.mark.live]
HERE = Path(__file__).parent
#: caller -> the service that it calls. What is known to one in one mode is told to it in the other.
CALLED = {"genuine": ("dependency", 8000), "none": ("second", 8001)}
KNOWN = {"compose": "genuine", "containers": "none"}


def _service(*words: str, port: int = 8000, **environment: str) -> dict[str, object]:
    return {
        "image": named("python:3.11"),
        "command": ["python3", *words],
        "volumes": [f"{HERE}:/here:ro"],
        "environment": {"HOST": "0.0.0.0", "PORT": str(port), **environment},
        "ports": [str(port)],
        "init": True,
    }


def _caller(way: str, mode: str) -> str:
    name, port = CALLED[way]
    inject = f'address = "{name}:{port}"' if KNOWN[mode] == way else 'env = "DEPENDENCY_URL"'
    return f"""
[targets.miniature.systems.{way}]
kind = "http"
disposable = true
[targets.miniature.links.{way}-dependency]
from = "{way}"
to = "{name}"
inject = {{{inject}}}
[targets.miniature.operations.ask-{way}]
request = "GET http://{way}/ask?word={{nonce}}"
"""


TARGET = """
[targets.miniature]
compose = "compose.yaml"
[targets.miniature.systems.dependency]
kind = "http"
[targets.miniature.systems.second]
kind = "http"
"""


@pytest.fixture(scope="module", params=["compose", "containers"])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    if request.param == "compose" and "DOCKER_CONFIG" not in variables():
        pytest.skip("no Docker Compose: ./run lab up")
    callers = {
        way: _service("/here/timeouts.py", way, DEPENDENCY_URL=f"http://{name}:{port}")
        | {"depends_on": {name: {"condition": "service_started"}}}
        for way, (name, port) in CALLED.items()
    }
    ground = tmp_path_factory.mktemp("links")
    called = {name: _service("/here/dependency.py", port=port) for name, port in CALLED.values()}
    services = {**called, **callers}
    (ground / "compose.yaml").write_text(json.dumps({"services": services}), "utf-8")
    with pytest.MonkeyPatch.context() as patch, Lab.reached("python:3.11"):
        for name, value in variables().items():
            patch.setenv(name, value)
        target = TARGET + "".join(_caller(way, request.param) for way in CALLED)
        with Room(ground, target, provision=request.param) as room:
            yield room


def _judged(room: Room, way: str) -> ClaimResult:
    roles = {"caller": way, "system": CALLED[way][0]}
    return room.judge("timeout.bounds", roles=roles, operation=f"ask-{way}", time="0.5 s")


def test_a_timeout_between_containers_is_verified(room: Room) -> None:
    told = _judged(room, "genuine")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)


def test_a_constant_that_is_never_passed_is_refuted(room: Room) -> None:
    told = _judged(room, "none")
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "calls do not end"), (told.actual, told.because)
