"""http.responds: one path answered as documented, and everything that only looks so."""

from __future__ import annotations

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.mark.parametrize(
    ("service", "claimed"),
    [
        ("orders", {"path": "/orders"}),
        ("orders", {"path": "/orders", "contains": '"orders"'}),
        ("orders", {"path": "/orders", "status": "< 300"}),
        ("orders", {"path": "/admin", "status": 404}),
        ("moved-orders", {"path": "/orders", "status": 301}),
        ("without-health", {"path": "/", "contains": "hello"}),
        ("page-for-everything", {"path": "/", "contains": "Our shop"}),
    ],
)
def test_the_documented_answer_is_given(town: Room, service: str, claimed: dict[str, object]) -> None:
    result = town.judge("http.responds", system=service, **claimed)
    assert result.verdict is Verdict.VERIFIED, result


@pytest.mark.parametrize(
    ("lie", "claimed"),
    [
        ("orders", {"path": "/invoices"}),
        ("broken-orders", {"path": "/orders"}),
        ("canned-orders", {"path": "/orders", "contains": "orders"}),
        ("denies-everything", {"path": "/orders"}),
        ("orders", {"path": "/orders", "status": 201}),
        ("orders", {"path": "/orders", "status": "> 200"}),
        ("gateway-before-nothing", {"path": "/orders"}),
    ],
)
def test_another_answer_is_given(town: Room, lie: str, claimed: dict[str, object]) -> None:
    result = town.judge("http.responds", system=lie, **claimed)
    assert result.verdict is (Verdict.UNVERIFIABLE if "gateway" in lie else Verdict.REFUTED), result


@pytest.mark.parametrize(
    ("service", "claimed", "reason"),
    [
        ("says-ok-to-everything", {"path": "/orders"}, Reason.VACUOUS),
        ("says-ok-to-everything", {"path": "/"}, Reason.VACUOUS),
        ("canned-nc-loop", {"path": "/"}, Reason.VACUOUS),
        ("page-for-everything", {"path": "/orders"}, Reason.VACUOUS),
        ("page-for-everything", {"path": "/orders", "contains": "Our shop"}, Reason.VACUOUS),
        ("echoes", {"path": "/orders", "contains": "orders"}, Reason.VACUOUS),
        ("random-everywhere", {"path": "/orders", "contains": "orders"}, Reason.VACUOUS),
        ("orders", {"path": "/invoices", "status": "< 500"}, Reason.VACUOUS),
        ("moved-orders", {"path": "/orders"}, Reason.REDIRECTED),
        ("long-orders", {"path": "/orders", "contains": "orders"}, Reason.TOO_LARGE),
        ("hangs-up", {"path": "/orders"}, Reason.PROTOCOL_ERROR),
        ("asked-too-often", {"path": "/orders"}, Reason.FORBIDDEN),
        ("rations-nonsense", {"path": "/orders"}, Reason.FORBIDDEN),
    ],
)
def test_an_answer_that_proves_nothing_cannot_be_told(
    town: Room, service: str, claimed: dict[str, object], reason: Reason
) -> None:
    result = town.judge("http.responds", system=service, **claimed)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), result
