"""``architecture.services``: services of their own, and one program that plays all of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pytest_distaudit.domain.audit import ClaimResult
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.testing import Room

pytestmark = [pytest.mark.proof, pytest.mark.live]
PAIR = "real-orders, real-users"
Claims = Mapping[str, tuple[str, Mapping[str, str]]]
#: name: (services, parameters)
GENUINE: Claims = {
    "with-a-library": (PAIR, {"count": "2"}),
    "with-a-replica": ("real-*", {"count": "2", "replicas": "users=real-users+real-users-2"}),
    "by-their-document": (PAIR, {"serves": "real-orders=/orders, real-users=/people"}),
    "nothing-in-common": ("front, real-orders", {"serves": "front=/sold, real-orders=/orders"}),
}
LIES: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "copies": ("copy-*", {}, "are one program"),
    "copies-by-a-document": ("copy-*", {"serves": "copy-orders=/orders, copy-users=/people"}, "are one program"),
    "thin-files": ("thin-*", {}, "are one program"),
    "thin-files-with-idle-code": ("padded-*", {}, "are one program"),
    "environment": ("env-*", {}, "are one program"),
    "copy-in-two-files": ("split-*", {}, "are one program"),
    "replica": ("real-*", {}, "are one program"),
    "two-names": ("names-*", {}, "are one process"),
    "relays": ("relay-*", {}, "lead to one"),
    "promised": (PAIR, {"serves": "real-orders=/orders, real-users=/nothing"}, "does not serve"),
    "counted": (PAIR, {"count": "3"}, "2 services"),
}
UNTOLD = {
    "renamed": ("renamed-*", "with other names"),
    "by-command": ("part-*", "are common to both"),
    "compiled": ("compiled-*", "cannot be compared"),
}


@pytest.fixture(scope="module")
def verdicts(town: Room) -> Mapping[str, ClaimResult]:
    """All claims together: they share what is looked at."""
    claims = {**GENUINE, **{name: told[:2] for name, told in LIES.items()}}
    claims |= {name: (services, {}) for name, (services, _) in UNTOLD.items()}
    asked = [
        ("architecture.services", {"roles": {"services": services}, "within": "0.1s", **params})
        for services, params in claims.values()
    ]
    return dict(zip(claims, town.judge_together(*asked), strict=True))


@pytest.mark.parametrize("name", GENUINE)
def test_services_of_their_own(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert told.verdict is Verdict.VERIFIED, (told.actual, told.because)


@pytest.mark.parametrize("name", LIES)
def test_names_are_no_services(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert (told.verdict, LIES[name][2] in told.actual) == (Verdict.REFUTED, True), (told.actual, told.because)


@pytest.mark.parametrize("name", UNTOLD)
def test_what_may_be_one_program_is_not_told_to_be_two(verdicts: Mapping[str, ClaimResult], name: str) -> None:
    told = verdicts[name]
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE), (told.actual, told.because)
    assert UNTOLD[name][1] in told.because
