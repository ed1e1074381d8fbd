"""A shop of five services: what the miner is tested on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_distaudit.domain.proposal import Proposal
from pytest_distaudit.sources.mining import mine_text
from pytest_distaudit.sources.mining.rules import products
from pytest_distaudit.sources.mining.vocabulary import Entry, Vocabulary

SERVICES = ("basket", "orders", "ledger-writer", "payments", "edge-proxy")

Mined = Callable[..., list[Proposal]]


def services(*names: str) -> tuple[Entry, ...]:
    return tuple(Entry(name, "service", (name,), own=True, shy="-" not in name) for name in names)


@pytest.fixture(scope="session")
def shop() -> Vocabulary:
    return products().extended(services(*SERVICES))


@pytest.fixture(scope="session")
def mined(shop: Vocabulary) -> Mined:
    """What is mined from a text, of the shop's documents unless said otherwise."""

    def run(text: str, document: str = "docs/page.md", vocabulary: Vocabulary = shop) -> list[Proposal]:
        return list(mine_text(text, document, vocabulary, project="shop"))

    return run


def named(proposals: list[Proposal]) -> list[tuple[str, str]]:
    """(component, pattern) of each."""
    return [(proposal.component, proposal.pattern) for proposal in proposals]
