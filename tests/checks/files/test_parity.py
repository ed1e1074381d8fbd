"""Documents against manifests: names, ports, counts, versions."""

from pathlib import Path

import pytest

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.domain.finding import Confidence, FindingKind, Spot
from pytest_distaudit.domain.proposal import Figure, Proposal
from tests.checks.files.planting import findings, proposal, words

SHOP = """
    services:
      orders: {build: ./orders, ports: ["8081:8080"]}
      ledger-writer: {image: acme/shop-ledger, expose: ["9000"]}
      messagebroker: {image: "rabbitmq:3.12", ports: ["5672:5672"]}
      store: {image: "postgres:15-alpine"}
      # tracer:
      #   image: openzipkin/zipkin:2
"""
README = "# Shop\nThe orders service and the Ledger Writer use RabbitMQ and PostgreSQL.\n"
PLAIN = {"compose": SHOP, "readme": README}


# documented_absent


@pytest.mark.parametrize(
    "claim",
    [
        proposal("messaging", "rabbitmq"),
        proposal("running", "postgresql"),
        proposal("running", "orders"),
        proposal("running", "kubernetes"),
        proposal("running", "eureka"),
        proposal("other", "kafka"),
        proposal("version", "kafka"),
        proposal("running", "mysql", "the MySQL driver is in the pom.xml"),
        proposal("metrics", "prometheus", "both have Prometheus metric endpoints"),
        proposal("messaging", "kafka", "they use RabbitMQ or Kafka"),
        proposal("messaging", "kafka", "any Kafka-compatible broker"),
        Proposal("README.md", 1, "we do not use Kafka", "kafka", "messaging", "rule", expect=Expect.ABSENT),
    ],
)
def test_what_is_there_or_need_not_be(tmp_path: Path, claim: Proposal) -> None:
    assert findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, PLAIN, [claim]) == []


@pytest.mark.parametrize(
    "more",
    [
        {"main.tf": 'resource "aws_msk" "kafka" {}\n'},
        {"chart/Chart.yaml": "name: x\ndependencies: [{name: kafka}]\n"},
        {"up.sh": "docker run -d bitnami/kafka\n"},
        {"b/compose.yml": "services: {jobs: {image: x, environment: {KAFKA_BROKERS: 'broker.cloud.test:9092'}}}\n"},
        {"b/compose.yml": "services: {jobs: {image: x, environment: {KAFKA_BROKERS: '${BROKERS}'}}}\n"},
        {"k8s/a.yaml": "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: events}\n"},
    ],
)
def test_what_another_file_declares(tmp_path: Path, more: dict[str, str]) -> None:
    assert findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, {**PLAIN, **more}, [proposal("messaging", "kafka")]) == []


def test_a_product_that_no_file_declares(tmp_path: Path) -> None:
    (found,) = findings(
        tmp_path, FindingKind.DOCUMENTED_ABSENT, PLAIN, [proposal("event_streaming", "kafka", at="README.md:2")]
    )
    assert (found.component, found.at, found.against, found.confidence) == (
        "kafka",
        Spot("README.md", 2),
        None,
        Confidence.MEDIUM,
    )


def test_a_variable_that_names_a_missing_host_declares_nothing(tmp_path: Path) -> None:
    more = {"b/compose.yml": "services: {jobs: {image: x, environment: {KAFKA_BROKERS: 'kafka:9092'}}}\n"}
    found = findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, {**PLAIN, **more}, [proposal("messaging", "kafka")])
    assert [item.component for item in found] == ["kafka"]


@pytest.mark.parametrize(
    ("said", "there"), [("mysql", "mariadb"), ("redis", "valkey/valkey"), ("kafka", "redpandadata/redpanda")]
)
def test_what_another_product_stands_in_for(tmp_path: Path, said: str, there: str) -> None:
    files = {**PLAIN, "compose": SHOP + f"      more: {{image: {there}}}\n"}
    assert findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, files, [proposal("running", said)]) == []


def test_documents_of_the_past_claim_nothing(tmp_path: Path) -> None:
    claims = [proposal("messaging", "kafka", at=f"{name}:1") for name in ("CHANGELOG.md", "docs/migration-guide.md")]
    assert findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, PLAIN, claims) == []


