"""system.healthy on a broker that answers everywhere and takes no message: its memory is used up."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]

MINIATURE = """
[targets.proof.systems.broker]
kind = "rabbitmq"
native = {settings = {"vm_memory_high_watermark.absolute" = "1MB"}}
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("broker"), MINIATURE) as room:
        yield room


def test_a_broker_with_an_alarm_runs_and_is_not_healthy(room: Room) -> None:
    assert room.judge("system.running", system="broker").verdict is Verdict.VERIFIED
    deadline = time.monotonic() + 20
    while (result := room.judge("system.healthy", system="broker")).verdict is not Verdict.REFUTED:
        assert time.monotonic() < deadline, result.because  # it measures itself now and then only
        time.sleep(0.3)
    assert "alarms" in result.because


def test_both_ports_of_a_broker_speak_what_they_should(room: Room) -> None:
    for endpoint in ("amqp", "management"):
        assert room.judge("port.open", system="broker", endpoint=endpoint).verdict is Verdict.VERIFIED
