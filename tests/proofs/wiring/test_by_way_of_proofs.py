"""Two-sided proofs of ``wiring.by-way-of``: a front, a broker, a worker and a store, each way with its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

_MISSING = builtin_recipes()["redis"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
PROGRAM = Path(__file__).with_name("orders.py")
#: way: what it is claimed to go through
VIA = {
    "hands_over": "broker, worker",
    "reads_before": "worker",
    "writes_first": "broker",
    "writes_after": "worker",
    "is_fed_directly": "worker",
    "writes_as_well": "worker",
    "waits_for_the_broker": "broker",
}
WAY = """
[targets.miniature.systems.{way}-broker]
kind = "redis"
disposable = true
native = {{}}
[targets.miniature.systems.{way}-store]
kind = "redis"
native = {{}}
[targets.miniature.systems.{way}-worker]
kind = "process"
disposable = true
native.argv = ["{{python}}", "{program}"]
native.env = {{ROLE = "worker", WAY = "{way}", BROKERS = "{brokers}", STORES = "{stores}"}}
[targets.miniature.operations.{way}]
request = "GET http://front/{way}/{{nonce}}"
"""
FRONT = """
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{program}"]
native.ready = "GET /"
native.env = {{ROLE = "front", PORT = "{{port}}", BROKERS = "{brokers}", STORES = "{stores}"}}
"""

Judged = Callable[[str], ClaimResult]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    told = {f"{part}s": " ".join(f"{way}={{{way}-{part}.url}}" for way in VIA) for part in ("broker", "store")}
    ways = "".join(WAY.format(way=way, program=PROGRAM, **told) for way in VIA)
    target = ways + FRONT.format(program=PROGRAM, **told)
    with Room(tmp_path_factory.mktemp("paths"), target) as room, ThreadPoolExecutor(len(VIA)) as pool:
        results = {way: pool.submit(_judge, room, way) for way in VIA}
        yield lambda way: results[way].result()


def _judge(room: Room, way: str) -> ClaimResult:
    via = ", ".join(f"{way}-{hop.strip()}" for hop in VIA[way].split(","))
    roles = {"via": via, "into": f"{way}-store"}
    return room.judge("wiring.by-way-of", roles=roles, operation=way, within="200ms")


@pytest.mark.parametrize(("way", "also"), [("hands_over", ""), ("reads_before", "; get also come another way")])
def test_what_comes_only_by_way_of_them(judged: Judged, way: str, also: str) -> None:
    told = judged(way)
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual.startswith("set past none of ")
    assert told.because == f"none while it was halted{also}"


@pytest.mark.parametrize("way", ["writes_first", "writes_after", "is_fed_directly"])
def test_what_comes_past_them(judged: Judged, way: str) -> None:
    told = judged(way)
    assert told.verdict is Verdict.REFUTED, (told.actual, told.because)
    assert told.actual == f"not by way of {way}-{VIA[way]}"


@pytest.mark.parametrize(
    ("way", "reason"),
    [("writes_as_well", Reason.INCONCLUSIVE_STATISTICS), ("waits_for_the_broker", Reason.NO_OBSERVABLE)],
)
def test_what_cannot_be_told(judged: Judged, way: str, reason: Reason) -> None:
    told = judged(way)
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), (told.actual, told.because)
