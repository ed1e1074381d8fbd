"""Two-sided proofs of registry.queried where the registry and its callers run in containers of this host."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from contained_house import ContainedHouse

from pytest_distaudit.domain.verdict import Reason, Verdict
from tests.lab import Lab

pytestmark = [
    pytest.mark.proof,
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root sees into containers"),
]

#: (way, service, caller, registry)
ACTS = [
    ("looks_up", "asked", "front", "consul"),
    ("knows_the_address", "known", "still", "consul"),
    ("knows_the_address", "polled", "still", "consul"),
    ("knows_the_address", "polled-by-a-sidecar", "accompanied", "consul"),
    ("knows_the_address", "polled-by-an-exec", "attended", "consul"),
    ("is_told_of_changes", "told-of-changes", "front", "elsewhere"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainedHouse]:
    services = [service for _, service, _, _ in ACTS] + ["remembered"]
    with Lab.reached("consul:1.8", "python:3.11") as lab:
        acts = [act[:3] for act in ACTS]
        house = ContainedHouse(lab, tmp_path_factory.mktemp("registry"), services, acts)
        try:
            house.poller("polled")
            house.poller("polled-by-a-sidecar", beside="accompanied")
            house.poll_inside("attended", "polled-by-an-exec")
            for act in ACTS:
                house.begin(*act)
            yield house
        finally:
            house.close()


def test_queried_verifies(house):
    result = house.queried("looks_up", "asked")
    assert (result.verdict, result.actual) == (Verdict.VERIFIED, "looked up by 7 of 7 performances"), result.because


def test_queried_refutes_silence(house):
    result = house.queried("knows_the_address", "known")
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "0 look-ups of known"), result.because


def test_queried_refutes_a_container_that_polls_while_the_caller_sleeps(house):
    result = house.queried("knows_the_address", "polled")
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "only others look polled up"), result.because


@pytest.mark.parametrize("service", ["polled-by-a-sidecar", "polled-by-an-exec"])
def test_queried_cannot_tell_the_caller_from_others_in_its_network(house, service):
    result = house.queried("knows_the_address", service)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS), result.because
    assert "the callers ran" in result.because


def test_queried_cannot_tell_while_a_container_waits_for_an_answer(house):
    result = house.queried("is_told_of_changes", "told-of-changes")
    assert result.verdict is Verdict.UNVERIFIABLE, result.because
    assert "cannot be seen" not in result.because
