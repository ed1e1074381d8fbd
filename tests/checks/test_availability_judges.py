"""The judge of availability, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Health
from pytest_distaudit.ports.work import Work

from .evidence import CHECKS, claim, evidence, fact, judged
from .experiments import RATE, experiment, round_, traffic

ROLES = {"parts": ("a", "b")}
NEVER = {"fails": lambda later: False}


def told(*seen, within=3.0):
    of = replace(claim("availability.no-spof"), operation="ask", timing=Timing(Span.WITHIN, within))
    return judged(of, evidence(ROLES, *seen))


def word(*seen, **more):
    judgement = told(*seen, **more)
    return judgement.reason or judgement.verdict.value


def whole(**flows):
    """Both faults of both parts; ``flows`` are those of some, as ``a_crash={...}``."""
    for part in ROLES["parts"]:
        for fault in ("crash", "freeze"):
            yield experiment(round_(1, back=5.0, undone=4.0), system=part, fault=fault)
            flow = flows.get(f"{part}_{fault}", {"fails": lambda later: later < 1})
            yield traffic(1, fault=fault, system=part, **flow)


def test_a_short_interruption_by_either_is_verified():
    judgement = told(*whole())
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "interrupted for at most 1.0 s, whichever of 2 was lost"


@pytest.mark.parametrize("which", ["a_crash", "a_freeze", "b_crash", "b_freeze"])
def test_one_long_interruption_refutes(which):
    part, fault = which.split("_")
    judgement = told(*whole(**{which: {"fails": lambda later: later < 4}}))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", f"not without {part}")
    assert judgement.because == f"after its {fault}, ask: 80 of 80 requests failed in 4.0 s, the first: 503 no"


def held(until):
    """Keeps all waiting from the fault until then, and answers well."""
    return NEVER | {"took": lambda later: until - later if 0 <= later < until else 0.01}


def test_who_is_kept_waiting_for_longer_is_not_served():
    judgement = told(*whole(a_freeze=held(4.0)))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "not without a")
    assert judgement.because.endswith("the first: 200 answered after 4.0 s"), judgement
    assert told(*whole(a_freeze=held(2.9))).verdict.value == "verified"
    assert told(*whole(a_freeze=held(4.0)), within=4.0).verdict.value == "verified"


def test_what_took_so_long_before_is_served():
    seen = [*whole(a_freeze=held(1.8))]
    assert word(*seen, within=1.5) == "refuted"
    for flow in seen[1::2]:
        flow.value["sent"][0]["took"] = 1.85
    assert word(*seen, within=1.5) == "verified"


def test_failures_now_and_then_count_from_the_first_to_the_last():
    twice = {"a_crash": {"fails": lambda later: later < 0.5 or 5 < later < 5.5}}
    judgement = told(*whole(**twice))
    assert judgement.because.startswith("after its crash, ask: 19 of 110 requests failed in 5.5 s")
    assert judgement.verdict.value == "refuted"
    assert word(*whole(**twice), within=6.0) == "verified"


def test_one_of_a_hundred_may_fail_at_another_time():
    """Of two hundred requests two, however late."""
    for later_on in (8.0, 8.05):
        flow = {"fails": lambda later, until=later_on: later < 0.5 or 7.95 < later <= until}
        judgement = told(*whole(a_crash=flow))
        assert (judgement.verdict.value, judgement.actual) == (
            "verified",
            "interrupted for at most 1.0 s, whichever of 2 was lost",
        ), later_on


def test_more_than_those_and_few_at_any_time_is_undecided():
    flow = {"fails": lambda later: round(later * RATE) in (3, 66, 130, 196)}
    judgement = told(*whole(a_crash=flow))
    assert (judgement.reason, judgement.actual) == (Reason.INCONCLUSIVE_STATISTICS, "not without a")
    assert (
        word(*whole(a_crash={"fails": lambda later: round(later * RATE) % 11 == 0})) == Reason.INCONCLUSIVE_STATISTICS
    )
    assert word(*whole(a_crash={"fails": lambda later: round(later * RATE) % 10 == 0})) == "refuted"


def test_a_busy_machine_does_not_tell_who_is_missed():
    seen = [*whole(a_crash={"fails": lambda later: later < 4})]
    for one in seen[1].value["sent"]:
        one["sent"] += 0.3
    judgement = told(*seen)
    assert (judgement.reason, judgement.actual) == (Reason.BUDGET, "not without a")
    assert judgement.because.endswith("the machine is too busy to tell")


@pytest.mark.parametrize(("slowed", "expected"), [(4.0, "refuted"), (4.1, Reason.BUDGET)])
def test_nor_does_one_on_which_all_takes_long(slowed, expected):
    seen = [*whole(a_crash={"fails": lambda later: later < 4})]
    seen[1].value["slowed"] = slowed
    assert word(*seen) == expected


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        (lambda later: round(later * RATE) in (3, 60, 110, 160), Reason.VACUOUS),
        (lambda later: round(later * RATE) == 3, Reason.VACUOUS),
        (lambda later: round(later * RATE) in (3, 40), Reason.VACUOUS),
        (lambda later: round(later * RATE) in (3, 4), "verified"),
    ],
)
def test_what_fails_by_accident_has_not_met_the_part(fails, expected):
    """Two together are none."""
    assert word(*whole(b_crash={"fails": fails}, b_freeze=NEVER), within=9.0) == expected


def test_the_longest_interruption_is_told():
    flows = {"b_freeze": {"fails": lambda later: later < 2.5}, "b_crash": NEVER}
    assert told(*whole(**flows)).actual.startswith("interrupted for at most 2.5 s")


@pytest.mark.parametrize(("left", "expected"), [(29, Reason.VACUOUS), (30, "verified")])
def test_too_few_requests_after_a_fault_tell_nothing(left, expected):
    seen = [*whole()]
    sent = seen[1].value["sent"]
    del sent[int(2 * RATE) + left :]
    assert word(*seen) == expected


def test_what_never_failed_without_a_part_shows_nothing_of_it():
    seen = [*whole(b_crash=NEVER, b_freeze=NEVER)]
    judgement = told(*seen)
    assert (judgement.reason, judgement.actual) == (Reason.VACUOUS, "b: not in the way")


def test_a_part_that_answers_under_its_name_is_met():
    seen = [*whole(b_crash=NEVER | {"node": lambda later: "a" if 0 <= later < 5 else "boot-b"}, b_freeze=NEVER)]
    assert word(*seen) == Reason.VACUOUS
    assert word(*seen, fact("b", Health(healthy=True), identity="boot-b")) == "verified"
    assert word(*seen, fact("b", Health(healthy=True), identity="")) == Reason.VACUOUS


@pytest.mark.parametrize("fault", ["crash", "freeze"])
@pytest.mark.parametrize(
    ("bears", "expected"),
    [
        (lambda later: True, Reason.VACUOUS),
        (lambda later: not 0 <= later < 4, "verified"),
        (lambda later: later < 0 or 3.9 < later < 4, Reason.VACUOUS),
        # under way when the fault was seen to be there, or answered when it was over
        (lambda later: later < 0.1 or later > 3.99, "verified"),
    ],
)
def test_a_name_that_another_answers_under_shows_nobody(fault, bears, expected):
    """A node that answers for another: under its name while it is gone."""
    flow = NEVER | {"node": lambda later: "boot-b" if bears(later) else "a"}
    quiet = {f"b_{other}": NEVER for other in ("crash", "freeze")}
    seen = whole(**(quiet | {f"b_{fault}": flow}))
    assert word(*seen, fact("b", Health(healthy=True), identity="boot-b")) == expected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([(0.0, 0), (2.0, 40)], "verified"),
        ([(0.0, 100), (2.0, 120)], "verified"),
        ([(0.0, 100), (2.0, 118)], Reason.VACUOUS),
        ([(0.0, 0)], Reason.VACUOUS),
        ([(0.0, 0), (3.0, 40)], Reason.VACUOUS),
        ([(1.0, 0), (1.0, 40)], Reason.VACUOUS),
    ],
)
def test_a_part_that_works_as_often_as_is_asked_is_met(looks, expected):
    work = [fact("b", Work({"queries": count, "writes": 7}), at=at) for at, count in looks]
    assert word(*whole(b_crash=NEVER, b_freeze=NEVER), *work) == expected


def test_a_part_that_holds_a_nonce_is_met():
    nonce = f"n{10 / RATE}"
    work = fact("b", Work({}, nonces=(nonce,)), at=9.0)
    assert word(*whole(b_crash=NEVER, b_freeze=NEVER), work) == "verified"
    other = fact("b", Work({}, nonces=("distaudit-of-others",)), at=9.0)
    assert word(*whole(b_crash=NEVER, b_freeze=NEVER), other) == Reason.VACUOUS


def test_an_operation_that_was_not_steady_tells_nothing():
    seen = [*whole()]
    seen[0] = experiment(system="a", steady=False, trouble="ask failed")
    assert word(*seen) == Reason.BASELINE
    seen = [*whole()]
    unsteady = traffic(1, system="a")
    for one in unsteady.value["sent"][:5]:
        one["outcome"] = "fail"
    seen[1] = unsteady
    judgement = told(*seen)
    assert (judgement.reason, judgement.because) == (
        Reason.BASELINE,
        "before anything was done ask failed 5 of 40 times: 200",
    )


def test_a_fault_that_did_not_show_tells_nothing():
    seen = [*whole()]
    seen[0] = experiment(round_(1, seen=None, back=None), system="a")
    judgement = told(*seen)
    assert (judgement.reason, judgement.because) == (Reason.FAULT_NOT_EFFECTIVE, "crash 1: nothing showed")


def test_a_part_is_gone_for_longer_than_an_interruption_may_last():
    of = replace(claim("availability.no-spof"), timing=Timing(Span.WITHIN, 4.0))
    needs = CHECKS["availability.no-spof"].needs(of)
    assert [(one.fault, one.role, one.course.hold_s) for one in needs] == [
        (Fault.CRASH, "parts", 5.0),
        (Fault.FREEZE, "parts", 5.0),
    ]
    default = CHECKS["availability.no-spof"].needs(claim("availability.no-spof"))
    assert {(one.course.hold_s, one.course.patience_s) for one in default} == {(31.0, 30.0)}
