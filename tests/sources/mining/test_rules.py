"""The data files say what they do: every example of a rule is a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_distaudit.domain.claim import Expect
from pytest_distaudit.sources.mining.rules import data_of, products, rules

from .conftest import Mined, named

PATTERNS = frozenset(
    {
        *("running", "registered", "discovered", "routed", "load_balanced", "messaging", "event_streaming"),
        *("circuit_breaker", "retry", "bulkhead", "graceful_degradation", "health_recovery", "tracing", "metrics"),
        *("replicated", "clustered", "failover", "lock", "leader_election", "consensus", "transaction"),
        *("saga", "outbox", "event_sourcing", "cqrs", "db_per_service", "bounded_context", "independent_deploy"),
        *("blue_green", "grpc", "rest", "cache", "performance", "count", "port"),
        *("version", "other"),
    }
)
RULES = data_of("rules.yaml")


def _examples() -> Iterator[object]:
    for pattern in RULES["patterns"]:
        for sentence, component in pattern["says"].items():
            yield pytest.param(pattern["name"], sentence, component, id=f"{pattern['name']}: {sentence}")


@pytest.mark.parametrize(("pattern", "sentence", "component"), list(_examples()))
def test_a_pattern_finds_its_examples(pattern: str, sentence: str, component: str, mined: Mined) -> None:
    assert (component, pattern) in named(mined(f"{sentence}\n"))


@pytest.mark.parametrize("label", RULES["labels"], ids=lambda label: label["label"][:40])
def test_a_label_finds_its_examples(label: dict, mined: Mined) -> None:
    for entry, component in label["says"].items():
        assert (component, label["pattern"]) in named(mined(f"# Basket service\n\n- {entry}\n"))


def _stops() -> Iterator[object]:
    for veto in RULES["vetoes"]:
        for sentence in veto.get("stops", ()):
            yield pytest.param(veto["name"], sentence, id=f"{veto['name']}: {sentence}")


@pytest.mark.parametrize(("veto", "sentence"), list(_stops()))
def test_a_veto_stops_its_examples(veto: str, sentence: str, mined: Mined) -> None:
    assert named(mined(f"{sentence}\n")) == []


def test_a_veto_stops_what_would_be_mined_without_it(mined: Mined) -> None:
    """The heading's vetoes: the same sentence under another heading is a statement."""
    sentence = "The orders service publishes to a Kafka topic."
    assert named(mined(f"# Shop\n\n## Messaging\n\n{sentence}\n")) == [("kafka", "event_streaming")]
    for heading in ("Contributing", "Roadmap", "Troubleshooting", "Prerequisites", "References", "Changelog"):
        assert named(mined(f"# Shop\n\n## {heading}\n\n{sentence}\n")) == []


def test_every_veto_has_examples_or_is_about_headings() -> None:
    assert [veto["name"] for veto in RULES["vetoes"] if not veto.get("stops") and "heading" not in veto] == []


def test_the_patterns_are_the_known_ones() -> None:
    named = {pattern["name"] for pattern in RULES["patterns"]} | {label["pattern"] for label in RULES["labels"]}
    kinds = {kind.pattern for kind in rules().kinds.values()}
    assert (named | kinds | {"bounded_context", "port", "version", "count"}) == PATTERNS


@pytest.mark.parametrize("pattern", rules().patterns, ids=lambda pattern: pattern.name)
def test_the_words_let_every_example_through(pattern: object) -> None:
    for entry in RULES["patterns"]:
        for sentence in entry["says"]:
            compiled = next(
                one for one in rules().patterns if one.name == entry["name"] and one.phrases.search(sentence)
            )
            assert any(word in sentence.lower() for word in compiled.words)


@pytest.mark.parametrize("kind", [name for name in data_of("vocabulary.yaml") if name != "shy"])
def test_every_spelling_of_a_product_is_the_product(kind: str) -> None:
    vocabulary = products()
    for name, spellings in data_of("vocabulary.yaml")[kind]["products"].items():
        for spelling in (name, *spellings):
            entry = vocabulary.of(spelling)
            assert entry is not None, spelling
            assert entry.name == name, f"{spelling} is {entry.name}"


@pytest.mark.parametrize(
    ("sentence", "component"),
    [
        ("We do not use Kafka.", "kafka"),
        ("The shop does not use RabbitMQ for messaging.", "rabbitmq"),
        ("The basket service runs without Redis.", "redis"),
        ("The orders service isn't using PostgreSQL.", "postgres"),
    ],
)
def test_a_negation_says_that_something_is_absent(sentence: str, component: str, mined: Mined) -> None:
    found = mined(f"{sentence}\n")
    assert [(proposal.component, proposal.expect) for proposal in found] == [(component, Expect.ABSENT)]


@pytest.mark.parametrize(
    "sentence",
    [
        "RabbitMQ is not replicated.",
        "PostgreSQL is currently not replicated.",
        "The PostgreSQL database isn't replicated.",
    ],
)
def test_a_property_can_be_denied(sentence: str, mined: Mined) -> None:
    found = [(one.pattern, one.expect) for one in mined(f"{sentence}\n") if one.pattern in ("replicated", "clustered")]
    assert [expect for _, expect in found] == [Expect.ABSENT]


@pytest.mark.parametrize(
    ("sentence", "components"),
    [
        ("Orders are never written to MongoDB.", set()),
        ("Events are not sent to Kafka.", set()),
        ("Orders never expire and are written to MongoDB.", {"mongodb"}),
        ("Orders are written to MongoDB, never to a file.", {"mongodb"}),
    ],
)
def test_what_does_not_go_there_says_nothing_of_what_is_there(
    sentence: str, components: set[str], mined: Mined
) -> None:
    assert {one.component for one in mined(f"{sentence}\n")} == components


@pytest.mark.parametrize(
    "sentence",
    [
        "A saga is a sequence of transactions.",
        "Sagas are a mechanism for maintaining data consistency.",
        "There are two main ways to coordinate sagas.",
        "The CQRS pattern implements queries that retrieve data from several places.",
        "Sometimes a circuit breaker opens too early.",
        "Circuit breakers are useful where calls may hang.",
        "With event sourcing you never lose data.",
    ],
)
def test_a_textbook_is_no_claim(sentence: str, mined: Mined) -> None:
    assert mined(f"{sentence}\n") == []


@pytest.mark.parametrize(
    ("sentence", "component"),
    [
        ("The services communicate over RabbitMQ.", "rabbitmq"),
        ("All communication goes over RabbitMQ.", "rabbitmq"),
        ("Sessions live in Redis.", "redis"),
        ("Orders end up in PostgreSQL.", "postgres"),
        ("We chose PostgreSQL over MySQL.", "postgres"),
    ],
)
def test_verbs_of_use(sentence: str, component: str, mined: Mined) -> None:
    assert {one.component for one in mined(f"{sentence}\n")} == {component}


def test_an_entry_that_says_what_its_product_stores(mined: Mined) -> None:
    found = mined("# Polyglot persistence\n\n* Neo4j (graph)\n* MySQL (relational)\n* MongoDB (see below)\n")
    assert {one.component for one in found} == {"neo4j", "mysql"}


def test_a_negation_ends_with_its_clause(mined: Mined) -> None:
    found = mined("We do not use Kafka, but events are published to RabbitMQ.\n")
    assert {proposal.component: proposal.expect for proposal in found} == {
        "kafka": Expect.ABSENT,
        "rabbitmq": Expect.PRESENT,
    }
