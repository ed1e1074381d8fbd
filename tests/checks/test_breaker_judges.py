"""The judge of circuit breakers, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import CHECKS, claim, fact
from .links import ENDED, INJECTED, RATE, UNDONE, Fate, breaking, failing, seen, word


def broken(*looks: Observation, **params: object) -> tuple[str, str]:
    return word("breaker.opens", *looks, **{"open_for": "0.5 s", "timeout": "0.3 s", "errors": False, **params})


def test_a_breaker_that_opens_tries_and_closes_is_verified():
    verdict, actual = broken(*seen(breaking()))
    assert (verdict, actual.partition(" calls")[0]) == ("verified", "opened after 24")
    other = seen(breaking(opens=INJECTED + 1.0, closes=UNDONE + 0.2), "error")
    verdict, actual = broken(*seen(breaking()), *other, errors=True)
    assert verdict == "verified"
    assert actual == "opened after 49 calls, tried again, closed 0.5 s after the heal"


def test_one_that_never_opens_is_refuted_whichever_failure_shows_it():
    assert broken(*seen(failing)) == ("refuted", "never opened")
    assert broken(*seen(breaking()), *seen(failing, "error"), errors=True) == ("refuted", "never opened")
    slow_while_open = seen(breaking(slow=0.2))
    assert broken(*slow_while_open, *seen(failing, "error"), errors=True) == ("refuted", "never opened")


def test_one_that_never_closes_is_refuted():
    assert broken(*seen(breaking(closes=ENDED))) == ("refuted", "never closed again")


def test_a_caller_that_is_gone_is_no_open_breaker():
    fates = breaking()
    looks = seen(fates)
    flow = Traffic("ask", RATE, tuple(_unanswered(one) for one in _flow(seen(fates)).sent))
    args = {"fault": "half-open", "caller": "front"}
    looks = (*looks[:2], fact("", flow, operation="ask", system="model", **args))
    assert broken(*looks) == ("inconclusive-statistics", "no breaker seen")


def _unanswered(sent: Sent) -> Sent:
    gone = not sent.ok and sent.took < 0.1
    return replace(sent, status=None) if gone else sent


def _flow(looks: tuple[Observation, ...]) -> Traffic:
    return from_json(Traffic, looks[2].value)


def test_slow_answers_while_open_leave_it_undecided():
    assert broken(*seen(breaking(slow=0.2))) == ("inconclusive-statistics", "no breaker seen")
    # a quarter of what calls into the silence take, whatever others take
    assert broken(*seen(breaking(slow=0.074)))[0] == "verified"
    assert broken(*seen(breaking(slow=0.076))) == ("inconclusive-statistics", "no breaker seen")


def test_what_was_under_way_when_the_link_began_to_fail_may_fail():
    def fate(at: float) -> Fate:
        return (0.3, False, [0.001]) if INJECTED - 0.1 < at < INJECTED else breaking()(at)

    assert broken(*seen(fate))[0] == "verified"


def test_a_caller_that_calls_nobody_shows_nothing():
    verdict, actual = broken(*seen(lambda at: (0.01, True, [])))
    assert (verdict, actual) == ("vacuous", "nothing came from front to model")


def test_without_nonces_arrivals_are_told_by_their_time_unless_others_arrive_too():
    assert broken(*seen(breaking(), named=False))[0] == "verified"
    assert broken(*seen(failing, named=False)) == ("refuted", "never opened")
    assert broken(*seen(breaking(), named=False, others=50))[0] == "no-observable"
    assert broken(*seen(breaking(), named=True, others=50))[0] == "verified"


@pytest.mark.parametrize(
    ("open_s", "rate", "hold_s", "steady_s"),
    [(0.1, 50, 5.22, 1.0), (0.5, 50, 5.7, 1.0), (1.0, 25, 8.3, 1.6), (60.0, 10, 85.1, 4.0)],
)
def test_it_lasts_until_the_breaker_is_open_has_tried_in_vain_and_is_open_again(open_s, rate, hold_s, steady_s):
    of = claim("breaker.opens", open_for=f"{open_s} s", timeout="0.3 s")
    half_open, error = CHECKS["breaker.opens"].needs(of)
    assert (half_open.fault, error.fault) == (Fault.HALF_OPEN, Fault.ERROR)
    assert (half_open.role, half_open.caller) == ("system", "caller")
    course = half_open.course
    assert (course.rate, course.patience_s, course.times) == (rate, 10.0, 1)
    assert (course.hold_s, course.steady_s) == pytest.approx((hold_s, steady_s))
    assert course.after_s == pytest.approx(1.2 * open_s + 1 + 40 / rate)
    assert [one.fault for one in CHECKS["breaker.opens"].needs(claim("breaker.opens", errors=False))] == [
        Fault.HALF_OPEN
    ]
