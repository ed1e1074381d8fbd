"""A system that the target file calls a stand-in: whatever is said of it can be refuted, never verified."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

TARGET = """
[targets.it.systems.{name}]
kind = "process"
{stand_in}
native.argv = ["{{python}}", "-c", "import time; time.sleep(60)"]
native.ready = "alive"
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    both = TARGET.format(name="double", stand_in="stand_in = true") + TARGET.format(name="real", stand_in="")
    with Room(tmp_path_factory.mktemp("stand-in"), both) as room:
        yield room


def test_what_would_be_verified_is_not(room: Room) -> None:
    assert room.judge("system.running", system="real").verdict is Verdict.VERIFIED
    told = room.judge("system.running", system="double")
    assert (told.verdict, told.reason, told.rung_proven) == (Verdict.UNVERIFIABLE, Reason.STAND_IN, None)


def test_its_presence_refutes_a_denial(room: Room) -> None:
    told = room.judge("system.running", system="double", expect="absent")
    assert told.verdict is Verdict.REFUTED


def test_nor_over_time(room: Room) -> None:
    told = room.judge("system.running", system="double", holds_for="0.5 s")
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.STAND_IN)
