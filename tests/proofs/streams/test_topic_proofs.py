"""Two-sided proofs of the checks of streams with one real Kafka, where ``./run lab-extra kafka`` made one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["kafka"].missing() or (None if find_spec("kafka") else "no kafka-python")
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent

HONEST = ("appends", "appends_with_a_reader", "appends_without_a_word", "keeps_for_a_week")
LIES = {
    "keeps_for_a_minute": "entries are kept for 60 s",
    "keeps_the_latest_of_a_key": "entries are kept for 0 s",
    "nobody_appends": "0 of 7 events arrived",
    "takes_it_back": "0 of 7 events can be read",
    "deletes_what_was_read": "0 of 7 events can be read",
    "appends_elsewhere": "no stream appends_elsewhere",
}
CANNOT_TELL = {"keeps_what_fits": Reason.NO_OBSERVABLE}
WAYS = (*HONEST, *LIES, *CANNOT_TELL)
CLAIMED = {way: {"retention": ">= 168 h"} for way in WAYS if way.startswith("keeps")}
ACTIVITIES = {"appends_elsewhere": "appends"}

TARGET = f"""
[targets.miniature.systems.log]
kind = "kafka"
native.start_limit = 180
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/topics.py"]
native.after = ["log"]
native.env.PORT = "{{port}}"
native.env.KAFKA = "127.0.0.1:{{log.port}}"
native.ready = "port"
"""
ACTIVITY = """
[targets.miniature.activities.{way}]
request = "POST http://front/{way}"
json = {{event = "{{nonce}}"}}
"""

Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    activities = "".join(ACTIVITY.format(way=way) for way in WAYS)
    with Room(tmp_path_factory.mktemp("topics"), TARGET + activities) as opened:
        yield opened


@pytest.fixture(scope="module")
def judged(room: Room) -> Iterator[Judged]:
    """All ways at once: each has a topic of its own."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(lag, limit=6.0))
        results = {
            way: pool.submit(
                room.judge,
                "stream.replayable",
                system="log",
                activity=ACTIVITIES.get(way, way),
                stream=way,
                **CLAIMED.get(way, {}),
            )
            for way in WAYS
        }
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_replayable_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert (result.verdict, result.actual) == (Verdict.VERIFIED, "7 of 7 events read twice"), result.because


@pytest.mark.parametrize(("way", "actual"), LIES.items())
def test_replayable_refutes(judged: Judged, way: str, actual: str) -> None:
    result = judged(way)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, actual), result.because


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_replayable_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


def test_exists(room: Room) -> None:
    def told(stream: str, **params: str) -> ClaimResult:
        return room.judge("stream.exists", system="log", stream=stream, **params)

    verified = told("appends_with_a_reader", partitions="2", groups="1")
    assert verified.verdict is Verdict.VERIFIED, verified.actual
    assert verified.because == "groups of readers: workers (1 member)"
    assert told("__consumer_offsets").actual == "__consumer_offsets is the product's own"
    assert told("nowhere").actual == "no stream nowhere"
    assert told("appends", partitions="3").actual == "2 partitions"
    assert told("appends", groups=">= 1").actual == "0 groups", "the audit's own readers leave no trace"


def test_the_system_itself(room: Room) -> None:
    assert room.judge("system.running", system="log").verdict is Verdict.VERIFIED
    assert room.judge("system.healthy", system="log").verdict is Verdict.VERIFIED
