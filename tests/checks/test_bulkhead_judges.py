"""The judge of bulkheads, branch by branch, on calls and arrivals made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Course, Fault
from pytest_distaudit.ports.traffic import Traffic

from .evidence import CHECKS, claim, evidence, judged
from .links import FAST, INJECTED, ROLES, UNDONE, WELL, Fate, seen, together


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


@pytest.mark.parametrize(
    ("params", "rate", "hold_s"),
    [
        ({"limit": 5, "timeout": "1 s"}, 20, 4.0),
        ({"limit": 10, "timeout": "1 s"}, 40, 4.0),
        ({"limit": 50, "timeout": "1 s"}, 50, 7.0),
        ({"timeout": "4 s"}, 25, 7.0),
    ],
)
def test_it_lasts_until_four_times_the_limit_are_in_it(params, rate, hold_s):
    (need,) = CHECKS["bulkhead.isolates"].needs(claim("bulkhead.isolates", free="x", **params))
    assert (need.fault, need.role, need.caller) == (Fault.HALF_OPEN, "system", "caller")
    answer_s = float(params["timeout"].split()[0])
    assert need.course == Course(hold_s, 10.0, rate=rate, answer_s=answer_s)


def test_where_nobody_comes_in_nobody_is_counted():
    looks = seen(crowded(0), rate=20), seen(calm, rate=20, first=10_000)
    flow = replace(looks[1][2], ask=Traffic.ask(operation="free", system="model", fault="half-open", caller="front"))
    of = replace(claim("bulkhead.isolates", free="free", timeout="1 s"), operation="ask, free")
    told = judged(of, evidence(ROLES, *looks[0], flow))
    assert (told.reason.value, told.because) == ("vacuous", "0 in it, 0 wanted to be in it at once")


def test_the_slowest_of_several_is_told():
    fates = [lambda at: (0.01, True, []), lambda at: (0.02, True, [])]
    needing, *others = (seen(fate, rate=20, first=at * 10_000) for at, fate in enumerate([crowded(5), *fates]))
    about = {"system": "model", "fault": "half-open", "caller": "front"}
    flows = [replace(one[2], ask=Traffic.ask(operation=name, **about)) for name, one in zip("xy", others, strict=True)]
    of = replace(claim("bulkhead.isolates", free="x, y", limit=5), operation="ask, x, y")
    told = judged(of, evidence(ROLES, *needing, *flows))
    assert (told.verdict.value, told.because) == ("verified", "the others took 20 ms or less, 95 % of them")


def test_the_fullest_of_several_is_told():
    one, other, free = (
        seen(fate, rate=20, first=at * 10_000) for at, fate in enumerate([crowded(5), crowded(3), calm])
    )
    looks = together(x=one, y=other, z=free)
    of = replace(claim("bulkhead.isolates", free="z", limit=5), operation="x, y, z")
    told = judged(of, evidence(ROLES, *looks))
    assert (told.verdict.value, told.actual) == ("verified", "at most 5 calls at once")
    fewer = replace(claim("bulkhead.isolates", free="z", limit=4), operation="x, y, z")
    assert judged(fewer, evidence(ROLES, *looks)).verdict.value == "refuted"
