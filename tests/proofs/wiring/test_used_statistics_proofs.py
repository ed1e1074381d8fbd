"""Two-sided proofs of ``wiring.used`` where statistics lag: a virtual host or a database for each way."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

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
ONE = """
[targets.miniature.systems.{way}]
kind = "{kind}"
[targets.miniature.systems.{way}.endpoints]
{endpoints}
[targets.miniature.activities.{way}]
request = "GET http://front/{way}/{{nonce}}"
"""

Judged = Callable[[str], ClaimResult]


def virtual_host(management: str, name: str) -> None:
    parts = urlsplit(management)
    login = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    everything = json.dumps(dict.fromkeys(("configure", "write", "read"), ".*")).encode()
    for path, body in ((f"vhosts/{name}", b"{}"), (f"permissions/{name}/{parts.username}", everything)):
        url = f"http://{parts.hostname}:{parts.port}/api/{path}"
        urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT")).close()


def database(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(own) as connection:
        connection.execute("create table tasks (name text)")
    return own


def miniature(servers: Room) -> str:
    """The target: each way's part of a server, made now, and the front."""
    amqp, management = (servers.located["rabbitmq"].endpoints[name] for name in ("amqp", "management"))
    places: dict[str, dict[str, str]] = {}
    for way, kind in WAYS.items():
        if kind == "rabbitmq":
            virtual_host(management, way)
            places[way] = {"amqp": urlunsplit(urlsplit(amqp)._replace(path=f"/{way}")), "management": management}
        else:
            places[way] = {"url": database(servers.located["postgres"].endpoints["url"], way)}
    listed = {"messages": "amqp", "tables": "url"}
    told = {
        name: " ".join(f"{way}={place[end]}" for way, place in places.items() if end in place)
        for name, end in listed.items()
    }
    ends = {way: "\n".join(f'{name} = "{url}"' for name, url in place.items()) for way, place in places.items()}
    ones = (ONE.format(way=way, kind=kind, endpoints=ends[way]) for way, kind in WAYS.items())
    return "".join(ones) + FRONT.format(here=HERE, **told)


@pytest.fixture(scope="module")
def judged(run: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Room(tmp_path_factory.mktemp("servers"), SERVERS) as servers,
        Room(tmp_path_factory.mktemp("miniature"), miniature(servers)) as room,
        ThreadPoolExecutor(len(WAYS)) as pool,
    ):
        patch.setattr(gather, "Rhythm", lambda lag, effects, **more: Rhythm(min(lag, 1.0), effects, **more))
        results = {way: pool.submit(room.judge, "wiring.used", system=way, activity=way) for way in WAYS}
        yield lambda way: results[way].result()


@pytest.mark.parametrize("way", HONEST)
def test_used_verifies(judged: Judged, way: str) -> None:
    result = judged(way)
    assert result.verdict is Verdict.VERIFIED, (result.actual, result.because)


@pytest.mark.parametrize("way", LIES)
def test_used_refutes(judged: Judged, way: str) -> None:
    result = judged(way)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "running (unused)"), (result.actual, result.because)