def test_a_product_that_is_commented_out(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, PLAIN, [proposal("tracing", "zipkin")])
    assert (found.component, found.found, found.confidence) == ("zipkin", "commented out", Confidence.HIGH)
    assert found.against == Spot("docker-compose.yml", 7)


def test_a_commented_out_product_that_a_document_speaks_of(tmp_path: Path) -> None:
    text = README + "Traces are shown by Zipkin.\nIf you want, use zipkin.\n"
    (found,) = findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, {**PLAIN, "readme": text})
    assert (found.at, found.confidence) == (Spot("README.md", 3), Confidence.MEDIUM)


@pytest.mark.parametrize(
    "text",
    ["Uncomment Zipkin first.\n", "We removed Zipkin.\n", "```\nzipkin\n```\n", "see zipkin/README or a-zipkin\n"],
)
def test_a_commented_out_product_of_which_no_document_says_it_is_there(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, {**PLAIN, "readme": README + text}) == []


def test_a_command_that_starts_a_service_nobody_declares(tmp_path: Path) -> None:
    text = README + "```\ndocker-compose up -d orders zipkin tracer\n```\n"
    found = findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, {**PLAIN, "readme": text})
    assert {(item.component, str(item.against)) for item in found} == {
        ("zipkin", "docker-compose.yml:7"),
        ("tracer", "docker-compose.yml:7"),
    }


def test_a_command_with_a_file_that_is_elsewhere(tmp_path: Path) -> None:
    files = {**PLAIN, "readme": README + "```\ndocker compose -f ../other/compose.yml up search\n```\n"}
    assert findings(tmp_path, FindingKind.DOCUMENTED_ABSENT, files) == []


# undocumented_component


def test_services_that_a_document_names_in_any_way(tmp_path: Path) -> None:
    assert findings(tmp_path, FindingKind.UNDOCUMENTED_COMPONENT, PLAIN) == []


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ("proxy: {image: nginx}", ["proxy"]),
        ("rabbit-ui: {image: acme/rabbit-ui}", ["rabbit-ui"]),
        ("ledgerwriter: {image: x}", []),
        ("queue-2: {image: rabbitmq}", []),
        ("shop: {build: ./orders}", []),
        ("side: {image: x, network_mode: 'service:orders'}", []),
        ("setup: {image: x, restart: 'no'}", []),
        ("orders-api: {image: 'acme/orders'}", []),
        ("rabbitmqapigw: {image: x}", []),
        ("orders-db: {image: acme/orders-db}", []),
        ("front: {image: x, ports: ['8006:80']}", []),
    ],
)
def test_one_more_service(tmp_path: Path, service: str, found: list[str]) -> None:
    files = {"compose": SHOP + f"      {service}\n", "readme": README + "* Web UI: http://host.docker.internal:8006\n"}
    assert [item.component for item in findings(tmp_path, FindingKind.UNDOCUMENTED_COMPONENT, files)] == found


def test_a_document_in_its_folder_documents_a_service(tmp_path: Path) -> None:
    files = {**PLAIN, "compose": SHOP + "      billing: {image: x}\n", "src/billing/README.md": "How it works.\n"}
    assert findings(tmp_path, FindingKind.UNDOCUMENTED_COMPONENT, files) == []


def test_documents_that_list_no_services_are_not_blamed_for_each(tmp_path: Path) -> None:
    services = "".join(
        f"  {name}: {{image: acme/{name}}}\n" for name in ("alpha", "beta", "gamma", "delta", "sigma", "omega", "kappa")
    )
    files = {"compose": f"services:\n{services}  queue: {{image: rabbitmq}}\n", "readme": "# A shop\n"}
    assert [item.component for item in findings(tmp_path, FindingKind.UNDOCUMENTED_COMPONENT, files)] == ["queue"]


def test_without_documents_nothing_is_undocumented(tmp_path: Path) -> None:
    assert findings(tmp_path, FindingKind.UNDOCUMENTED_COMPONENT, {"compose": SHOP}) == []


# wrong_port


@pytest.mark.parametrize(
    "text",
    [
        "http://orders:8080/x",
        "orders:8081",
        "localhost:4000",
        "ledger-writer:9000",
        "messagebroker:15672",
        "`image: orders:1234`",
        "orders.acme.test:1234",
        "nobody:1234",
        "orders:79",
    ],
)
def test_addresses_that_hold(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, FindingKind.WRONG_PORT, {**PLAIN, "readme": README + text}) == []


