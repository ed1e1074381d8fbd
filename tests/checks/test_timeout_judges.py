"""The judge of timeouts, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_distaudit.domain.observation import Observation

from .links import INJECTED, LATE, UNDONE, WELL, Fate, breaking, seen, word


def ending(after: float) -> Callable[[float], Fate]:
    return lambda at: (after, False, [0.001]) if INJECTED <= at < UNDONE else WELL


def bounded(*looks: Observation, time: str = "0.5 s") -> tuple[str, str]:
    return word("timeout.bounds", *looks, time=time)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(0.5, "verified"), (0.41, "verified"), (1.05, "verified"), (1.2, "inconclusive-statistics"), (1.6, "refuted")],
)
def test_calls_end_in_time_or_never(after, verdict):
    assert bounded(*seen(ending(after), rate=20))[0] == verdict


def test_early_answers_are_not_the_timeout_that_was_claimed():
    assert bounded(*seen(ending(0.3), rate=20)) == ("inconclusive-statistics", "neither in time nor never")


def test_who_answers_and_keeps_the_connection_is_refuted():
    assert bounded(*seen(ending(0.5), rate=20, closes=False)) == ("refuted", "connections are kept")


def test_a_call_that_tries_again_is_one_call():
    def fate(at: float) -> Fate:
        return (2.0, False, [0.001, 0.5, 1.0, 1.5]) if INJECTED <= at < UNDONE else WELL

    assert bounded(*seen(fate, rate=20)) == ("refuted", "calls do not end")


def test_calls_that_a_breaker_stopped_do_not_count():
    fates = breaking(opens=INJECTED + 1.0)
    looks = seen(lambda at: (0.5, *fates(at)[1:]) if fates(at) == LATE else fates(at))
    assert bounded(*looks)[0] == "verified"


def test_too_few_calls_decide_nothing():
    assert bounded(*seen(ending(0.5), rate=20), time="1.95 s")[0] == "inconclusive-statistics"
