"""The judge of remote procedures, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.rpc import RpcService, Serving

from .evidence import ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("shop",)}
ORDERS = RpcService("a.Orders", True, ("Follow", "Place"), "SERVING", ("Follow", "Place"))
STOCK = RpcService("a.Stock", True, ("Count",), "SERVING", ("Count",))
GOOD = Serving((ORDERS, STOCK), "SERVING", "unknown")


def told(seen=GOOD, services="a.Orders", **params):
    of = claim("grpc.serves", services=services, **params)
    return judged(of, evidence(ROLES, fact("shop", seen, **dict(ask_of(of).args))))


def word(seen=GOOD, **params):
    judgement = told(seen, **params)
    return judgement.verdict, judgement.reason or judgement.actual


def with_orders(seen=GOOD, **changed):
    return replace(seen, services=(replace(ORDERS, **changed), STOCK))


def test_services_that_are_served_and_well():
    assert word() == (Verdict.VERIFIED, "1 service, 2 methods")
    assert word(services="a.Orders, a.Stock") == (Verdict.VERIFIED, "2 services, 3 methods")
    assert word(methods="a.Orders/Place, /a.Orders/Follow") == (Verdict.VERIFIED, "1 service, 2 methods")


@pytest.mark.parametrize(
    ("seen", "params", "actual"),
    [
        (GOOD, {"services": "a.Burn"}, "no service a.Burn"),
        (GOOD, {"services": "a.Orders,a.Burn"}, "no service a.Burn"),
        (with_orders(listed=False, methods=None, served=()), {}, "no service a.Orders"),
        (with_orders(served=("Place",), unserved=("Follow",)), {}, "1 method served by nobody"),
        (with_orders(methods=None, listed=None, unserved=("Place",), served=()), {}, "1 method served by nobody"),
        (GOOD, {"methods": "a.Orders/Burn"}, "a.Orders has no Burn"),
        (with_orders(health="NOT_SERVING"), {}, "a.Orders NOT_SERVING"),
        (replace(with_orders(health="unknown"), health="NOT_SERVING"), {}, "a.Orders NOT_SERVING"),
        (replace(with_orders(health="unknown"), health="unknown"), {}, "a.Orders unknown"),
    ],
)
def test_services_that_are_not(seen, params, actual):
    assert word(seen, **params) == (Verdict.REFUTED, actual)


def test_what_takes_calls_exists_though_it_is_not_listed():
    assert word(with_orders(listed=False, methods=None, served=("Place",)))[0] is Verdict.VERIFIED
    assert word(with_orders(listed=None, methods=None, served=("Place",)))[0] is Verdict.VERIFIED
    assert word(with_orders(health="unknown"))[0] is Verdict.VERIFIED, "the server's word on itself"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (replace(GOOD, nonsense="SERVING"), Reason.VACUOUS),
        (replace(with_orders(health=""), health="", nonsense=""), Reason.NO_OBSERVABLE),
        (with_orders(served=("Place",)), Reason.FORBIDDEN),
        (with_orders(listed=None, methods=None, served=()), Reason.NO_OBSERVABLE),
    ],
)
def test_what_cannot_be_told(seen, reason):
    assert word(seen) == (Verdict.UNVERIFIABLE, reason)


def test_without_health_its_word_does_not_count():
    assert word(replace(GOOD, nonsense="SERVING"), health=False)[0] is Verdict.VERIFIED
    assert word(with_orders(health="NOT_SERVING"), health=False)[0] is Verdict.VERIFIED
    assert word(replace(GOOD, health="", nonsense=""), health=False)[0] is Verdict.VERIFIED


def test_could_not_look_is_never_absent():
    def word_of(reason):
        judgement = judged(
            claim("grpc.serves", services="a.Orders"), evidence(ROLES, failure("shop", Serving, reason, "so"))
        )
        return judgement.verdict, judgement.reason

    for reason in (Reason.BLOCKED, Reason.TIMED_OUT, Reason.NOT_INSTALLED, Reason.FORBIDDEN):
        assert word_of(reason) == (Verdict.UNVERIFIABLE, reason)
    assert word_of(Reason.WRONG_PRODUCT) == (Verdict.REFUTED, None)


def test_what_is_asked_for():
    assert dict(ask_of(claim("grpc.serves", services="a.B", calls="a.B/C")).args) == {
        "services": "a.B",
        "calls": "a.B/C",
    }
