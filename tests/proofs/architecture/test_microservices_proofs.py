"""``architecture.microservices``: work that is divided, work that one does alone, and services that fall together."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live, pytest.mark.timeout(600)]
PAIR = "real-orders, real-users"
#: name: (services, operations, what each serves)
CLAIMS = {
    "divided": (PAIR, "order, turnover, people", None),
    "waits": ("waiting-orders, real-users", "wait-order, wait-turnover, people", None),
    "one-does-all": ("front, real-users", "buy, sold", "front=/buy, real-users=/people"),
    "decoys": (PAIR, "buy, sold", None),
    "falls-together": ("tied, real-users", "tied-buy, tied-sold", "tied=/buy, real-users=/people"),
    "names": ("names-one, names-two", "order, people", None),
    "one-operation": (PAIR, "order", None),
    "needed-for-all": (PAIR, "order, turnover", None),
}


@pytest.fixture(scope="module")
def verdicts(town: Room) -> Mapping[str, ClaimResult]:
    """All claims together: they share one experiment of each service."""
    told = town.judge_together(*map(_claimed, CLAIMS.values()))
    return dict(zip(CLAIMS, told, strict=True))


def _claimed(words: tuple[str, str, str | None]) -> tuple[str, Mapping[str, object]]:
    services, operation, serves = words
    told = {"serves": serves} if serves else {}
    return "architecture.microservices", {"roles": {"services": services}, "operation": operation, **told}


def test_each_is_needed_for_a_part(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["divided"]
    assert told.verdict is Verdict.VERIFIED, told
    assert told.because == "real-users is needed for order, people; real-orders is needed for order, turnover"


def test_who_waits_for_another_service_needs_it(verdicts: Mapping[str, ClaimResult]) -> None:
    told = verdicts["waits"]
    assert told.verdict is Verdict.VERIFIED, told
    assert told.because.startswith("real-users is needed for wait-order, people; waiting-orders is needed for wait-")


@pytest.mark.parametrize(
    ("name", "actual"),
    [
        ("one-does-all", "all is done by front"),
        ("decoys", "none of them is needed"),
        ("falls-together", "none works without all others"),
        ("names", "are one process"),
    ],
)
def test_what_is_not_divided_is_refuted(verdicts: Mapping[str, ClaimResult], name: str, actual: str) -> None:
    told = verdicts[name]
    assert (told.verdict, actual in told.actual) == (Verdict.REFUTED, True), told


@pytest.mark.parametrize("name", ["one-operation", "needed-for-all"])
def test_operations_that_tell_no_parts(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.VACUOUS), told
