"""Two-sided proofs of ``engine.nested``, and of ``mcp.alive`` inside containers, with one engine in another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from nest import JOB, LOOP, Nest, server, shell

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room
from tests.lab import Lab

pytestmark = [pytest.mark.proof, pytest.mark.live]

SOCKET = "/var/run/docker.sock"
#: they call themselves healthy, once: nineteen tests a second keep a machine busy
WELL = {"healthcheck": {"test": ["CMD", "true"], "interval": 3600 * 10**9}}
FILLING = (
    *(server(f"mcp-{name}") for name in ("files", "git", "memory")),
    *(shell(f"facade-{number:02}", LOOP if number % 2 else "sleep 100000", **WELL) for number in range(19)),
    *(server(f"copy-{number}", environment={"NAME": "copy"}) for number in range(3)),
    *(shell(f"ended-{number}", "exit 1") for number in range(2)),
    shell("job", JOB),
)
TARGET = """
[targets.miniature.systems.engine]
kind = "docker"
url = "{url}"
[targets.miniature.systems.tools]
kind = "docker"
inside = "engine"
service = "{prefix}-nest"
systems = {{match = "mcp-*", kind = "mcp", transport = "stdio"}}
[targets.miniature.systems.loops]
kind = "docker"
inside = "engine"
service = "{prefix}-nest"
systems = {{match = "facade-0[01]", kind = "mcp", transport = "stdio"}}
[targets.miniature.systems.git]
kind = "mcp"
inside = "tools"
service = "mcp-git"
[targets.miniature.systems.ended]
kind = "mcp"
inside = "tools"
service = "ended-0"
[targets.miniature.systems.shell-less]
kind = "mcp"
inside = "tools"
service = "mcp-git"
endpoints = {{stdio = "exec:nobody-there"}}
"""
OTHERS = """
[targets.miniature.systems.{name}]
kind = "docker"
inside = "engine"
service = "{prefix}-{name}"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    prefix = f"distaudit-nest-{os.getpid()}"
    with Lab.reached("dind:20.10", "busybox:1.35") as lab:
        nest = Nest(lab, f"{prefix}-nest")
        nest.fill(*FILLING)
        idle = {"entrypoint": ["sleep", "100000"]}
        lab.run("dind:20.10", name=f"{prefix}-elsewhere", environment={"DOCKER_HOST": nest.address}, **idle)
        mounted = {lab.address.removeprefix("unix://"): {"bind": SOCKET}}
        lab.run("dind:20.10", name=f"{prefix}-mounted", volumes=mounted, **idle)
        lab.run("dind:20.10", name=f"{prefix}-engineless", **idle)
        lab.run("busybox:1.35", "sleep", "100000", name=f"{prefix}-bare")
        names = ("elsewhere", "mounted", "engineless", "bare", "gone")
        others = "".join(OTHERS.format(name=name, prefix=prefix) for name in names)
        with Room(tmp_path_factory.mktemp("nest"), TARGET.format(url=lab.address, prefix=prefix) + others) as room:
            yield SimpleNamespace(room=room, nest=nest)
        nest.close()


def judge(house: SimpleNamespace, check: str = "engine.nested", system: str = "tools", **claim: Any) -> ClaimResult:
    return house.room.judge(check, system=system, **{"within": "0.1s", **claim})


@pytest.mark.parametrize(
    ("claim", "actual"),
    [
        ({"count": 3, "match": "mcp-*", "distinct": True}, "3 containers"),
        ({"count": ">= 6"}, "6 to 7 containers"),
        ({"count": 3, "match": "copy-*"}, "3 containers"),
    ],
)
def test_containers_of_the_inner_engine(house: SimpleNamespace, claim: dict[str, Any], actual: str) -> None:
    found = judge(house, **claim, within="5s")
    assert (found.verdict, found.actual) == (Verdict.VERIFIED, actual), found


@pytest.mark.parametrize(
    ("claim", "actual"),
    [
        ({"count": 19, "match": "facade-*"}, "0 containers"),
        ({"count": 19, "match": "[fm]*"}, "3 containers"),
        ({"count": 2, "match": "ended-*"}, "0 containers"),
        ({"count": 3, "match": "copy-*", "distinct": True}, "1 container"),
        ({"count": 1, "match": "distaudit-*"}, "0 containers"),
        ({"count": ">= 1", "system": "mounted"}, "no nested engine"),
    ],
)
def test_what_only_counts_as_some(house: SimpleNamespace, claim: dict[str, Any], actual: str) -> None:
    found = judge(house, **claim)
    assert (found.verdict, found.actual) == (Verdict.REFUTED, actual), found


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({"match": "job"}, Reason.NO_OBSERVABLE),
        ({"system": "elsewhere"}, Reason.NO_OBSERVABLE),
        ({"system": "bare"}, Reason.NO_OBSERVABLE),
        ({"system": "engineless"}, Reason.NOT_REACHABLE),
        ({"system": "engine"}, Reason.NO_OBSERVABLE),
        ({"system": "gone"}, Reason.BLOCKED),
    ],
)
def test_what_cannot_be_told(house: SimpleNamespace, claim: dict[str, Any], reason: Reason) -> None:
    found = judge(house, **{"count": 1, **claim})
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, reason), found


def test_servers_inside_converse(house: SimpleNamespace) -> None:
    found = judge(house, "mcp.alive", count=3)
    assert (found.verdict, found.actual) == (Verdict.VERIFIED, "3 servers, 3 tools"), found
    assert judge(house, "mcp.alive", system="git").actual == "1 server, 1 tool"


def test_loops_inside_do_not_and_nothing_is_left_of_the_attempt(house: SimpleNamespace) -> None:
    before = house.nest.commands("facade-")
    found = judge(house, "mcp.alive", system="loops")
    assert (found.verdict, found.actual) == (Verdict.REFUTED, "2 servers of 2 no server"), found
    assert house.nest.commands("facade-") == before


def test_a_server_inside_that_ended_or_is_not_there(house: SimpleNamespace) -> None:
    assert judge(house, "system.running", system="ended").verdict is Verdict.REFUTED
    assert judge(house, "mcp.alive", system="shell-less").reason is Reason.BASELINE
