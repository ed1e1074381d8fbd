"""Two-sided proofs of ``wiring.used`` and ``wiring.path`` where statistics lag.

Each way has a virtual host or a database of its own, a path has both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from parts import database, virtual_host

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine import gather
from pytest_distaudit.engine.alternate import Rhythm
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room

MISSING = builtin_recipes()["rabbitmq"].missing() or builtin_recipes()["postgres"].missing()
pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HERE = Path(__file__).parent

HONEST = {"publishes": "rabbitmq", "inserts": "postgres", "selects_beside_a_cron": "postgres"}
LIES = {"is_fed_by_a_script": "rabbitmq", "is_filled_by_a_cron": "postgres"}
WAYS = {**HONEST, **LIES}
#: both a virtual host and a database
PATHS = {
    "hands_to_a_worker": "",
    "writes_directly": "not through writes_directly-rabbitmq: what arrives there goes no further",
    "writes_beside_the_broker": "not through writes_beside_the_broker-rabbitmq: running (unused)",
    "drops_its_tasks": "not through drops_its_tasks-postgres: running (unused)",
}

SERVERS = """
[targets.servers.systems.postgres]
kind = "postgres"
native = {}
[targets.servers.systems.rabbitmq]
kind = "rabbitmq"
# counts every half second and is read every second, not every five: the audit need not wait so long
[targets.servers.systems.rabbitmq.native.settings]
collect_statistics_interval = 500
"management.sample_retention_policies.global.minute" = 1
"management.sample_retention_policies.basic.minute" = 1
"management.sample_retention_policies.detailed.minute" = 1
"""
FRONT = """
[targets.miniature.systems.front]
kind = "http"
native.argv = ["{{python}}", "{here}/front.py"]
native.env.PORT = "{{port}}"
native.env.MESSAGES = "{messages}"
native.env.TABLES = "{tables}"
"""
SYSTEM = """
[targets.miniature.systems.{name}]
kind = "{kind}"
[targets.miniature.systems.{name}.endpoints]
{endpoints}
"""
ACTIVITY = """
[targets.miniature.activities.{way}]
request = "GET http://front/{way}/{{nonce}}"
"""

Judged = Callable[[str], ClaimResult]


def miniature(servers: Room) -> str:
    """The target: each way's parts of the servers, made now, and the front."""
    broker, tables = (servers.located[name].endpoints for name in ("rabbitmq", "postgres"))
    target, told = "", {"amqp": "", "url": ""}
    for way in (*WAYS, *PATHS):
        target += ACTIVITY.format(way=way)
        for kind in ("rabbitmq", "postgres") if way in PATHS else (WAYS[way],):
            if kind == "rabbitmq":
                virtual_host(broker["management"], way)
                own = urlunsplit(urlsplit(broker["amqp"])._replace(path=f"/{way}"))
                ends = {"amqp": own, "management": broker["management"]}
            else:
                ends = {"url": database(tables["url"], way)}
            for name in set(told) & set(ends):
                told[name] += f" {way}={ends[name]}"
            endpoints = "\n".join(f'{name} = "{url}"' for name, url in ends.items())
            name = f"{way}-{kind}" if way in PATHS else way
            target += SYSTEM.format(name=name, kind=kind, endpoints=endpoints)
    return target + FRONT.format(here=HERE, messages=told["amqp"], tables=told["url"])


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Room(tmp_path_factory.mktemp("servers"), SERVERS) as servers,
        Room(tmp_path_factory.mktemp("miniature"), miniature(servers)) as room,
        ThreadPoolExecutor(len(WAYS) + len(PATHS)) as pool,
    ):
        patch.setattr(gather, "Rhythm", lambda lag, effects, **more: Rhythm(min(lag, 1.0), effects, **more))
        results = {way: pool.submit(room.judge, "wiring.used", system=way, activity=way) for way in WAYS}
        for way in PATHS:
            through = {"through": f"{way}-*"}
            results[way] = pool.submit(room.judge, "wiring.path", roles=through, activity=way)
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_used_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize("way", LIES)
def test_used_refutes(judged: Judged, way: str) -> None:
    result = judged(way)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "running (unused)"), (result.actual, result.because)


@pytest.mark.parametrize(("way", "actual"), PATHS.items())
def test_path(judged: Judged, way: str, actual: str) -> None:
    result = judged(way)
    assert result.verdict is (Verdict.REFUTED if actual else Verdict.VERIFIED), (result.actual, result.because)
    assert result.actual == (actual or "through all 2")
