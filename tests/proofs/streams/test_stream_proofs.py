"""Two-sided proofs of ``stream.exists`` and ``stream.replayable`` with one real Redis and one front for all ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.activity import Pace
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["redis"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent

HONEST = (
    "appends",
    "appends_for_a_group",
    "appends_without_a_word",
    "appends_beside_others",
    "appends_later",
)
LIES = {
    "removes_what_was_read": "0 of 7 events can be read",
    "keeps_few": "3 of 7 events can be read",
    "keeps_for_seconds": "removed after",
    "pushes_to_a_list": "a list, no stream",
    "publishes": "a channel, no stream",
    "appends_elsewhere": "no stream appends_elsewhere",
    "remembers_once": "0 of 7 events arrived",
    "appends_every_other": "of 7 events can be read",
}
CANNOT_TELL = {
    "hides_among_others": Reason.INCONCLUSIVE_STATISTICS,
    "pushes_out_older_ones": Reason.AMBIGUOUS_CLAIM,
    "fails": Reason.BASELINE,
}
WAYS = (*HONEST, *LIES, *CANNOT_TELL)
CLAIMED = {"keeps_for_seconds": {"retention": ">= 168 h"}}

TARGET = f"""
[targets.miniature.systems.events]
kind = "redis"
native = {{}}
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.env.PORT = "{{port}}"
native.env.REDIS_URL = "{{events.url}}"
native.env.WAYS = "{" ".join(WAYS)}"
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
    with Room(tmp_path_factory.mktemp("streams"), TARGET + activities) as opened:
        yield opened


@pytest.fixture(scope="module")
def judged(room: Room) -> Iterator[Judged]:
    """All ways at once: each has a name of its own."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(WAYS)) as pool:
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(lag, limit=6.0))
        results = {
            way: pool.submit(
                room.judge, "stream.replayable", system="events", activity=way, stream=way, **CLAIMED.get(way, {})
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
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert actual in result.actual, result.because


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_replayable_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)


def test_a_retention_that_is_nowhere_configured_is_not_believed(room: Room) -> None:
    result = room.judge(
        "stream.replayable", system="events", activity="appends", stream="appends", retention=">= 168 h"
    )
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), result.actual


def test_exists(room: Room) -> None:
    def told(stream: str, **params: str) -> ClaimResult:
        return room.judge("stream.exists", system="events", stream=stream, **params)

    verified = told("appends_for_a_group", groups="1", partitions="1")
    assert (verified.verdict, verified.actual) == (
        Verdict.VERIFIED,
        "stream appends_for_a_group exists, 1 partition, 1 group",
    )
    for stream, actual in {
        "pushes_to_a_list": "a list, no stream",
        "publishes": "a channel, no stream",
        "nowhere": "no stream nowhere",
    }.items():
        result = told(stream)
        assert (result.verdict, result.actual) == (Verdict.REFUTED, actual)
    assert told("remembers_once", groups=">= 1").actual == "0 groups"
