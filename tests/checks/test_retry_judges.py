"""The judge of retries, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.traffic import Traffic

from .evidence import CHECKS, claim, evidence, judged
from .links import INJECTED, ROLES, UNDONE, WELL, Fate, seen, word


def trying(*gaps: float, reaches: float = 1.0) -> Callable[[float], Fate]:
    """A try that comes when the errors are over works; of these, ``reaches`` are answered with it."""
    times = [0.001]
    for gap in gaps:
        times.append(times[-1] + gap)

    def fate(at: float) -> Fate:
        if not INJECTED <= at < UNDONE:
            return WELL
        tries = 1 + next((n for n, later in enumerate(times) if at + later >= BACK), len(times) - 1)
        works = at + times[tries - 1] >= BACK
        return times[tries - 1] + 0.01, works and (at * 100) % 100 < reaches * 100, times[:tries]

    return fate


BACK = UNDONE + 0.1


def backed(*looks: Observation, **params: object) -> tuple[str, str]:
    return word("retry.backoff", *looks, **{"lasts": "2 s", **params})


@pytest.mark.parametrize(
    ("gaps", "verdict", "actual"),
    [
        ((0.1, 0.2, 0.4, 0.8), "verified", "5 tries, 0.1, 0.2, 0.4, 0.8 s apart"),
        ((0.1, 0.2, 0.3, 0.4), "refuted", "the time between tries grows by the same amount"),
        ((0.2, 0.2, 0.2, 0.2), "refuted", "tried again after the same time"),
        ((0.001, 0.001), "refuted", "tried again at once"),
        ((), "refuted", "not tried again"),
        ((0.3,), "inconclusive-statistics", "no schedule seen"),
    ],
)
def test_schedules(gaps, verdict, actual):
    assert backed(*seen(trying(*gaps), "error", rate=20)) == (verdict, actual)


def test_tries_and_jitter_are_as_claimed():
    looks = seen(trying(0.1, 0.2, 0.4, 0.8), "error", rate=20)
    assert backed(*looks, attempts="<= 5")[0] == "verified"
    assert backed(*looks, attempts="<= 4") == ("refuted", "5 tries")
    assert backed(*looks, jitter=True) == ("refuted", "no jitter")


def test_tries_that_carry_no_nonce_are_not_told_apart():
    looks = seen(trying(0.1, 0.2, 0.4, 0.8), "error", rate=20, named=False)
    assert backed(*looks) == ("no-observable", "retries not told apart")


def test_requests_whose_last_try_was_not_awaited_do_not_count():
    assert backed(*seen(trying(0.1, 0.2, 0.4, 0.8), "error", rate=20), lasts="5.9 s")[0] == "inconclusive-statistics"


def test_it_lasts_until_enough_requests_have_been_tried_for_the_last_time():
    (need,) = CHECKS["retry.backoff"].needs(claim("retry.backoff", lasts="3 s"))
    assert (need.fault, need.role, need.caller) == (Fault.ERROR, "system", "caller")
    assert need.course == Course(5.0, 10.0, rate=20.0, answer_s=5.0)


def test_jitter_is_seen_or_not_or_undecided():
    """Shares by which gaps of the same number differ: none, much, and something between."""

    def spread(share: float) -> Callable[[float], Fate]:
        def fate(at: float) -> Fate:
            factor = 1 + share * (((at * 20) % 3) - 1)
            return trying(*(gap * factor for gap in (0.1, 0.2, 0.4, 0.8)))(at)

        return fate

    found = [backed(*seen(spread(share), "error", rate=20), jitter=True) for share in (0.0, 0.07, 0.3)]
    assert found[0] == ("refuted", "no jitter")
    assert found[1] == ("inconclusive-statistics", "jitter not seen")
    assert found[2][0] == "verified"
    assert backed(*seen(spread(0.07), "error", rate=20))[0] == "verified"


@pytest.mark.parametrize(
    ("gaps", "because"),
    [
        ((0.1, 0.2, 0.4, 0.8), "each time 2 times the one before"),
        ((0.1, 0.2, 0.4), "each time 2 times the one before; too few, or too varied, to tell how they grow"),
    ],
)
def test_what_was_seen_is_told(gaps, because):
    of = replace(claim("retry.backoff", lasts="2 s"), operation="ask")
    told = judged(of, evidence(ROLES, *seen(trying(*gaps), "error", rate=20)))
    assert (told.verdict.value, told.because) == ("verified", because)


def test_what_is_undecided_says_what_was_seen():
    of = replace(claim("retry.backoff", lasts="2 s"), operation="ask")
    told = judged(of, evidence(ROLES, *seen(trying(0.3), "error", rate=20)))
    assert told.because == "ask, at most 2 tries"


@pytest.mark.parametrize(("late", "verdict"), [(0.018, "verified"), (0.022, "budget")])
def test_a_machine_that_is_too_busy_tells_no_gaps(late, verdict):
    """Every second request of the audit is late: half of that is the spread, a tenth of the first gap may be."""
    assert backed(*busy(late))[0] == verdict


def test_but_what_does_not_reach_the_client():
    assert backed(*busy(0.022, reaches=0.0)) == ("refuted", "what works at a later try does not reach the client")
    assert backed(*busy(0.022, reaches=0.8))[0] == "budget"


def busy(late: float, reaches: float = 1.0) -> tuple[Observation, ...]:
    told, came, flow = seen(trying(0.1, 0.2, 0.4, 0.8, reaches=reaches), "error", rate=20)
    sent = from_json(Traffic, flow.value).sent
    slow = [replace(one, due=one.due - late * (at % 2)) for at, one in enumerate(sent)]
    return told, came, replace(flow, value=to_json(Traffic("ask", 20, tuple(slow))))


# --- what works at last, and what never will

DOUBLING = (0.1, 0.2, 0.4, 0.8)


@pytest.mark.parametrize(
    ("reaches", "verdict"), [(1.0, "verified"), (0.8, "inconclusive-statistics"), (0.0, "refuted"), (0.3, "refuted")]
)
def test_what_works_at_a_later_try_reaches_the_client(reaches, verdict):
    assert backed(*seen(trying(*DOUBLING, reaches=reaches), "error", rate=20))[0] == verdict


def test_what_is_not_seen_to_reach_the_client_is_not_said():
    def told(*gaps: float):
        of = replace(claim("retry.backoff", lasts="2 s"), operation="ask")
        return judged(of, evidence(ROLES, *seen(trying(*gaps), "error", rate=20)))

    few, many = told(0.03, 0.06, 0.12, 0.24), told(*DOUBLING)
    assert few.verdict.value == many.verdict.value == "verified", few
    assert few.shows_not.endswith("what works at a later try reaches the client")
    assert "client" not in many.shows_not


def test_what_the_audit_gave_up_does_not_count():
    told, came, flow = seen(trying(*DOUBLING, reaches=0.0), "error", rate=20)
    sent = [replace(one, status=None) if not one.ok else one for one in from_json(Traffic, flow.value).sent]
    given_up = replace(flow, value=to_json(Traffic("ask", 20, tuple(sent))))
    assert backed(told, came, given_up)[0] == "verified"


def rejecting(tries: Callable[[float], int], *, named: bool = True) -> tuple[Observation, ...]:
    def fate(at: float) -> Fate:
        return (0.1, False, [0.001 + 0.1 * n for n in range(tries(at))]) if INJECTED <= at < UNDONE else WELL

    return seen(fate, "reject", rate=20, named=named)


@pytest.mark.parametrize(
    ("tries", "told"),
    [
        (lambda at: 1, ("verified", "5 tries, 0.1, 0.2, 0.4, 0.8 s apart")),
        (lambda at: 2, ("refuted", "what is rejected is tried again")),
        (lambda at: 1 + (round(at * 20) % 5 == 0), ("refuted", "what is rejected is tried again")),
        (
            lambda at: 1 + (round(at * 20) % 20 == 0),
            ("inconclusive-statistics", "some of what is rejected is tried again"),
        ),
        (lambda at: round(at * 20) % 20 == 0, ("vacuous", "5 rejected requests")),
    ],
)
def test_what_is_rejected_is_let_be(tries, told):
    looks = *seen(trying(*DOUBLING), "error", rate=20), *rejecting(tries)
    assert backed(*looks, rejected=True) == told
    assert backed(*looks)[0] == "verified"


def test_rejected_requests_are_told_apart_too():
    looks = *seen(trying(*DOUBLING), "error", rate=20), *rejecting(lambda at: 1, named=False)
    assert backed(*looks, rejected=True) == ("no-observable", "retries not told apart")


def test_it_is_rejected_for_a_shorter_while():
    _, need = CHECKS["retry.backoff"].needs(claim("retry.backoff", lasts="3 s", rejected=True))
    assert (need.fault, need.course.hold_s, need.caller) == (Fault.REJECT, 4.0, "caller")
