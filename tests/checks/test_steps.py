"""A later step may refute what an earlier one cannot tell."""

from __future__ import annotations

import pytest

from pytest_distaudit.checks._steps import every
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.judgement import Refuted, Unverifiable, refute, unverifiable
from pytest_distaudit.domain.verdict import Reason


def cannot_tell():
    unverifiable(Reason.VACUOUS, "nothing")


def cannot_see():
    raise Unobservable(Reason.FORBIDDEN, "no")


def refutes():
    refute("wrong")


def test_all_answers_in_order():
    assert every([lambda: 1, lambda: 2]) == [1, 2]


@pytest.mark.parametrize("doubt", [cannot_tell, cannot_see])
def test_a_refutation_goes_before_a_doubt(doubt):
    with pytest.raises(Refuted):
        every([doubt, refutes])


def test_of_doubts_the_first_is_told():
    with pytest.raises(Unobservable):
        every([cannot_see, cannot_tell, lambda: 1])
    with pytest.raises(Unverifiable):
        every([cannot_tell, cannot_see])
