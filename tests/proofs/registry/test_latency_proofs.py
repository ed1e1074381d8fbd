"""Two-sided proofs of ``discovery.latency`` on a real Consul, asked directly and through clerks of all sorts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["consul"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent
#: shorter than a clerk hesitates, whose average is far below it; a busy machine takes a quarter of it now and then
LIMIT = "< 200 ms"
LIES = {
    "knows_nobody": "empty answers",
    "knows_everybody": "canned answers",
    "speaks_of_another": "0 of ",
    "remembers": "old answers",
    "fails_at_once": "0 of ",
    "loses_some": " look-ups answered",
    "hesitates": "within 2",
}
CANNOT_TELL = {
    "is_far_away": Reason.BASELINE,
    "hesitates_seldom": Reason.INCONCLUSIVE_STATISTICS,
    "is_locked": Reason.FORBIDDEN,
}
#: those that take longest first
CLERKS = (*CANNOT_TELL, *LIES, "passes_on")

MINIATURE = f"""
[targets.miniature.systems.consul]
kind = "consul"
native.services = [{{name = "worker", address = "127.0.0.1", port = 80}}]
[targets.miniature.systems.clerk]
kind = "http"
native.argv = ["{{python}}", "{HERE}/clerk.py"]
native.after = "consul"
native.env.CONSUL_URL = "{{consul.url}}"
native.env.PORT = "{{port}}"
"""
THROUGH = """
[targets.through.systems.{way}]
kind = "consul"
url = "{clerk}/{way}"
"""

Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with Room(tmp_path_factory.mktemp("latency"), MINIATURE) as room:
        yield room


@pytest.fixture(scope="module")
def judged(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """Few at a time: they share the processor."""
    clerk = room.located["clerk"].endpoints["url"]
    through = "".join(THROUGH.format(way=way, clerk=clerk) for way in CLERKS)
    with Room(tmp_path_factory.mktemp("through"), through) as clerks, ThreadPoolExecutor(3) as pool:
        results = {way: pool.submit(latency, clerks, way) for way in CLERKS}
        yield lambda way: results[way].result()


def latency(room: Room, system: str, service: str = "worker", time: str = LIMIT, **claim: str) -> ClaimResult:
    return room.judge("discovery.latency", system=system, service=service, time=time, within="0.2s", **claim)


def test_latency_verifies_a_registry(room: Room) -> None:
    result = latency(room, "consul")
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)
    assert latency(room, "consul", share="90 %").verdict is Verdict.VERIFIED
    assert latency(room, "consul", expect="absent").verdict is Verdict.REFUTED


def test_latency_verifies_through_a_clerk_that_passes_on(judged: Judged) -> None:
    result = judged("passes_on")
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize(("way", "word"), LIES.items())
def test_latency_refutes(judged: Judged, way: str, word: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.REFUTED, (result.actual, result.because)
    assert word in result.actual


def test_latency_refutes_what_is_not_registered(room: Room) -> None:
    result = latency(room, "consul", "unheard-of")
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "no service unheard-of")


@pytest.mark.parametrize(("way", "reason"), CANNOT_TELL.items())
def test_latency_cannot_tell(judged: Judged, way: str, reason: Reason) -> None:
    result = judged(way)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), (result.actual, result.because)
