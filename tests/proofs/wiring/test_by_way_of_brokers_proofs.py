"""Two-sided proofs of ``wiring.by-way-of`` for a task that goes through RabbitMQ to a worker into PostgreSQL.

Each way has a database of its own; a broker of its own has whoever's broker is halted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from parts import database

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

_MISSING = builtin_recipes()["rabbitmq"].missing() or builtin_recipes()["postgres"].missing()
pytestmark = [
    pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600),
    pytest.mark.skipif(_MISSING is not None, reason=str(_MISSING)),
]  # fmt: skip
PROGRAM = Path(__file__).with_name("orders.py")
#: way: what it is claimed to go through
VIA = {
    "hands_over": "broker, worker",
    "writes_first": "worker",
    "is_polled_for": "broker",
    "is_taken_by_a_script": "broker, worker",
    "is_fed_by_a_script": "broker",
    "writes_at_times": "worker",
    "waits_for_the_broker": "broker",
}
SCRIPTS = ("is_taken_by_a_script", "is_fed_by_a_script")
SERVERS = """
[targets.servers.systems.postgres]
kind = "postgres"
native = {}
"""
BROKER = """
[targets.miniature.systems.{name}]
kind = "rabbitmq"
disposable = true
native = {{}}
"""
WAY = """
[targets.miniature.systems.{way}-store]
kind = "postgres"
endpoints.url = "{store}"
[targets.miniature.operations.{way}]
request = "GET http://front/{way}/{{nonce}}"
"""
PROCESS = """
[targets.miniature.systems.{way}-{role}]
kind = "process"
disposable = true
native.argv = ["{{python}}", "{program}"]
native.after = "{broker}"
native.env = {{ROLE = "{role}", WAY = "{way}", BROKERS = "{way}={{{broker}.amqp}}", STORES = "{way}={store}"}}
"""
FRONT = """
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{program}"]
native.ready = "GET /"
native.env = {{ROLE = "front", PORT = "{{port}}", BROKERS = "{brokers}", STORES = "{stores}"}}
"""

Judged = Callable[[str], ClaimResult]


def miniature(stores: dict[str, str]) -> str:
    brokers = {way: f"{way}-broker" if "broker" in via else "shared-broker" for way, via in VIA.items()}
    target = "".join(BROKER.format(name=name) for name in dict.fromkeys(brokers.values()))
    for way, store in stores.items():
        target += WAY.format(way=way, store=store)
        for role in ("worker", "script") if way in SCRIPTS else ("worker",):
            target += PROCESS.format(way=way, role=role, broker=brokers[way], store=store, program=PROGRAM)
    return target + FRONT.format(
        program=PROGRAM,
        brokers=" ".join(f"{way}={{{name}.amqp}}" for way, name in brokers.items()),
        stores=" ".join(f"{way}={url}" for way, url in stores.items()),
    )


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    with Room(tmp_path_factory.mktemp("servers"), SERVERS) as servers, ThreadPoolExecutor(len(VIA)) as pool:
        url = servers.located["postgres"].endpoints["url"]
        target = miniature({way: database(url, way) for way in VIA})
        with Room(tmp_path_factory.mktemp("paths"), target) as room:
            results = {way: pool.submit(_judge, room, way) for way in VIA}
            yield lambda way: results[way].result()


def _judge(room: Room, way: str) -> ClaimResult:
    via = ", ".join(f"{way}-{hop.strip()}" for hop in VIA[way].split(","))
    roles = {"via": via, "into": f"{way}-store"}
    return room.judge("wiring.by-way-of", roles=roles, operation=way, within="200ms")


def test_what_comes_only_by_way_of_them(judged: Judged) -> None:
    told = judged("hands_over")
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)
    assert told.actual == "rows inserted past none of hands_over-broker, hands_over-worker"


@pytest.mark.parametrize(
    ("way", "hop"), [("writes_first", "worker"), ("is_polled_for", "broker"), ("is_taken_by_a_script", "broker")]
)
def test_what_comes_past_them(judged: Judged, way: str, hop: str) -> None:
    told = judged(way)
    assert told.verdict is Verdict.REFUTED, (told.actual, told.because)
    assert told.actual == f"not by way of {way}-{hop}"
    assert "rows inserted" in told.because


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("is_fed_by_a_script", Reason.INCONCLUSIVE_STATISTICS),
        ("writes_at_times", Reason.INCONCLUSIVE_STATISTICS),
        ("waits_for_the_broker", Reason.NO_OBSERVABLE),
    ],
)
def test_what_cannot_be_told(judged: Judged, way: str, reason: Reason) -> None:
    told = judged(way)
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, reason), (told.actual, told.because)
