"""Two-sided proofs of ``cache.used``, each with a real Redis of its own and one front for all."""

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
    "caches_aside",
    "caches_in_a_hash",
    "caches_in_a_script",
    "caches_in_the_background",
    "caches_some",
)
LIES = {
    "never_asks": "0 look-ups",
    "pings": "0 look-ups",
    "publishes": "0 look-ups",
    "only_writes": "0 look-ups",
    "asks_and_never_fills": "never filled",
    "fills_in_vain": "never filled",
    "leaves_it_to_a_heartbeat": "0 look-ups by the performances",
    "fails": "running and unused",
}
CANNOT_TELL = {
    "asks_at_the_start_only": Reason.INCONCLUSIVE_STATISTICS,
    "asks_for_something_new": Reason.NO_OBSERVABLE,
    "forgets_at_once": Reason.NO_OBSERVABLE,
    "caches_in_front_of_the_cache": Reason.INCONCLUSIVE_STATISTICS,
    "shares_a_busy_store": Reason.INCONCLUSIVE_STATISTICS,
    "fails_and_had_asked": Reason.BASELINE,
    "fails_at_last": Reason.BASELINE,
}
WAYS = (*HONEST, *LIES, *CANNOT_TELL)
SETTINGS = {"fills_in_vain": 'native.settings = {maxmemory = 1, maxmemory-policy = "noeviction"}'}

STORE = """
[targets.miniature.systems.{way}]
kind = "redis"
{settings}
[targets.miniature.activities.{way}]
request = "GET http://front/{way}"
"""
FRONT = f"""
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{HERE}/front.py"]
native.env.PORT = "{{port}}"
native.env.REDIS_URLS = "{" ".join(f"{way}={{{way}.url}}" for way in WAYS)}"
"""

Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """All ways at once: they share nothing but the processor."""
    stores = "".join(STORE.format(way=way, settings=SETTINGS.get(way, "native = {}")) for way in WAYS)
    with (
        pytest.MonkeyPatch.context() as patch,
        Room(tmp_path_factory.mktemp("caches"), stores + FRONT) as room,
        ThreadPoolExecutor(len(WAYS)) as pool,
    ):
        patch.setattr(gather, "Pace", lambda lag, **more: Pace(lag, limit=6.0))
        results = {way: pool.submit(room.judge, "cache.used", system=way, activity=way) for way in WAYS}
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_used_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(("way", "actual"), LIES.items())
def test_used_refutes(judged: Judged, way: str, actual: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.REFUTED, result.because
    # a heartbeat may miss the window
    assert actual.startswith(result.actual), result.because


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_used_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)
