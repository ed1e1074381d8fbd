"""Two-sided proofs of ``grpc.serves`` with real gRPC servers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

for needed in ("grpc", "grpc_health", "grpc_reflection"):
    pytest.importorskip(needed, reason="gRPC is not installed: pip install 'pytest-distaudit[grpc]'")
pytestmark = [pytest.mark.proof, pytest.mark.live]

HERE = Path(__file__).parent
NAME = "shop.v1.Orders"
HONEST = ("alpha", "v1", "only-itself")
LIES = {
    "no-service": f"no service {NAME}",
    "any-name-no-service": f"no service {NAME}",
    "listed-only": "2 methods served by nobody",
    "half": "1 method served by nobody",
    "ill": f"{NAME} NOT_SERVING",
    "http": "no server of the protocol",
}
CANNOT_TELL = {
    "any-name": Reason.VACUOUS,
    "no-health": Reason.NO_OBSERVABLE,
    "no-reflection": Reason.NO_OBSERVABLE,
    "guarded": Reason.FORBIDDEN,
}


def system(way: str) -> str:
    argv = f'["{{python}}", "orders.py", "{way}", "{{port}}"]'
    return f'[targets.miniature.systems.{way}]\nkind = "grpc"\nnative.argv = {argv}\n'


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    root = tmp_path_factory.mktemp("rpc")
    shutil.copy(HERE / "orders.py", root)
    with Room(root, "\n".join(map(system, (*HONEST, *LIES, *CANNOT_TELL, "not-yet")))) as made:
        yield made


def judge(room: Room, way: str, **claim: Any) -> ClaimResult:
    return room.judge("grpc.serves", system=way, **{"within": "0.1s", "services": NAME, **claim})


@pytest.mark.parametrize("way", HONEST)
def test_services_that_exist_and_take_calls(room: Room, way: str) -> None:
    found = judge(room, way, methods=f"{NAME}/Place", calls=f"{NAME}/Follow", within="5s")
    assert (found.verdict, found.actual) == (Verdict.VERIFIED, "1 service, 2 methods"), found


@pytest.mark.parametrize(("way", "actual"), LIES.items())
def test_services_that_are_only_words(room: Room, way: str, actual: str) -> None:
    found = judge(room, way)
    assert (found.verdict, found.actual) == (Verdict.REFUTED, actual), found


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_what_cannot_be_told(room: Room, way: str, reason: Reason) -> None:
    found = judge(room, way)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIABLE, reason), found


def test_what_the_claim_adds_is_tried(room: Room) -> None:
    assert judge(room, "no-reflection", methods=f"{NAME}/Place").verdict is Verdict.VERIFIED
    assert judge(room, "no-reflection", methods=f"{NAME}/Burn").verdict is Verdict.REFUTED
    assert judge(room, "alpha", methods=f"{NAME}/Burn").verdict is Verdict.REFUTED
    assert judge(room, "no-health", health=False).verdict is Verdict.VERIFIED
    assert judge(room, "any-name", health=False).verdict is Verdict.VERIFIED


def test_a_stub_that_was_never_filled_shows_when_it_is_called(room: Room) -> None:
    assert judge(room, "not-yet", calls=f"{NAME}/Place").actual == "1 method served by nobody"
    assert judge(room, "not-yet").verdict is Verdict.VERIFIED, "shows_not says so"
