"""contract.holds: what consumers count on is published and given, and everything that only looks so."""

from __future__ import annotations

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.mark.parametrize("claimed", [{}, {"openapi": "shop.json"}])
def test_a_contract_holds(town: Room, claimed: dict[str, str]) -> None:
    result = town.judge("contract.holds", system="honest", consumer="honest-consumer.json", **claimed)
    assert result.verdict is Verdict.VERIFIED, result


@pytest.mark.parametrize(
    ("provider", "consumer"),
    [
        ("honest", "invoice-consumer"),
        ("honest", "customer-consumer"),
        ("honest", "text-id-consumer"),
        ("honest", "created-consumer"),
        ("honest", "deleting-consumer"),
        ("another-shape", "honest-consumer"),
        ("lost-its-note", "honest-consumer"),
        ("note-taken-back", "honest-consumer"),
        ("drops-orders", "honest-consumer"),
        ("crashes", "honest-consumer"),
        ("page-instead", "honest-consumer"),
    ],
)
def test_a_broken_contract_is_refuted(town: Room, provider: str, consumer: str) -> None:
    result = town.judge("contract.holds", system=provider, consumer=f"{consumer}.json")
    assert result.verdict is Verdict.REFUTED, result


@pytest.mark.parametrize(
    ("provider", "consumer", "reason"),
    [
        ("wild", "honest-consumer", Reason.VACUOUS),
        ("empty", "honest-consumer", Reason.NO_OBSERVABLE),
        ("guarded", "honest-consumer", Reason.FORBIDDEN),
        ("sold-out", "honest-consumer", Reason.NO_OBSERVABLE),
        ("honest", "next-order-consumer", Reason.NO_OBSERVABLE),
        ("honest", "writing-consumer", Reason.NOT_SAFE),
        ("honest", "silent-consumer", Reason.VACUOUS),
        ("honest", "gone", Reason.NO_OBSERVABLE),
        ("honest", "shop", Reason.PROTOCOL_ERROR),
        ("no-document", "honest-consumer", Reason.NO_OBSERVABLE),
    ],
)
def test_what_shows_nothing_cannot_be_told(town: Room, provider: str, consumer: str, reason: Reason) -> None:
    result = town.judge("contract.holds", system=provider, consumer=f"{consumer}.json")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), result