@pytest.mark.parametrize(
    ("text", "component", "confidence"),
    [
        ("see http://orders:9999/x", "orders", Confidence.HIGH),
        ("`ledger-writer:8000`", "ledger-writer", Confidence.HIGH),
        ("see http://orders:80/x", "orders", Confidence.HIGH),
        ("```\ncurl orders:9999\n```", "orders", Confidence.MEDIUM),
        ("The orders service listens on port 9999.", "orders", Confidence.HIGH),
    ],
)
def test_addresses_that_do_not_hold(tmp_path: Path, text: str, component: str, confidence: Confidence) -> None:
    (found,) = findings(tmp_path, FindingKind.WRONG_PORT, {**PLAIN, "readme": README + text})
    assert (found.component, found.confidence) == (component, confidence)
    assert found.against is not None
    assert found.against.file == "docker-compose.yml"


@pytest.mark.parametrize(
    "claim",
    [
        proposal("port", "orders", said="8080", of="port"),
        proposal("port", "orders", said="8081", of="port"),
        proposal("port", "store", said="5432", of="port"),
        proposal("port", "unknown", said="1234", of="port"),
        proposal("port", "orders", said="5672", of="port"),
        proposal("port", "orders", said="31000", of="port"),
        proposal("port", "orders", "start orders with npm, it listens on 1234", said="1234", of="port"),
        proposal("port", "orders", "http://orders.acme.test:1234", said="1234", of="port"),
        proposal("running", "orders", said="1234", of="users"),
        proposal("port", "orders", said="1234", of="users"),
        proposal("running", "orders", said="1234"),
        proposal("port", "orders", said="9", of="port"),
        proposal("port", "orders", said="65536", of="port"),
        proposal("port", "orders", said="eighty", of="port"),
        Proposal(
            "README.md",
            1,
            "orders 1, 2",
            "orders",
            "port",
            "rule",
            figures=(Figure("1111", of="port"), Figure("2222", of="port")),
        ),
    ],
)
def test_ports_that_hold_or_cannot_be_judged(tmp_path: Path, claim: Proposal) -> None:
    assert findings(tmp_path, FindingKind.WRONG_PORT, PLAIN, [claim]) == []


def test_a_port_that_another_file_gives(tmp_path: Path) -> None:
    files = {**PLAIN, "orders/Dockerfile": "FROM x\nEXPOSE 7777\n"}
    assert findings(tmp_path, FindingKind.WRONG_PORT, files, [proposal("port", "orders", said="7777", of="port")]) == []


@pytest.mark.parametrize("said", ["10", "65535"])
def test_the_first_and_the_last_port(tmp_path: Path, said: str) -> None:
    (found,) = findings(tmp_path, FindingKind.WRONG_PORT, PLAIN, [proposal("port", "orders", said=said)])
    assert found.said == said


@pytest.mark.parametrize("name", ["orders", "Orders Service", "rabbitmq", "OrdersApp", "shop-ledger"])
def test_ports_that_do_not_hold(tmp_path: Path, name: str) -> None:
    (found,) = findings(tmp_path, FindingKind.WRONG_PORT, PLAIN, [proposal("port", name, said="9999", of="port")])
    assert (found.component, found.said, str(found.at)) == (name, "9999", "README.md:1")


# wrong_count


@pytest.mark.parametrize(
    ("quote", "said", "of", "component"),
    [
        ("4 services", "4", "services", "shop"),
        ("2 applications", "2", "applications", "shop"),
        ("the two core services of 3", "3", "core services", "shop"),
        ("about 5 services", "5", "services", "shop"),
        ("3 services (orders, x, y)", "3", "services", "shop"),
        ("5 teams", "5", "teams", "shop"),
        ("1 instance of RabbitMQ", "1", "instances", "rabbitmq"),
        ("8+ services", "8", "services", "shop"),
        ("Qdrant holds the embeddings on five nodes", "5", "nodes", "qdrant"),
        ("Five complete sets of services exist", "5", "services", "shop"),
    ],
)
def test_counts_that_hold_or_cannot_be_judged(tmp_path: Path, quote: str, said: str, of: str, component: str) -> None:
    assert (
        findings(tmp_path, FindingKind.WRONG_COUNT, PLAIN, [proposal("count", component, quote, said=said, of=of)])
        == []
    )


