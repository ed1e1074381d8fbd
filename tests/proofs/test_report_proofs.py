"""The forensic report, row by row: what it claims of the audited system, and what this audit says of the same facade.

Kong, Qdrant, Ollama and Jaeger stand in for their products: what is refuted of them is what the report found.
Section 6, the nineteen containers of an inner engine, is `as-audited-nested` in tests/test_example.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.targets.recipes import builtin_recipes
from pytest_distaudit.testing import Room
from tests.standins import kong, ollama, qdrant, traces

pytestmark = [pytest.mark.proof, pytest.mark.live]

SERVICES = Path(__file__).parents[2] / "examples" / "sutazai" / "services"

TARGET = """
[targets.report.systems]
rabbitmq = {{kind = "rabbitmq", native = {{}}}}
redis = {{kind = "redis", native = {{}}}}
consul = {{kind = "consul", native = {{then = [["{{python}}", "{services}/bootstrap.py", "{{consul.url}}"]]}}}}
chromadb = {{kind = "chromadb", native = {{}}}}
neo4j = {{kind = "neo4j", url = "http://127.0.0.1:1"}}
haproxy = {{kind = "haproxy", url = "http://127.0.0.1:1", endpoints = {{stats = "http://127.0.0.1:1/"}}}}
kong = {{kind = "kong", stand_in = true, endpoints = {{url = "{kong}", admin = "{kong_admin}"}}}}
jaeger = {{kind = "jaeger", stand_in = true, url = "{jaeger}"}}
qdrant = {{kind = "qdrant", stand_in = true, url = "{qdrant}"}}
ollama = {{kind = "ollama", stand_in = true, url = "{ollama}"}}
[targets.report.systems.postgres]
kind = "postgres"
native.settings = {{shared_preload_libraries = "sutazai_audit"}}
[targets.report.systems.backend]
kind = "http"
native = {{argv = ["{python}", "-c", "raise SystemExit('no database')"], ready = "port"}}
[targets.report.systems.blue]
kind = "http"
url = "http://127.0.0.1:1"
[targets.report.systems.green]
kind = "http"
url = "http://127.0.0.1:1"
[targets.report.activities.ask]
request = "POST http://backend/ask"
json = {{prompt = "{{nonce}}"}}
"""
MISSING = [
    why
    for kind in ("rabbitmq", "redis", "consul", "chromadb", "postgres")
    if (why := builtin_recipes()[kind].missing())
]


@pytest.fixture(scope="module")
def facade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    if MISSING:
        pytest.skip("; ".join(MISSING))
    node = kong.Node(services=[{"name": name, "host": "127.0.0.1"} for name in kong.UNROUTED])
    proxy, admin = kong.start(node)
    with ExitStack() as stack:
        for server in (proxy, admin):
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        places = {
            "kong": f"http://127.0.0.1:{proxy.server_port}",
            "kong_admin": f"http://127.0.0.1:{admin.server_port}",
            "jaeger": f"{stack.enter_context(traces.stores())}/empty",
            "qdrant": stack.enter_context(qdrant.qdrant(qdrant.State())),
            "ollama": stack.enter_context(ollama.ollama(ollama.fails, pulled=False)),
        }
        target = TARGET.format(services=SERVICES, python=sys.executable, **places)
        yield stack.enter_context(Room(tmp_path_factory.mktemp("report"), target))


def used(system: str) -> tuple[str, dict[str, str]]:
    return "wiring.used", {"system": system, "activity": "ask"}


UNUSED = "running (unused)"
#: (section, what the report says) -> check, its parameters, the verdict, the figure
ROWS = {
    ("1", "Kong: 5 services registered, no actual routing"): (
        "gateway.routes", {"system": "kong"}, Verdict.REFUTED, "5 services, 0 routes"),
    ("1", "Consul: 31 services registered"): (
        "registry.count", {"system": "consul", "services": 31}, Verdict.VERIFIED, "31 services"),
    ("1", "Consul: no active discovery"): (
        "registry.queried", {"system": "consul", "service": "backend", "activity": "ask"},
        Verdict.REFUTED, "0 look-ups of backend"),
    ("1", "RabbitMQ: 0 queues"): (
        "queue.count", {"system": "rabbitmq", "count": ">= 1"}, Verdict.REFUTED, "0 queues"),
    ("1", "RabbitMQ: 0 consumers"): (
        "queue.has-consumers", {"system": "rabbitmq", "queue": "tasks"}, Verdict.REFUTED, "no queue tasks"),
    ("1", "RabbitMQ: 0 messages"): (*used("rabbitmq"), Verdict.REFUTED, UNUSED),
    ("2", "PostgreSQL: not running"): ("system.running", {"system": "postgres"}, Verdict.REFUTED, "postgres down"),
    ("2", "Redis: running (unused)"): (*used("redis"), Verdict.REFUTED, UNUSED),
    ("2", "Neo4j: not running"): ("system.running", {"system": "neo4j"}, Verdict.REFUTED, "neo4j down"),
    ("2", "ChromaDB: running (unused)"): (*used("chromadb"), Verdict.REFUTED, UNUSED),
    ("2", "Qdrant: running (unused)"): (*used("qdrant"), Verdict.REFUTED, UNUSED),
    ("2", "Ollama: running (unused)"): (*used("ollama"), Verdict.REFUTED, UNUSED),
    ("2", "sutazai-backend: crashed"): ("system.running", {"system": "backend"}, Verdict.REFUTED, "backend down"),
    ("3", "Jaeger shows 0 services"): (
        "trace.services", {"roles": {"store": "jaeger"}}, Verdict.REFUTED, "0 services"),
    ("4", "Redis: single instance"): (
        "cluster.members", {"roles": {"members": "redis"}, "members": ">= 2"}, Verdict.REFUTED, "1 member"),
    ("8", "HAProxy: not running"): ("system.running", {"system": "haproxy"}, Verdict.REFUTED, "haproxy down"),
    ("8", "blue and green: not running"): (
        "system.running", {"system": "blue, green"}, Verdict.REFUTED, "blue, green down"),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(facade: Room) -> dict[tuple[str, str], ClaimResult]:
    """Every row's claim, all with the same eyes."""
    results = facade.judge_together(*((check, words) for check, words, _, _ in ROWS.values()))
    return dict(zip(ROWS, results, strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_the_report_row_by_row(told: dict[tuple[str, str], ClaimResult], row: tuple[str, str]) -> None:
    _, _, verdict, figure = ROWS[row]
    result = told[row]
    assert (result.verdict, result.actual) == (verdict, figure), (result.reason, result.because)


@pytest.mark.parametrize("section", ["1", "2", "3", "4", "8"])
def test_every_section_has_rows(section: str) -> None:
    assert any(row[0] == section for row in ROWS)
