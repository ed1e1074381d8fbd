"""The judge of times, branch by branch, on evidence made by hand."""

from __future__ import annotations

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.timing import Startup

from .evidence import claim, evidence, fact, failure, judged

ROLES = {"system": ("api",)}


def told(time, *seen):
    judgement = judged(claim("startup.time", time=time), evidence(ROLES, *seen))
    return judgement.reason or judgement.verdict.value


@pytest.mark.parametrize(
    ("seen", "time", "word"),
    [
        (Startup(1.0, 1.1, own_word=True), "<= 2 s", "verified"),
        (Startup(1.0, 1.1, own_word=True), "<= 1 s", Reason.INCONCLUSIVE_STATISTICS),
        (Startup(1.0, 1.1, own_word=True), "< 900 ms", "refuted"),
        (Startup(1.0, 1.1, own_word=True), "> 2 s", "refuted"),
        (Startup(1.0, 1.1, own_word=True), "1 s", Reason.AMBIGUOUS_CLAIM),
        (Startup(1.0, 1.1, own_word=False), "<= 2 s", Reason.NO_OBSERVABLE),
        (Startup(1.0, 1.1, own_word=False), "> 1 s", Reason.NO_OBSERVABLE),
        (Startup(1.0, 1.1, own_word=False), "<= 900 ms", "refuted"),
        (Startup(1.0, None, own_word=True, trouble="exited with 1"), "<= 30 s", "refuted"),
        (Startup(9.0, None, own_word=True, trouble="not ready after 9 s"), "<= 8 s", "refuted"),
        (Startup(9.0, None, own_word=True, trouble="not ready after 9 s"), "<= 30 s", Reason.NO_OBSERVABLE),
        (Startup(9.0, None, own_word=True, trouble="not ready after 9 s"), "> 5 s", Reason.NO_OBSERVABLE),
    ],
)
def test_a_start_is_judged_by_both_ends_of_what_was_seen(seen, time, word):
    assert told(time, fact("api", seen)) == word


def test_a_start_that_nobody_watched_is_not_told():
    assert told("<= 2 s", failure("api", Startup, Reason.NO_OBSERVABLE)) == Reason.NO_OBSERVABLE
