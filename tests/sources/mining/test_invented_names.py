"""The rules know English and products by their kind: invented names in place of real ones change nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.sources.mining import mine_text
from pytest_distaudit.sources.mining.rules import products
from pytest_distaudit.sources.mining.vocabulary import Entry

from .conftest import services

TEXT = (Path(__file__).parent / "shop.md").read_text(encoding="utf-8")
SERVICES = {"basket": "zolumi", "orders": "brakavo", "payments": "tirenux", "edge-proxy": "munda-velt"}
PRODUCTS = {
    "Kafka": ("Pelvorix", "stream"),
    "RabbitMQ": ("Gandulo", "broker"),
    "NATS": ("Sivrek", "broker"),
    "Pulsar": ("Duvaren", "stream"),
    "PostgreSQL": ("Kolmeda", "database"),
    "MySQL": ("Fobrix", "database"),
    "Redis": ("Ravenk", "cache"),
    "Elasticsearch": ("Mirzano", "search"),
    "Consul": ("Trovun", "registry"),
    "Zipkin": ("Balquor", "tracing"),
    "Grafana": ("Nirudex", "metrics"),
    "Prometheus": ("Wolvadi", "metrics"),
    "Keycloak": ("Sandrovi", "identity"),
}
#: How far a score may move.
TOLERANCE = 0.03


def _renamed(text: str, names: dict[str, str]) -> str:
    def spelled(match: re.Match[str]) -> str:
        word = names[match[0].lower()]
        return word.upper() if match[0].isupper() else word.capitalize() if match[0][0].isupper() else word

    return re.sub("|".join(names), spelled, text, flags=re.IGNORECASE)


def _keys(proposals: list[Proposal]) -> Counter[tuple[object, ...]]:
    return Counter((p.line, p.component, p.pattern, p.expect, p.check) for p in proposals)


@pytest.mark.parametrize("what", ["services", "products", "both"])
def test_invented_names(what: str) -> None:
    names: dict[str, str] = {}
    if what != "products":
        names |= SERVICES
    if what != "services":
        names |= {name.lower(): word.lower() for name, (word, _) in PRODUCTS.items()}
    known = products().extended(Entry(word.lower(), kind, (word,)) for word, kind in PRODUCTS.values())
    real = known.extended(services(*SERVICES))
    invented = known.extended(services(*SERVICES.values()))
    canonical = {name.lower(): entry.name for name in PRODUCTS if (entry := real.of(name))}
    expected = Counter()
    for (line, component, *rest), count in _keys(list(mine_text(TEXT, "shop.md", real, "shop"))).items():
        spelled = next((name for name, one in canonical.items() if one == component), component)
        expected[(line, names.get(spelled, component), *rest)] += count
    found = _keys(list(mine_text(_renamed(TEXT, names), "shop.md", invented if what != "products" else real, "shop")))
    different = (expected - found) + (found - expected)
    assert different.total() <= TOLERANCE * expected.total(), different


def test_the_text_is_worth_the_comparison() -> None:
    proposals = list(mine_text(TEXT, "shop.md", products().extended(services(*SERVICES)), "shop"))
    assert len(proposals) >= 35
    assert len({proposal.pattern for proposal in proposals}) >= 14
