"""What of a refuted experiment is enough to refute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine.conduct import Conducted, conduct
from pytest_distaudit.engine.plan import Planned
from pytest_distaudit.engine.record import RecordedSight
from pytest_distaudit.engine.shortest import _fewest, shortest
from pytest_distaudit.ports.traffic import Sent
from pytest_distaudit.reports.explain import _shortest
from tests.checks.deliveries import carrying, effects, looks
from tests.checks.evidence import CHECKS, claim
from tests.checks.experiments import experiment, round_, traffic

DELIVERS = {"system": ("broker",), "consumer": ("worker",)}
HELD = experiment(round_(seen=0.1, undone=9.5, back=9.6), system="worker", fault="freeze")
FLOW = traffic(fails=lambda later: False, system="worker", fault="freeze")


def planned(name: str, roles: dict[str, tuple[str, ...]], **params: object) -> Planned:
    of = replace(claim(name, **params), operation="ask")
    return Planned(of, CHECKS[name], roles, (), operations=("ask",))


def judged(of: Planned, *seen: Observation) -> Conducted:
    return conduct(of, iter([RecordedSight(seen)]))


def delivered(lost: Callable[[float], bool]) -> tuple[Planned, Conducted]:
    """The consumer stands still from 2.0 s to 11.5 s; what ``lost`` names by when it was sent is taken and not done."""

    def taken(one: Sent) -> float:
        return 12.5 if 2.0 <= one.sent < 11.5 else one.sent + 0.1

    done = effects(FLOW, lambda one: None if lost(one.sent) else taken(one))
    of = planned("queue.delivers", DELIVERS, queue="tasks")
    return of, judged(of, HELD, FLOW, done, *looks(carrying(FLOW, taken)))


def test_the_one_that_was_lost_is_left_and_little_else():
    of, conducted = delivered(lambda sent: sent == 5)
    assert conducted.judgement.actual == "1 of 240 had no effect"
    found = shortest(of, conducted)
    assert found is not None
    assert "n5.0" in {one.nonce for _, one in found.requests}
    assert (found.of_requests, found.of_faults) == (240, 1)
    assert len(found.requests) == 2 * ENOUGH, found.judgement
    assert found.judgement.verdict is Verdict.REFUTED


def test_of_several_faults_the_one_that_was_not_survived():
    rounds = [round_(1), round_(2, back=None), round_(3)]
    of = planned("recovery.self-heals", {"system": ("api",)})
    flow = traffic(3, lambda later: later < 1.0)
    conducted = judged(of, experiment(*rounds), flow)
    assert conducted.judgement.verdict is Verdict.REFUTED, conducted.judgement
    found = shortest(of, conducted)
    assert found is not None
    assert [at for _, at in found.faults] == [rounds[1].injected]
    assert found.of_faults == 3


def test_what_is_not_refuted_has_none():
    assert shortest(*delivered(lambda sent: False)) is None


def test_without_an_experiment_there_is_none():
    of, conducted = delivered(lambda sent: sent == 5)
    assert shortest(of, replace(conducted, looks=())) is None


def test_how_it_is_told():
    found = shortest(*delivered(lambda sent: sent == 5))
    assert found is not None
    lines = list(_shortest(found))
    assert lines[0] == f"  enough     1 of 1 fault and {len(found.requests)} of 240 requests refute it, too:"
    assert lines[2:] == [
        "      +0.000 s  freeze of worker",
        "      +3.000 s  ask: ok 200 after 0.010 s",
        f"    and {2 * ENOUGH - 1} requests more, without which that is too little to judge",
    ]


@given(st.integers(0, 60).flatmap(lambda size: st.tuples(st.just(size), st.sets(st.integers(0, max(0, size - 1))))))
def test_nothing_but_what_is_needed_is_left(case: tuple[int, set[int]]):
    size, wanted = case
    needed = wanted & set(range(size))
    found = _fewest(list(range(size)), needed.issubset, lambda: True)
    assert found == sorted(needed)


@pytest.mark.parametrize("most", [0, 1, 7])
def test_no_more_is_tried_than_may_be(most: int):
    tried = 0

    def enough(parts: list[int]) -> bool:
        nonlocal tried
        tried += 1
        return 50 in parts

    left = _fewest(list(range(100)), enough, lambda: tried < most)
    assert tried <= most
    assert 50 in left
