"""What files decide of a sentence: parity both ways, behaviour only against it, the rest not at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_distaudit.checks.files import decide
from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.proposal import Figure, Proposal
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.sources.facts import read_facts
from tests.checks.files.planting import proposal
from tests.sources.facts.planting import plant

SHOP = """
    services:
      orders: {build: orders, ports: ["8081:8080"]}
      queue: {image: "rabbitmq:3.12"}
      store: {image: "postgres:15"}
      # tracer:
      #   image: openzipkin/zipkin:2
"""
FILES = {
    "docker-compose.yml": SHOP,
    "orders/Dockerfile": "FROM python:3.12\n",
    "orders/main.py": "import os\n",
    "haproxy.cfg": "backend orders\n  balance roundrobin\n  server a orders:8080\n",
}

POOL = "backend orders\n  server a orders:8080\n"
COMMENTED = """
    services:
      orders: {build: orders}
      store: {image: "postgres:15"}
      # store:
      #   image: postgres:15
"""
DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: orders}
    spec: {template: {spec: {containers: [{name: orders, image: acme/orders}]}}}
"""
STORE = DEPLOYMENT.replace("acme/orders", "postgres:15").replace("orders", "store")


def decided(root: Path, claim: Proposal, **more: str) -> tuple[Verdict, str] | None:
    judgement = decide(claim, read_facts(plant(root, {**FILES, **more})))
    if judgement is None:
        return None
    assert "README.md:1" in judgement.because
    return judgement.verdict, judgement.actual


@pytest.mark.parametrize(
    ("claim", "actual"),
    [
        (proposal("port", "orders", said="8081", of="port"), "port 8081"),
        (proposal("port", "orders", said="8080", of="port"), "port 8080"),
        (proposal("port", "eureka", "the orders service: localhost:8081", said="8081", of="port"), "port 8081"),
        (proposal("version", "postgres", said="15", of="version"), "version 15"),
        (proposal("version", "python", said="3.12", of="version"), "version 3.12"),
        (proposal("count", "rabbitmq", "1 broker and 2 x", said="1", of="brokers"), None),
        (proposal("count", "shop", "1 application", said="1", of="applications"), None),
    ],
)
def test_parity_is_verified(tmp_path: Path, claim: Proposal, actual: str | None) -> None:
    assert decided(tmp_path, claim) == ((Verdict.VERIFIED, actual) if actual else None)


def test_instances_are_counted(tmp_path: Path) -> None:
    files = {"b/compose.yml": "services:\n  a: {image: mongo}\n  b: {image: mongo}\n"}
    assert decided(
        tmp_path, proposal("count", "mongodb", "2 MongoDB instances", said="2", of="instances"), **files
    ) == (Verdict.VERIFIED, "2 instances")


@pytest.mark.parametrize(
    ("claim", "actual"),
    [
        (proposal("port", "orders", said="9999", of="port"), "port 8081:8080"),
        (proposal("version", "postgres", said="12", of="version"), "version 15"),
        (proposal("count", "rabbitmq", "a cluster of 3 brokers", said="3", of="brokers"), "1 brokers"),
        (proposal("messaging", "rabbitmq"), "0 clients"),
        (proposal("replicated", "postgres"), "1 server"),
        (proposal("clustered", "rabbitmq"), "1 server"),
        (proposal("load_balanced", "orders"), "1 server"),
        (proposal("running", "zipkin"), "not declared"),
    ],
)
def test_what_files_contradict_is_refuted(tmp_path: Path, claim: Proposal, actual: str) -> None:
    assert decided(tmp_path, claim) == (Verdict.REFUTED, actual)


@pytest.mark.parametrize(
    ("text", "refuted"),
    [
        ("import pybreaker\nb = pybreaker.CircuitBreaker(exclude=[Exception])\n", True),
        (
            "import pybreaker\nb = pybreaker.CircuitBreaker(exclude=[Exception])\nc = pybreaker.CircuitBreaker()\n",
            False,
        ),
        ("import os\n", False),
    ],
)
def test_breakers(tmp_path: Path, text: str, refuted: bool) -> None:
    verdict = decided(tmp_path, proposal("circuit_breaker", "orders"), **{"orders/main.py": text})
    assert verdict == ((Verdict.REFUTED, "breakers that never open") if refuted else None)


