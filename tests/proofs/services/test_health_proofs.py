"""http.health-is-honest and system.healthy on services whose health tells the truth, or does not."""

from __future__ import annotations

import pytest

from pytest_distaudit import Verdict
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]

#: shop-ledger runs, shop-cache is dead
BOTH = {"dependencies": "shop-ledger,shop-cache"}


def honest(town: Room, service: str, **roles: str) -> object:
    return town.judge("http.health-is-honest", roles={"system": service, **BOTH, **roles})


@pytest.mark.parametrize("service", ["honest", "honest-in-words"])
def test_health_that_names_the_dead_is_honest(town: Room, service: str) -> None:
    result = honest(town, service)
    assert result.verdict is Verdict.VERIFIED, result
    assert result.actual == "unhealthy, naming shop-cache"


@pytest.mark.parametrize(
    ("lie", "actual"),
    [
        ("constant", "healthy"),
        ("asks-half", "healthy"),
        ("says-ok-to-everything", "healthy"),
        ("canned-nc-loop", "healthy"),
        ("green-status-red-body", "healthy by its status"),
        ("green-status-grey-body", "healthy by its status"),
        ("calls-the-dead-healthy", "calls shop-cache healthy"),
        ("blames-the-living", "calls shop-ledger unhealthy"),
    ],
)
def test_health_lies_while_a_dependency_is_dead(town: Room, lie: str, actual: str) -> None:
    result = honest(town, lie)
    assert result.verdict is Verdict.REFUTED, result
    assert result.actual == actual


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        ("mute", Reason.NO_CONTROL),
        ("mumbling", Reason.NO_CONTROL),
        ("names-its-family", Reason.NO_CONTROL),
        ("red-everywhere", Reason.VACUOUS),
        ("locked", Reason.FORBIDDEN),
    ],
)
def test_red_health_without_a_telling_word_cannot_be_told(town: Room, service: str, reason: Reason) -> None:
    result = honest(town, service)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), result


@pytest.mark.parametrize("service", ["honest", "constant", "well"])
def test_honesty_cannot_be_told_while_everything_lives(town: Room, service: str) -> None:
    result = honest(town, service, dependencies="shop-ledger")
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.NO_CONTROL), result


def test_a_service_with_a_working_health_check_is_healthy(town: Room) -> None:
    assert town.judge("system.healthy", system="well").verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    "lie",
    [
        "sick",
        "sick-in-its-body",
        "sick-by-a-flag",
        "sick-in-a-part",
        "sick-beside-its-status",
        "sick-in-plain-words",
        "honest",
        "well,sick",
    ],
)
def test_a_health_answer_that_complains_in_any_way_is_not_healthy(town: Room, lie: str) -> None:
    result = town.judge("system.healthy", system=lie)
    assert result.verdict is Verdict.REFUTED, result


def test_flapping_health_does_not_hold(town: Room) -> None:
    assert town.judge("system.healthy", system="flapping", holds_for="1s").verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        ("says-ok-to-everything", Reason.VACUOUS),
        ("page-for-everything", Reason.VACUOUS),
        ("random-everywhere", Reason.VACUOUS),
        ("canned-nc-loop", Reason.VACUOUS),
        ("login-first", Reason.REDIRECTED),
        ("locked", Reason.FORBIDDEN),
        ("without-health", Reason.NO_OBSERVABLE),
    ],
)
def test_health_cannot_be_told_from_an_answer_that_means_nothing(town: Room, service: str, reason: Reason) -> None:
    result = town.judge("system.healthy", system=service)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, reason), result