@pytest.mark.parametrize(
    ("quote", "said", "of", "component", "found"),
    [
        ("it starts 5 services", "5", "services", "shop", "2"),
        ("52 containers run", "52", "containers", "shop", "4"),
        ("3 RabbitMQ instances", "3", "instances", "rabbitmq", "1"),
    ],
)
def test_counts_that_do_not_hold(tmp_path: Path, quote: str, said: str, of: str, component: str, found: str) -> None:
    result = findings(tmp_path, FindingKind.WRONG_COUNT, PLAIN, [proposal("count", component, quote, said=said, of=of)])
    assert words(result) == [(component, said, found)]


@pytest.mark.parametrize(
    ("quote", "wrong"),
    [("5 microservices", False), ("8 microservices", True), ("5 applications", True), ("3 containers", False)],
)
def test_services_need_not_mean_those_that_serve_the_others(tmp_path: Path, quote: str, wrong: bool) -> None:
    names = ("orders", "ledger", "billing", "cart", "gateway", "config-server", "webapp")
    files = {"compose": "services:\n" + "".join(f"  {name}: {{image: acme/{name}}}\n" for name in names)}
    said, _, of = quote.partition(" ")
    claim = proposal("count", "shop", f"it has {quote}", said=said, of=of)
    assert bool(findings(tmp_path, FindingKind.WRONG_COUNT, files, [claim])) is wrong


def test_a_document_counts_the_system_beside_it(tmp_path: Path) -> None:
    files = {
        f"{name}/compose.yml": "services:\n"
        + "".join(f"  s{index}: {{image: acme/s{index}}}\n" for index in range(size))
        for name, size in (("small", 4), ("large", 9))
    }
    claim = proposal("count", "small", "it starts 4 applications", said="4", of="applications", at="small/README.md:1")
    assert findings(tmp_path, FindingKind.WRONG_COUNT, files, [claim]) == []


# wrong_version


@pytest.mark.parametrize(
    "claim",
    [
        proposal("version", "postgres", said="15", of="version"),
        proposal("version", "postgres", said="15.3", of="version"),
        proposal("version", "rabbitmq", said="3", of="version"),
        proposal("version", "kafka", said="3", of="version"),
        proposal("version", "postgres", "PostgreSQL 14 or later", said="14", of="version"),
        proposal("version", "postgres", said="5432", of="version"),
        proposal("version", "java", said="17", of="version"),
        proposal("version", "store", said="latest", of="version"),
    ],
)
def test_versions_that_hold_or_cannot_be_judged(tmp_path: Path, claim: Proposal) -> None:
    assert findings(tmp_path, FindingKind.WRONG_VERSION, PLAIN, [claim]) == []


@pytest.mark.parametrize(
    ("name", "said", "files", "found"),
    [
        ("postgres", "14", {}, "15-alpine"),
        ("rabbitmq", "3.8", {}, "3.12"),
        ("java", "17", {".github/workflows/ci.yml": "jobs:\n  a:\n    with:\n      java-version: '25'\n"}, "25"),
        (".NET", "6", {"a/A.csproj": "<P><TargetFramework>net8.0</TargetFramework></P>"}, "8.0"),
        ("nodejs", "10.x", {"web/Dockerfile": "FROM node:20-alpine\n"}, "20"),
        ("Java", "11", {"pom.xml": "<p><properties><java.version>21</java.version></properties></p>"}, "21"),
    ],
)
def test_versions_that_do_not_hold(tmp_path: Path, name: str, said: str, files: dict[str, str], found: str) -> None:
    result = findings(
        tmp_path, FindingKind.WRONG_VERSION, {**PLAIN, **files}, [proposal("version", name, said=said, of="version")]
    )
    assert words(result) == [(name, said, found)]


def test_a_module_is_judged_by_its_own_manifest(tmp_path: Path) -> None:
    files = {**PLAIN, "a/go.mod": "module a\ngo 1.20\n", "b/go.mod": "module b\ngo 1.22\n"}
    claims = [
        proposal("version", "go", said="1.20", of="version", at="b/README.md:1"),
        proposal("version", "go", said="1.20", of="version"),
    ]
    (found,) = findings(tmp_path, FindingKind.WRONG_VERSION, files, claims)
    assert (str(found.at), str(found.against)) == ("b/README.md:1", "b/go.mod:2")
