"""Two-sided proofs of ``deploy.independent``: services beside one that is replaced, and some that only seem to be."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(300)]
HERE = Path(__file__).parent
SERVICE, SUPERVISOR = str(HERE / "service.py"), str(HERE.parent / "recovery/supervisor.py")
#: services beside "orders", which is replaced, and how they lie
BESIDE = {"stock": "", "chained": "chained", "proxied": "proxied"}
#: claim: (others, operations of others, own)
CLAIMS = {
    "free": ("stock", "say-stock", "say-orders"),
    "chained": ("stock, chained", "say-stock", "say-orders"),
    "proxied": ("stock, proxied", "say-proxied", "say-orders"),
    "forgetful": ("stock", "say-stock", "cart-orders"),
    "itself": ("stock, orders", "say-stock", "say-orders"),
}


def _tables(name: str, way: str, starts: Path) -> str:
    words = [sys.executable, SUPERVISOR, "99", "0.2"] if way == "chained" else []
    other = 'OTHER = "{orders.url}", ' if way else ""
    return f"""
[targets.miniature.systems.{name}]
kind = "http"
health = "/live"
disposable = true
native.argv = {json.dumps([*words, sys.executable, SERVICE])}
native.ready = "GET /live"
native.env = {{PORT = "{{port}}", STARTS = "{starts}", {other}WAY = "{way}"}}
[targets.miniature.operations.say-{name}]
request = "GET http://{name}/say?word={{nonce}}"
[targets.miniature.operations.cart-{name}]
request = "GET http://{name}/cart?word={{nonce}}"
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ClaimResult]]:
    """All claims together: they share one replacement of "orders"."""
    ground = tmp_path_factory.mktemp("deploy")
    tables = [_tables(name, way, ground / name) for name, way in {"orders": "", **BESIDE}.items()]
    with Room(ground, "".join(tables)) as room:
        yield dict(zip(CLAIMS, room.judge_together(*map(_claimed, CLAIMS)), strict=True))


def _claimed(name: str) -> tuple[str, Mapping[str, object]]:
    others, asked, own = CLAIMS[name]
    roles = {"system": "orders", "others": others}
    return "deploy.independent", {"roles": roles, "operation": f"{asked}, {own}", "own": own, "within": "10s"}


def test_what_is_replaced_beside_the_others_is_verified(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["free"]
    assert told.verdict is Verdict.VERIFIED, (told.reason, told.actual, told.because)
    assert told.actual.startswith("replaced in "), told


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("chained", "chained is another process"),
        ("proxied", "requests to others failed"),
        ("forgetful", "cart-orders does not work again"),
    ],
)
def test_what_is_not_independent_is_refuted(verdicts: Mapping[str, ClaimResult], name: str, actual: str) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.REFUTED, (told.reason, told.actual, told.because)
    assert actual in told.actual, told


def test_a_service_is_not_one_of_the_others(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["itself"]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM), told
