"""Sentences, entries, rows and diagrams to proposals: pattern, component, line, check, figures."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.proposal import Figure

from .conftest import Mined, named


@pytest.mark.parametrize(
    ("text", "component", "port"),
    [
        ("- Basket service - http://localhost:8080", "basket", 8080),
        ("- http://localhost:5672 - RabbitMQ management", "rabbitmq", 5672),
        ("- Status Page: http://host.docker.internal:9000/x", "status-page", 9000),
        ("The orders service listens on port 8081.", "orders", 8081),
        ("# Basket service\n\n- Default port: `8010`", "basket", 8010),
        ("# Basket service\n\n`7000` is the port the service listens on.", "basket", 7000),
        ("| service | port |\n|---|---|\n| basket | 8082 |", "basket", 8082),
        ("| name | default | description |\n|---|---|---|\n| `BASKET_PORT` | `8083` | its port |", "basket", 8083),
        ("Orders are at `http://${HOST}:8084`, where the orders service answers.", "orders", 8084),
        ("Open [the UI](http://localhost:3000) of Grafana.", "grafana", 3000),
    ],
)
def test_ports(text: str, component: str, port: int, mined: Mined) -> None:
    found = [proposal for proposal in mined(f"{text}\n") if proposal.pattern == "port"]
    assert [(proposal.component, proposal.check, dict(proposal.params)) for proposal in found] == [
        (component, "port.open", {"port": port})
    ]
    assert found[0].figures[0] == Figure(str(port), of="port")


@pytest.mark.parametrize(
    "text",
    ["`curl http://localhost:8080/basket`", "See https://example.org:443/docs.", "Change the port of Kafka to 9093."],
)
def test_no_ports(text: str, mined: Mined) -> None:
    assert [proposal for proposal in mined(f"{text}\n") if proposal.pattern == "port"] == []


@pytest.mark.parametrize(
    ("text", "component", "version"),
    [
        ("- PostgreSQL 15.2", "postgres", "15.2"),
        ("We run Java 21 everywhere.", "java", "21"),
        ("- .NET 8", "dotnet", "8"),
    ],
)
def test_versions(text: str, component: str, version: str, mined: Mined) -> None:
    found = next(proposal for proposal in mined(f"{text}\n") if proposal.pattern == "version")
    assert (found.component, found.check, dict(found.params)) == (component, "system.version", {"version": version})


def test_an_image_with_a_tag_has_a_version_and_a_host_has_a_port(mined: Mined) -> None:
    assert named(mined("Orders are kept by `postgres:15`.\n")) == [("postgres", "version")]
    assert ("kafka", "version") not in named(mined("Events go to `kafka:9092`.\n"))


def test_counts(mined: Mined) -> None:
    found = mined("The shop runs 3 RabbitMQ nodes and twelve services.\n")
    counts = [(p.component, p.figures[0].value, p.figures[0].of, p.check) for p in found if p.pattern == "count"]
    assert counts == [("rabbitmq", "3", "nodes", "system.count"), ("shop", "12", "services", "")]


def test_figures_have_units(mined: Mined) -> None:
    found = mined("The basket service answers 95 % of requests within 200 ms.\n")[0]
    assert (found.pattern, found.figures) == ("performance", (Figure("95", "%"), Figure("200", "ms")))


def test_endpoints(mined: Mined) -> None:
    table = "| Method | Path | What |\n|---|---|---|\n| GET | /basket/items | the items |\n| POST | /basket | adds |\n"
    found = mined(f"# Shop\n\n## Basket service\n\n{table}")
    assert [(p.line, p.component, p.pattern, p.check, dict(p.params)) for p in found] == [
        (7, "basket", "rest", "http.responds", {"path": "/basket/items"}),
        (8, "basket", "rest", "", {}),
    ]


def test_a_queue_is_named_beside_the_word(mined: Mined) -> None:
    found = mined("The worker takes its jobs from the RabbitMQ queue `tasks`.\n")[0]
    assert (found.check, dict(found.roles), dict(found.params)) == (
        "queue.exists",
        {"system": "rabbitmq"},
        {"queue": "tasks"},
    )


def test_a_service_list(mined: Mined) -> None:
    text = (
        "## Services\n\n- **Basket**: keeps what customers want\n- **Edge proxy**: routes requests to the services\n\n"
        "| Service | What it does |\n|---|---|\n| [payments](src/payments) | Charges the customer's card |\n"
    )
    assert named(mined(text)) == [
        ("basket", "bounded_context"),
        ("edge-proxy", "routed"),
        ("payments", "bounded_context"),
    ]


def test_the_section_says_what_it_is_about(mined: Mined) -> None:
    text = "# Basket service\n\nThis service keeps the items.\n\nIt retries failed calls three times.\n"
    found = mined(text)
    assert named(found) == [("basket", "bounded_context"), ("basket", "retry")]
    assert found[1].headings == ("Basket service",)


def test_the_folder_says_what_a_document_is_about(mined: Mined) -> None:
    assert named(mined("# Readme\n\nIt exports spans.\n", document="src/basket/README.md")) == [("basket", "tracing")]


def test_a_role_is_the_product_that_plays_it(mined: Mined) -> None:
    text = "We use RabbitMQ.\n\nOrders are sent to the message broker by the orders service.\n"
    assert named(mined(text))[-1] == ("rabbitmq", "messaging")


def test_a_hard_wrapped_sentence_is_quoted_whole_and_placed_by_its_phrase(mined: Mined) -> None:
    text = "The orders service writes what it has done to the ledger and\ncalls payments through a circuit breaker.\n"
    found = mined(text)[0]
    assert (found.line, found.pattern) == (2, "circuit_breaker")
    assert found.quote.startswith("The orders service writes")


def test_lists_of_technologies(mined: Mined) -> None:
    text = "## Tech stack\n\n- Kafka\n- Docker\n- Grafana, Loki\n- **[Redis](https://r.example)** - a fast store\n"
    assert named(mined(text)) == [
        ("kafka", "event_streaming"),
        ("grafana", "metrics"),
        ("loki", "other"),
        ("redis", "running"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "- [Kafka](https://kafka.example)",
        "- **Kafka:** https://kafka.example/docs",
        "[![Kafka](https://img.example/kafka.svg)](https://kafka.example)",
        "- [Using Kafka](#using-kafka)",
        "Kafka is a distributed streaming platform.",
        "Redis provides fast caching.",
        "The MySQL JDBC driver is used.",
        "See `deploy/kafka/values.yaml` for what is used.",
        "```\nThe basket uses Kafka.\n```",
        "<!-- The basket uses Kafka. -->",
    ],
)
def test_what_is_no_statement(text: str, mined: Mined) -> None:
    assert named(mined(f"{text}\n")) == []


def test_diagrams_are_statements(mined: Mined) -> None:
    text = "```mermaid\nflowchart LR\n  B[Basket service] -->|publishes| K[(Kafka)]\n  B --> orders\n  X --> Y\n```\n"
    assert [(p.line, p.component, p.pattern) for p in mined(text)] == [
        (3, "basket", "running"),
        (3, "kafka", "event_streaming"),
        (4, "orders", "rest"),
    ]


def test_services_without_a_manifest_are_known_by_their_capitals(mined: Mined) -> None:
    text = "- `Identity Service`: signs customers in and out\n- This Service: is no name\n"
    assert named(mined(text)) == [("identity-service", "bounded_context")]


@pytest.mark.parametrize("status", ["## Status\n\nSuperseded by 7", "Status: rejected", "* Status: Proposed"])
def test_a_decision_that_does_not_hold_says_nothing(status: str, mined: Mined) -> None:
    text = "# 3. Events\n\n{}\n\n## Decision\n\nWe use Kafka for events.\n"
    assert named(mined(text.format(status))) == []
    assert named(mined(text.format("## Status\n\nAccepted"))) == [("kafka", "event_streaming")]


@pytest.mark.parametrize("document", ["CHANGELOG.md", "docs/CONTRIBUTING.md", "SECURITY.md"])
def test_documents_about_the_work_say_nothing(document: str, mined: Mined) -> None:
    assert mined("We use Kafka for events.\n", document=document) == []
