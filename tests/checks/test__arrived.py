"""What arrived, counted look by look."""

from __future__ import annotations

import pytest

from pytest_distaudit.checks._arrived import Arrived, at_rest
from pytest_distaudit.domain.evidence import Seen
from pytest_distaudit.domain.judgement import Unverifiable
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

#: ten a second, from 0 to 20 s
SENT = [Sent(f"n{at}", at / 10, at / 10, 0.01, Outcome.OK) for at in range(200)]


def looks(*counts, step=1.0, unseen=""):
    return [Seen(Work({"set": count}, unseen=unseen), at * step, "one") for at, count in enumerate(counts)]


def arrived(*counts, began=0.0, ended=20.0, lag=0.0, **more):
    return Arrived(looks(*counts, **more), SENT, began, ended, lag)


def test_what_came_for_each_request():
    seen = arrived(0, 10, 20, 30)
    assert (seen.began, seen.ended, seen.asked, seen.rate, seen.each) == (0.0, 3.0, 30, 10.0, {"set": 1.0})
    assert arrived(5, 10, 20, 25, began=0.5, ended=2.5).each == {"set": 1.0}
    assert arrived(0, 0, 10, 20, began=1.0, lag=1.0).asked == 20
    assert arrived(0, 0, 10, 20, lag=1.0).asked == 20
    assert arrived(0, 4, began=0, step=0.05).each == {"set": 4.0}


def test_for_how_long_nothing_came():
    assert arrived(0, 10, 20).stood_still("set") == 0.0
    assert arrived(0, 0, 0, 20, 20).stood_still("set") == 2.0
    assert arrived(0, 10, 20, 20, 20, 20).stood_still("set") == 3.0
    assert arrived(0, 10).stood_still("get") == 1.0


@pytest.mark.parametrize(
    ("counts", "unseen", "late"),
    [
        ((0, 0, 7, 7), "rows", 7),
        ((0, 0, 7, 7), "", 0),
        ((0, 2, 7, 7), "rows", 0),
        ((7, 7, 7), "rows", 0),
    ],
)
def test_what_is_told_late_comes_at_once(counts, unseen, late):
    assert arrived(*counts, unseen=unseen).late("set") == late


def test_what_comes_while_nothing_is_asked():
    resting = Resting(1.0, 1.5, 3.5, 4.0, {})
    assert at_rest(looks(0, 10, 10, 13, 16, 90), resting) == {"set": 2.0}
    assert at_rest(looks(0, 10, 10, 10, 10, 90), resting) == {}


@pytest.mark.parametrize(
    ("counts", "said"), [((0,), "fewer than two looks"), ((5, 3), "reset"), ((0, 9, 3, 12), "reset")]
)
def test_looks_that_do_not_tell(counts, said):
    with pytest.raises(Unverifiable) as caught:
        arrived(*counts)
    assert said in caught.value.judgement.because
