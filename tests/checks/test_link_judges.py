"""The judges of links, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.links import Arrival, Arrivals, Line
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import claim, evidence, fact, judged

ROLES = {"caller": ("front",), "system": ("model",)}
RATE = 50.0
INJECTED, UNDONE, ENDED = 2.0, 8.0, 14.0

#: what one call at some second comes to: (took, ok, when after the call something arrived)
Fate = tuple[float, bool, list[float]]
WELL: Fate = (0.01, True, [0.001])
LATE: Fate = (0.3, False, [0.001])
FAST: Fate = (0.001, False, [])


def seen(
    fate: Callable[[float], Fate],
    fault: str = "half-open",
    *,
    rate: float = RATE,
    named: bool = True,
    closes: bool = True,
    others: int = 0,
    first: int = 0,
) -> tuple[Observation, ...]:
    """One experiment. ``named``: arrivals carry nonces; ``closes``: the caller closes when it answers."""
    sent, arrivals, lines = [], [], []
    for number in range(int(ENDED * rate)):
        at, nonce = number / rate, f"distaudit-{first + number:032x}"
        took, ok, arrived = fate(at)
        status, outcome = (200, Outcome.OK) if ok else (503, Outcome.FAIL)
        sent.append(Sent(nonce, at, at, took, outcome, status, echoed=ok))
        for later in arrived:
            line = len(lines) + 1
            arrivals.append(Arrival(at + later, line, "GET /say", (nonce,) if named else ()))
            lines.append(Line(line, at + later, at + took if closes else None))
    arrivals += [Arrival(number / 100, 0) for number in range(others)]
    round_ = Round(INJECTED, INJECTED + 1, "seen", UNDONE, UNDONE + 0.1)
    told = Experiment(fault, "model", 0.0, ENDED, True, 6.0, 10.0, (round_,), "", "front")
    args = {"fault": fault, "caller": "front"}
    came = Arrivals(True, tuple(sorted(arrivals, key=lambda one: one.at)), tuple(lines))
    return (
        fact("model", told, **args),
        fact("model", came, **args),
        fact("", Traffic("ask", rate, tuple(sent)), operation="ask", system="model", **args),
    )


def word(check: str, *looks: Observation, **params: object) -> tuple[str, str]:
    of = replace(claim(check, **params), operation="ask")
    told = judged(of, evidence(ROLES, *looks))
    return (told.reason or told.verdict).value, told.actual


# --- breaker.opens


def breaking(
    opens: float = INJECTED + 0.5, tries: float = 0.5, closes: float = UNDONE + 0.5, slow: float = 0.001
) -> Callable[[float], Fate]:
    """A breaker that is open from one second to another, and lets one call in so often through meanwhile."""

    def fate(at: float) -> Fate:
        if at < INJECTED or at >= closes:
            return WELL
        if at < opens:
            return LATE
        return (
            LATE if at < UNDONE and ((at - opens) % tries) < 1 / RATE and at > opens + tries / 2 else (slow, False, [])
        )

    return fate


def broken(*looks: Observation, **params: object) -> tuple[str, str]:
    return word("breaker.opens", *looks, **{"open_for": "0.5 s", "timeout": "0.3 s", "errors": False, **params})


def failing(at: float) -> Fate:
    return LATE if INJECTED <= at < UNDONE else WELL


def test_a_breaker_that_opens_tries_and_closes_is_verified():
    verdict, actual = broken(*seen(breaking()))
    assert (verdict, actual.partition(" calls")[0]) == ("verified", "opened after 24")
    both = (*seen(breaking()), *seen(breaking(), "error"))
    assert broken(*both, errors=True)[0] == "verified"


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
    from pytest_distaudit.ports.codec import from_json

    return from_json(Traffic, looks[2].value)


def test_slow_answers_while_open_leave_it_undecided():
    assert broken(*seen(breaking(slow=0.2))) == ("inconclusive-statistics", "no breaker seen")


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


# --- timeout.bounds


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


# --- retry.backoff


def trying(*gaps: float) -> Callable[[float], Fate]:
    times = [0.001]
    for gap in gaps:
        times.append(times[-1] + gap)
    return lambda at: (times[-1] + 0.01, False, times) if INJECTED <= at < UNDONE else WELL


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


# --- bulkhead.isolates


def crowded(most: int, stays: float = 1.0) -> Callable[[float], Fate]:
    """So many at once are let in while it hangs, the others turned away."""
    inside: list[float] = []

    def fate(at: float) -> Fate:
        if not INJECTED <= at < UNDONE:
            return WELL
        inside[:] = [end for end in inside if end > at]
        if len(inside) >= most:
            return FAST
        inside.append(at + stays)
        return (stays, False, [0.0005])

    return fate


def kept_apart(
    *fates: Callable[[float], Fate], free: str = "free", first: int = 10_000, **params: object
) -> tuple[str, str]:
    needing, other = (seen(fate, rate=20, first=at * first) for at, fate in enumerate(fates))
    flow = replace(other[2], ask=Traffic.ask(operation="free", system="model", fault="half-open", caller="front"))
    of = claim("bulkhead.isolates", **{"free": free, "timeout": "1 s", **params})
    told = judged(replace(of, operation="ask, free"), evidence(ROLES, *needing, flow))
    return (told.reason or told.verdict).value, told.actual


def calm(at: float) -> Fate:
    return (0.01, True, [])


def test_a_limit_and_others_that_go_on_are_verified():
    assert kept_apart(crowded(5), calm, limit=5) == ("verified", "at most 5 calls at once")
    assert kept_apart(crowded(5), calm)[0] == "verified"


@pytest.mark.parametrize("others", [(3.0, True, []), (0.01, False, [])])
def test_others_that_stall_or_fail_are_refuted(others: Fate):
    told = kept_apart(crowded(5), lambda at: others if INJECTED <= at < UNDONE else calm(at), limit=5)
    assert told == ("refuted", "free fails or stalls, too")


def test_others_that_are_a_little_slower_leave_it_undecided():
    told = kept_apart(crowded(5), lambda at: (0.08, True, []) if INJECTED <= at < UNDONE else calm(at), limit=5)
    assert told == ("inconclusive-statistics", "free is slower")


def test_more_than_the_limit_are_refuted_and_no_limit_only_where_one_is_claimed():
    assert kept_apart(crowded(9), calm, limit=5) == ("refuted", "9 calls at once")
    assert kept_apart(crowded(99), calm, limit=5)[0] == "refuted"
    assert kept_apart(crowded(99), calm) == ("ambiguous-claim", "no limit seen")


def test_fewer_than_the_limit_show_nothing():
    assert kept_apart(crowded(99), calm, limit=50) == ("vacuous", "no limit seen")


@pytest.mark.parametrize(("free", "actual"), [("ask, free", "every operation is free"), ("fre", "fre is not asked")])
def test_the_free_operations_are_some_of_those_that_are_asked(free, actual):
    assert kept_apart(crowded(5), calm, free=free) == ("ambiguous-claim", actual)


def test_an_operation_that_arrives_is_not_free():
    fate = crowded(5)
    assert kept_apart(fate, lambda at: WELL, limit=5, first=0)[0] == "ambiguous-claim"
