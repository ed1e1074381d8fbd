"""Two-sided proofs of ``startup.time``, all systems of one target, started together."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
SERVER = Path(__file__).parent / "server.py"
#: name: (environment, what is waited for)
SYSTEMS = {
    "honest": ({}, "GET /ready"),
    "opens-early": ({"READY": "2"}, "GET /ready"),
    "restarts": ({"WAY": "restarts"}, "GET /ready"),
    "crashes": ({"WAY": "crashes"}, "GET /ready"),
    "never-ready": ({"READY": "999"}, "GET /ready"),
    "says-yes-to-all": ({"WAY": "says-yes-to-all"}, "GET /ready"),
    "port-only": ({"READY": "999"}, "port"),
}


def _table(name: str, environment: dict[str, str], ready: str) -> str:
    words = ["/usr/bin/env", "PORT={port}", *(f"{k}={v}" for k, v in environment.items()), sys.executable, str(SERVER)]
    limit = 3 if name == "never-ready" else 30
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
native.argv = {json.dumps(words)}
native.ready = "{ready}"
native.start_limit = {limit}
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    tables = "".join(_table(name, *told) for name, told in SYSTEMS.items())
    with Room(tmp_path_factory.mktemp("timing"), tables) as room:
        yield room


def test_a_server_that_ran_before_the_audit_is_not_told(room: Room, tmp_path: Path) -> None:
    attached = f"""
[targets.miniature.systems.honest]
kind = "http"
endpoints.url = "{room.located["honest"].endpoints["url"]}"
"""
    with Room(tmp_path, attached, provision="attach") as other:
        told = other.judge("startup.time", system="honest", time="<= 30 s")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), told


def test_a_start_in_time_is_verified(room: Room) -> None:
    told = room.judge("startup.time", system="honest", time="<= 30 s")
    assert told.verdict is Verdict.VERIFIED, told


@pytest.mark.parametrize(
    ("system", "time"),
    [("opens-early", "<= 1 s"), ("restarts", "<= 1 s"), ("crashes", "<= 30 s"), ("never-ready", "<= 1 s")],
)
def test_a_lie_is_refuted(room: Room, system: str, time: str) -> None:
    told = room.judge("startup.time", system=system, time=time)
    assert told.verdict is Verdict.REFUTED, told


@pytest.mark.parametrize("system", ["port-only", "says-yes-to-all"])
def test_an_open_port_or_a_yes_to_everything_is_no_readiness(room: Room, system: str) -> None:
    told = room.judge("startup.time", system=system, time="<= 30 s")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), told
