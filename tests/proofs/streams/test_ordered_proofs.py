"""Two-sided proofs of ``stream.ordered`` with one real Redis: what each way does stands in ordered_front.py."""

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
HONEST = ("in_order", "in_order_beside_others", "in_order_and_later")
#: by two producers at once
MANY = {"events": ">= 200", "two_producers": True}
LIES = {
    "newest_first": "6 events before one that came about earlier",
    "overtakes": "events before one that came about earlier",
    "tries_again": "1 event before one that came about earlier",
    "to_a_list": "a list, no stream",
    "overtakes_rarely": "events before one that came about earlier",
}
CANNOT_TELL = {
    "leaves_one_out": Reason.BASELINE,
    "without_a_word": Reason.NO_OBSERVABLE,
    "overtakes_with_keys": Reason.AMBIGUOUS_CLAIM,
}
WAYS = (*HONEST, "many_in_order", *LIES, *CANNOT_TELL)
TARGET = f"""
[targets.miniature.systems.events]
kind = "redis"
native = {{}}
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/ordered_front.py"]
native.after = "events"
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
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All ways at once: each has a stream of its own."""
    target = TARGET + "".join(ACTIVITY.format(way=way) for way in WAYS)
    with (
        Room(tmp_path_factory.mktemp("ordered"), target) as room,
        pytest.MonkeyPatch.context() as patch,
        ThreadPoolExecutor(len(WAYS)) as pool,
    ):
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(lag, **more, limit=6.0))
        results = {
            way: pool.submit(
                room.judge, "stream.ordered", system="events", activity=way, stream=way,
                one_key=way != "overtakes_with_keys", **(MANY if way in ("many_in_order", "overtakes_rarely") else {}),
            )
            for way in WAYS
        }  # fmt: skip
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_events_in_order_are_verified(judged: Judged, way: str) -> None:
    told = judged(way)
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "7 of 7 events in order"), told.because


def test_many_events_of_two_producers_are_each_in_order(judged: Judged) -> None:
    told = judged("many_in_order")
    assert (told.verdict, told.actual) == (Verdict.VERIFIED, "200 of 200 events in order"), told.because


@pytest.mark.parametrize(("way", "actual"), LIES.items())
def test_events_out_of_order_are_refuted(judged: Judged, way: str, actual: str) -> None:
    told = judged(way)
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert told.actual.endswith(actual), told


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_what_cannot_be_told(judged: Judged, way: str, reason: Reason) -> None:
    told = judged(way)
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), (told.actual, told.because)
