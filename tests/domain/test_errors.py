"""The parts that every error is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.errors import InvalidInput, Place, Problem, Unobservable, did_you_mean
from pytest_distaudit.domain.registry import Registry
from pytest_distaudit.domain.verdict import Reason


@pytest.mark.parametrize(("place", "text"), [(Place("a"), "a"), (Place("a", 3), "a:3"), (Place("a", 3, 5), "a:3:5")])
def test_a_place_reads_as_editors_want_it(place: Place, text: str) -> None:
    assert str(place) == text


def test_invalid_input_carries_every_problem() -> None:
    problems = [Problem(Place("a", 1), "one"), Problem(Place("b", 2), "two")]
    error = InvalidInput(iter(problems))
    assert error.problems == tuple(problems)
    assert str(error) == "a:1: one\nb:2: two"


def test_unobservable_says_why() -> None:
    error = Unobservable(Reason.TIMED_OUT, "no answer in 5 s")
    assert (error.reason, str(error)) == (Reason.TIMED_OUT, "timed-out: no answer in 5 s")


def test_the_nearest_name_or_all_names_or_none() -> None:
    assert did_you_mean("queue.consumd", ["queue.consumed", "queue.exists"]) == "did you mean 'queue.consumed'?"
    assert did_you_mean("x", ["b", "a"]) == "allowed: a, b"
    assert did_you_mean("x", []) == "none is known here"


@given(st.text(), st.lists(st.text(min_size=1)))
def test_a_hint_never_fails_and_never_invents(word: str, names: list[str]) -> None:
    hint = did_you_mean(word, names)
    assert hint
    if hint.startswith("did you mean"):
        assert any(repr(name) in hint for name in names)


def test_a_name_has_one_owner() -> None:
    registry: Registry[int] = Registry("check")
    registry.add("a", 1, "ours")
    registry.add("a", 2, "ours")
    with pytest.raises(ValueError, match="check 'a' of theirs is already owned by ours; choose another name"):
        registry.add("a", 3, "theirs")
    assert registry["a"] == 2
    with pytest.raises(KeyError, match="unknown check 'b'; allowed: a"):
        registry["b"]
