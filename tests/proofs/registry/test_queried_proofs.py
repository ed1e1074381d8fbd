"""Two-sided proofs of registry.queried, on a real Consul: what the fronts do stands in front.py."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict

pytestmark = [pytest.mark.proof, pytest.mark.live]


@pytest.mark.parametrize(
    ("way", "service"),
    [("looks_up", "asked"), ("looks_up_by_dns", "resolved"), ("looks_up_a_tag_by_dns", "resolved-as-rfc-2782-wants")],
)
def test_queried_verifies(house, way, service):
    result = house.queried(way, service)
    assert (result.verdict, result.actual) == (Verdict.VERIFIED, "looked up by 7 of 7 performances"), result.because


@pytest.mark.parametrize(
    ("way", "service"),
    [
        ("knows_the_address", "known"),
        ("looks_another_up", "beside-another"),
        ("looks_up_elsewhere", "homonym"),
        ("registers_anew", "registered-anew"),
        ("asks_who_leads", "led"),
        ("fails", "never-asked"),
    ],
)
def test_queried_refutes(house, way, service):
    result = house.queried(way, service)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, f"0 look-ups of {service}"), result.because


@pytest.mark.parametrize(("way", "service", "caller"), [("knows_the_address", "polled", "still")])
def test_queried_refutes_a_script_that_polls_while_the_caller_sleeps(house, way, service, caller):
    result = house.queried(way, service)
    assert (result.verdict, result.actual) == (Verdict.REFUTED, "only others look polled up"), result.because


@pytest.mark.parametrize(
    ("way", "service"),
    [
        ("remembers_for_a_second", "kept-for-a-second"),
        ("looks_up_the_first_time", "asked-once"),
        ("knows_the_address", "polled-beside"),
        ("knows_the_address", "polled-fast"),
        ("lists_all", "listed"),
    ],
)
def test_queried_cannot_tell_look_ups_that_do_not_fall_together_with_the_work(house, way, service):
    result = house.queried(way, service)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS), result.because


@pytest.mark.parametrize(
    ("way", "service"), [("remembers_from_its_start", "remembered"), ("is_told_of_changes", "told-of-changes")]
)
def test_queried_cannot_tell_when_an_answer_may_be_remembered_or_due(house, way, service):
    result = house.queried(way, service)
    assert result.verdict is Verdict.UNVERIFIABLE, result.because
    assert result.reason in {Reason.NO_OBSERVABLE, Reason.INCONCLUSIVE_STATISTICS}


@pytest.mark.parametrize(("way", "service"), [("looks_up_and_fails", "asked-in-vain")])
def test_queried_cannot_tell_when_the_activity_fails(house, way, service):
    result = house.queried(way, service)
    assert (result.verdict, result.reason) == (Verdict.UNVERIFIABLE, Reason.BASELINE), result.because
