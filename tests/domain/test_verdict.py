"""Verdicts of a whole from the verdicts of its parts."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict, merge

JUDGED = (Verdict.REFUTED, Verdict.UNVERIFIABLE, Verdict.VERIFIED)
parts = st.lists(st.sampled_from(JUDGED))


@pytest.mark.parametrize("pair", [*permutations(JUDGED, 2), *((one, one) for one in JUDGED)])
def test_the_worse_of_two_wins(pair: tuple[Verdict, Verdict]) -> None:
    assert merge(pair) is min(pair, key=JUDGED.index)


def test_nothing_seen_is_never_a_pass() -> None:
    assert merge([]) is Verdict.UNVERIFIABLE


def test_a_waiver_cannot_be_merged() -> None:
    with pytest.raises(ValueError, match=r"cannot merge \['waived'\]"):
        merge([Verdict.VERIFIED, Verdict.WAIVED])


@given(parts, parts)
def test_merging_in_steps_is_merging_at_once(first: list[Verdict], second: list[Verdict]) -> None:
    if first and second:
        assert merge([merge(first), merge(second)]) is merge([*first, *second])


@given(parts, st.randoms())
def test_the_order_does_not_matter(some: list[Verdict], random) -> None:
    shuffled = random.sample(some, len(some))
    assert merge(shuffled) is merge(some)


@given(parts)
def test_verified_means_that_every_part_is(some: list[Verdict]) -> None:
    assert (merge(some) is Verdict.VERIFIED) == (bool(some) and set(some) == {Verdict.VERIFIED})


def test_rungs_and_scopes_are_ordered_and_named() -> None:
    assert [rung.word for rung in sorted(Rung)] == [
        "absent", "declared", "running", "healthy", "configured", "used", "resilient",
    ]  # fmt: skip
    assert [scope.word for scope in sorted(Scope)] == ["static", "snapshot", "activity", "experiment"]


def test_the_reasons_are_the_closed_list_of_the_design() -> None:
    assert {reason.value for reason in Reason} == {
        "not-reachable",
        "timed-out",
        "forbidden",
        "wrong-product",
        "unsupported-version",
        "protocol-error",
        "too-large",
        "tls-untrusted",
        "redirected",
        "not-installed",
        "stand-in",
        "not-recorded",
        "blocked",
        "baseline",
        "no-control",
        "no-observable",
        "fault-not-effective",
        "vacuous",
        "inconclusive-statistics",
        "budget",
        "ambiguous-claim",
        "not-safe",
        "topology-too-small",
        "audit-error",
    }