@pytest.mark.parametrize(
    ("claim", "more"),
    [
        (proposal("running", "orders"), {}),
        (proposal("running", "kafka"), {}),
        (proposal("retry", "orders"), {}),
        (proposal("port", "unknown", said="1234", of="port"), {}),
        (proposal("port", "postgres", said="1234", of="port"), {}),
        (proposal("port", "unknown", "it listens on 8081", said="8081", of="port"), {}),
        (proposal("messaging", "rabbitmq"), {"orders/main.py": "import pika\n"}),
        (proposal("messaging", "orders"), {}),
        (proposal("replicated", "postgres"), {"b/compose.yml": "services:\n  standby: {image: postgres}\n"}),
        (proposal("replicated", "orders"), {}),
        (
            proposal("replicated", "postgres"),
            {"docker-compose.yml": "services:\n  store: {image: postgres, deploy: {replicas: 2}}\n"},
        ),
        (
            proposal("load_balanced", "orders"),
            {"haproxy.cfg": "backend orders\n  balance roundrobin\n  server a orders:1\n  server b orders2:1\n"},
        ),
        (proposal("load_balanced", "store"), {}),
        (
            proposal("load_balanced", "orders"),
            {"haproxy.cfg": f"{POOL}backend orders-more\n  server a orders:8080\n  server b other:8080\n"},
        ),
        (proposal("load_balanced", "orders"), {"haproxy.cfg": "backend orders\n  server-template s 5 orders:8080\n"}),
        (
            proposal("load_balanced", "orders"),
            {"docker-compose.yml": SHOP.replace("build: orders", "build: orders, deploy: {replicas: 3}")},
        ),
        (proposal("load_balanced", "orders"), {"docker-compose.yml": "", "k8s/orders.yaml": DEPLOYMENT}),
        (proposal("replicated", "postgres"), {"docker-compose.yml": COMMENTED}),
        (proposal("replicated", "postgres"), {"docker-compose.yml": "", "k8s/store.yaml": STORE}),
        (
            proposal("version", "postgres", said="15", of="version"),
            {"old/compose.yml": "services:\n  old: {image: 'postgres:14'}\n"},
        ),
        (
            Proposal(
                "README.md",
                1,
                "not 9999",
                "orders",
                "port",
                "r",
                figures=(Figure("9999", of="port"),),
                expect=Expect.ABSENT,
            ),
            {},
        ),
    ],
)
def test_what_needs_a_running_system_is_not_decided(tmp_path: Path, claim: Proposal, more: dict[str, str]) -> None:
    assert decided(tmp_path, claim, **more) is None


@pytest.mark.parametrize(
    ("component", "quote", "verdict"),
    [
        ("kafka", "We do not use Kafka.", Verdict.VERIFIED),
        ("kafka", "There is no Kafka in this system.", Verdict.VERIFIED),
        ("rabbitmq", "This system does not use RabbitMQ.", Verdict.REFUTED),
        ("postgres", "No PostgreSQL is deployed.", Verdict.REFUTED),
        ("rabbitmq", "The orders service runs without RabbitMQ.", None),
        ("zipkin", "We don't run Zipkin.", Verdict.VERIFIED),
        ("orders", "We have no orders service.", None),
        ("rabbitmq", "There is no RabbitMQ in the orders service.", None),
        ("rabbitmq", "We do not use RabbitMQ for sessions.", None),
        ("rabbitmq", "We do not use RabbitMQ directly.", None),
        ("kafka", "There is no Kafka on the edge.", None),
    ],
)
def test_what_the_whole_system_is_said_to_do_without(
    tmp_path: Path, component: str, quote: str, verdict: Verdict | None
) -> None:
    claim = replace(proposal("messaging", component, quote), expect=Expect.ABSENT)
    found = decided(tmp_path, claim)
    assert (found[0] if found else None) is verdict


def test_a_property_that_is_denied_is_not_decided(tmp_path: Path) -> None:
    claim = replace(proposal("replicated", "rabbitmq", "We have no replicated RabbitMQ."), expect=Expect.ABSENT)
    assert decided(tmp_path, claim) is None


def test_without_manifests_nothing_is_known_to_be_absent(tmp_path: Path) -> None:
    claim = replace(proposal("messaging", "kafka", "We do not use Kafka."), expect=Expect.ABSENT)
    assert decide(claim, read_facts(plant(tmp_path, {"README.md": "We do not use Kafka."}))) is None
