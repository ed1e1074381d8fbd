"""rest.serves: documented operations that answer as documented, and everything that only looks so."""

from __future__ import annotations

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.mark.parametrize(
    "claimed",
    [
        {},
        {"openapi": "shop.json"},
        {"operations": "GET /orders 200 id, total; GET /orders/{id}", "values": "id=1"},
    ],
)
def test_the_documented_operations_are_served(town: Room, claimed: dict[str, str]) -> None:
    result = town.judge("rest.serves", system="honest", **claimed)
    assert result.verdict is Verdict.VERIFIED, result


def test_what_was_not_sent_is_said(town: Room) -> None:
    result = town.judge("rest.serves", system="honest")
    assert result.actual == "2 of 3 documented operations answer as documented"
    assert "POST /orders" in result.shows_not


@pytest.mark.parametrize(
    ("lie", "claimed"),
    [
        ("paper-only", {}),
        ("ok-to-everything", {}),
        ("list-for-everything", {}),
        ("not-implemented", {}),
        ("page-instead", {}),
        ("another-shape", {}),
        ("free-of-charge", {}),
        ("list-of-strangers", {}),
        ("created-instead", {}),
        ("crashes", {}),
        ("no-document", {"openapi": "shop.json"}),
        ("honest", {"operations": "GET /invoices"}),
        ("honest", {"operations": "GET /orders 200 id, customer"}),
        ("empty", {"operations": "GET /orders 200 id"}),
    ],
)
def test_a_facade_is_refuted(town: Room, lie: str, claimed: dict[str, str]) -> None:
    result = town.judge("rest.serves", system=lie, **claimed)
    assert result.verdict is Verdict.REFUTED, result


@pytest.mark.parametrize(
    ("service", "claimed", "reason"),
    [
        ("wild-catch-all", {}, Reason.VACUOUS),
        ("honest", {"operations": "GET /nothing 404"}, Reason.VACUOUS),
        ("guarded", {}, Reason.FORBIDDEN),
        ("sold-out", {}, Reason.NO_OBSERVABLE),
        ("no-document", {}, Reason.NO_OBSERVABLE),
        ("no-openapi", {}, Reason.PROTOCOL_ERROR),
        ("honest", {"openapi": "gone.json"}, Reason.NO_OBSERVABLE),
        ("honest", {"openapi": "../shop.json"}, Reason.NOT_SAFE),
        ("honest", {"operations": "GET /orders/{id}"}, Reason.NO_OBSERVABLE),
        ("honest", {"operations": "POST /orders 201"}, Reason.NOT_SAFE),
        ("honest", {"operations": "orders"}, Reason.AMBIGUOUS_CLAIM),
    ],
)
def test_what_shows_nothing_cannot_be_told(town: Room, service: str, claimed: dict[str, str], reason: Reason) -> None:
    result = town.judge("rest.serves", system=service, **claimed)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), result
