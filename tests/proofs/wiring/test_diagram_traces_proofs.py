"""``wiring.matches-diagram`` where every call has a connection of its own, which traces alone can attribute."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.checks import _calls
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.alternate import Rhythm
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["jaeger"].missing()
MAY_LISTEN = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("ss") is not None
pytestmark = [
    pytest.mark.proof,
    pytest.mark.live,
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.skipif(not MAY_LISTEN, reason="root alone hears what ends, and ss (iproute2) tells what is there"),
]

HERE = Path(__file__).parent.parent / "telemetry"

TOWN = f"""
[targets.miniature.systems.store]
kind = "jaeger"
native = {{}}
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.env = {{PORT = "{{port}}", TASKS = "{{tasks.url}}", STORE = "{{store.otlp}}", SPEAKS = "otlp"}}
[targets.miniature.systems.tasks]
kind = "http"
native.argv = ["{{python}}", "{HERE}/tasks.py"]
native.env = {{PORT = "{{port}}", STORE = "{{store.otlp}}", SPEAKS = "otlp"}}
[targets.miniature.activities.hands_on]
request = "GET http://front/hands_on?n={{nonce}}"
[targets.miniature.activities.poses_as_tasks]
request = "GET http://front/poses_as_tasks?n={{nonce}}"
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with pytest.MonkeyPatch.context() as patch, Room(tmp_path_factory.mktemp("miniature"), TOWN) as started:
        patch.setattr(gather, "Rhythm", lambda lag, effects, **more: Rhythm(lag, effects, shortest=0.5, **more))
        patch.setattr(_calls, "_INGEST_S", 3.0)
        yield started


@pytest.mark.parametrize(
    ("way", "told"),
    [("hands_on", (Verdict.VERIFIED, None)), ("poses_as_tasks", (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE))],
)
def test_traces(room: Room, way: str, told: tuple[Verdict, Reason | None]) -> None:
    roles = {"systems": "front, tasks", "traces": "store"}
    result = room.judge("wiring.matches-diagram", activity=way, roles=roles, edges="front -> tasks")
    assert (result.verdict, result.reason) == told, (result.actual, result.because)
