"""The judge of divided work, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.programs import Surface

from .evidence import CHECKS, claim, evidence, judged
from .experiments import experiment, round_, traffic
from .test_services_judges import NAMES, ORDERS, USERS, seen

AWAY_S = 2.0
ROUND = round_(undone=AWAY_S, back=3.0)
#: service -> operations that fail while it is away
DIVIDED = {"orders": ("order", "turnover"), "users": ("order", "people")}
OPERATIONS = ("order", "turnover", "people")


def stops(later):
    return later < AWAY_S


def never(later):
    return False


def flows(needed, operations=OPERATIONS, fails=stops, **more):
    return [
        traffic(operation=name, fault="outage", system=one, fails=fails if name in needed[one] else never, **more)
        for one in needed
        for name in operations
    ]


def told(needed=DIVIDED, operations=OPERATIONS, looks=(ORDERS, USERS), one=ROUND, more=None, **params):
    of = claim("architecture.microservices", serves="orders=/orders, users=/users", **params)
    of = replace(of, operation=", ".join(operations))
    experiments = [experiment(one, system=name, fault="outage") for name in needed]
    stands = seen(*looks).observations
    traffics = flows(needed, operations) if more is None else more
    return judged(of, evidence({"services": NAMES}, *stands, *experiments, *traffics))


def word(*args, **more):
    judgement = told(*args, **more)
    return judgement.reason or judgement.actual


def test_each_is_needed_for_a_part():
    judgement = told()
    assert (judgement.verdict, judgement.actual) == (Verdict.VERIFIED, "2 services, each needed for a part")
    assert judgement.because == "orders is needed for order, turnover; users is needed for order, people"


@pytest.mark.parametrize(
    ("needed", "actual"),
    [
        ({"orders": ("order",), "users": ()}, "all is done by orders"),
        ({"orders": OPERATIONS, "users": ()}, "all is done by orders"),
        ({"orders": (), "users": ()}, "none of them is needed"),
        ({"orders": OPERATIONS, "users": OPERATIONS}, "none works without all others"),
    ],
)
def test_work_that_is_not_divided(needed, actual):
    judgement = told(needed)
    assert (judgement.verdict, judgement.actual) == (Verdict.REFUTED, actual)


def test_one_that_all_need_may_be_their_way_in():
    assert word({"orders": OPERATIONS, "users": ("people",)}) is Reason.VACUOUS


def test_what_stands_is_judged_first():
    again = USERS.but(process=ORDERS.process)
    assert word({"orders": (), "users": ()}, looks=(ORDERS, again)) == "orders and users are one process"
    wide = USERS.but(surface=Surface(("/orders", "/users")))
    assert word(looks=(ORDERS, wide)) is Reason.NO_OBSERVABLE


def test_one_operation_has_no_parts():
    assert word(operations=("order",)) is Reason.VACUOUS


def test_replicas_are_not_taken_away_one_by_one():
    assert word(replicas="both=orders+users", count=1) is Reason.TOPOLOGY_TOO_SMALL
    of = claim("architecture.microservices", serves="orders=/orders, u=/users", replicas="u=users+users-2")
    twice = USERS.but(name="users-2")
    looks = seen(ORDERS, USERS, twice.but(process=replace(USERS.process, identity="run-2"),
                                          program=replace(USERS.program, process="run-2")))  # fmt: skip
    names = {"services": ("orders", "users", "users-2")}
    judgement = judged(replace(of, operation="order, people"), evidence(names, *looks.observations))
    assert judgement.reason is Reason.NO_CONTROL


def test_what_fails_now_and_then_is_not_told():
    now_and_then = flows(DIVIDED, fails=lambda later: later < AWAY_S / 2)
    assert word(more=now_and_then) is Reason.INCONCLUSIVE_STATISTICS


def test_an_answer_that_no_longer_holds_what_was_asked_is_a_failure():
    lost = [
        traffic(operation=name, fault="outage", system=one, fails=never,
                echoed=(lambda later: not 0 <= later < AWAY_S) if name in DIVIDED[one] else True)
        for one in DIVIDED
        for name in OPERATIONS
    ]  # fmt: skip
    assert told(more=lost).verdict is Verdict.VERIFIED


def waits(later):
    return AWAY_S + 0.1 - later if 0 <= later < AWAY_S else 0.01


def test_what_waits_until_it_is_back_does_not_go_on():
    waiting = [
        traffic(operation=name, fault="outage", system=one, fails=never,
                took=waits if name in DIVIDED[one] else 0.01)
        for one in DIVIDED
        for name in OPERATIONS
    ]  # fmt: skip
    assert told(more=waiting).verdict is Verdict.VERIFIED


def test_what_was_under_way_when_it_came_back_shows_nothing():
    late = flows(DIVIDED, took=lambda later: 0.5 if AWAY_S - 0.4 < later < AWAY_S else 0.01)
    assert told(more=late).verdict is Verdict.VERIFIED


def accepts(flow):
    sent = [{**one, "status": 202} if one["status"] == 200 else one for one in flow.value["sent"]]
    return replace(flow, value={**flow.value, "sent": sent})


def test_what_is_only_accepted_may_be_done_later():
    needed = {"orders": ("order",), "users": ()}
    accepted = [accepts(one) if one.ask.arg("operation") == "order" else one for one in flows(needed)]
    assert word(needed, more=accepted) is Reason.NO_OBSERVABLE


def test_too_few_requests_meanwhile():
    assert word(one=round_(undone=0.5, back=3.0)) is Reason.VACUOUS


def test_a_fault_that_did_not_show():
    assert word(one=round_(seen=None)) is Reason.FAULT_NOT_EFFECTIVE


def test_each_is_taken_away_once():
    of = claim("architecture.microservices")
    need = CHECKS[of.check].needs(of)[-1]
    assert (need.fault, need.role, need.course.times) == ("outage", "services", 1)
