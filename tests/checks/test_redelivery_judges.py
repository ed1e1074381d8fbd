"""The judge of work that survives its consumer, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.checks._once import done_before
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.effects import Effect, Effects, Repeated
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

from .deliveries import ROLES, carrying, effects, how_often, looks
from .evidence import CHECKS, claim, evidence, judged
from .experiments import experiment, round_, traffic

CRASHES = [round_(number, seen=0.1, back=1.0) for number in range(1, 6)]
KILLED = experiment(*CRASHES, system="worker")
WORK = traffic(5, fails=lambda later: False, system="worker")


def done_again(one):
    """What was asked shortly before a crash is done after it."""
    since = (one.sent - 2.0) % 10.0
    return one.sent + (2.0 if since > 9.5 or since < 1.0 else 0.1)


def in_work(flow, first):
    """Those of the effects that are late were read to be absent after the crash."""
    seen = effects(flow, first, absent=160.0)
    late = []
    for one, told in zip(from_json(Traffic, flow.value).sent, from_json(Effects, seen.value).effects, strict=True):
        at = first(one)
        late.append(replace(told, absent=at - 0.7 if at and at - one.sent > 1 else told.absent))
    return replace(seen, value=to_json(replace(from_json(Effects, seen.value), effects=tuple(late))))


def again(at, each=3, begins=3.0):
    """How many were handed out again by then."""
    return each * max(0, min(5, int((at - begins) // 10 + 1)))


def crashed(held=KILLED, first=done_again, counter=again, **more):
    of = replace(claim("queue.redelivers", queue="tasks"), operation="ask")
    moves = carrying(WORK, done_again, **more)
    seen = looks(lambda at: replace(moves(at), redelivered=counter(at)), last=160.0)
    return judged(of, evidence(ROLES, held, WORK, in_work(WORK, first), *seen))


def test_what_was_in_work_and_is_done_again_is_verified():
    judgement = crashed()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "all 1040 requests done in spite of 5 crashes"
    assert judgement.because.startswith("5 of them met work")


def test_a_request_that_is_never_done_is_refuted():
    judgement = crashed(first=lambda one: None if one.sent == 11.9 else done_again(one))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "1 of 1040 had no effect")


@pytest.mark.parametrize(
    ("more", "reason", "actual"),
    [
        ({"counter": lambda at: 0}, Reason.VACUOUS, "too little was in work"),
        ({"counter": lambda at: min(6, again(at))}, Reason.VACUOUS, "too little was in work"),
        ({"counter": lambda at: int(at)}, Reason.VACUOUS, "messages go back by themselves"),
        ({"counter": lambda at: None}, Reason.NO_OBSERVABLE, "no counters"),
        ({"first": lambda one: one.sent + 0.1}, Reason.VACUOUS, "too little was in work"),
        (
            {"held": experiment(*CRASHES[:4], round_(5, undone=2.0, back=None), system="worker")},
            Reason.BASELINE,
            "the consumer did not come back",
        ),
    ],
)
def test_what_tells_nothing_of_a_crash(more, reason, actual):
    judgement = crashed(**more)
    assert (judgement.reason, judgement.actual) == (reason, actual)


@pytest.mark.parametrize(("struck_s", "actual"), [(None, "too little was in work"), (0.0, "too little was in work")])
def test_what_was_asked_after_the_kill_was_never_in_work(struck_s, actual):
    assert crashed(held=_struck(struck_s), first=asked_meanwhile).actual == actual


def test_what_was_asked_while_the_consumer_was_looked_for_was_in_work():
    judgement = crashed(held=_struck(0.4), first=asked_meanwhile)
    assert judgement.actual == "all 1040 requests done in spite of 5 crashes"
    assert judgement.because.startswith("5 of them met work")


def asked_meanwhile(one):
    """Work is quick; only what was asked in the half second after the fault began waits for the next consumer."""
    return one.sent + (2.0 if 0 <= (one.sent - 2.0) % 10.0 < 0.5 else 0.1)


def _struck(later):
    """It takes the audit half a second to find whom to kill and to see them dead."""
    rounds = [round_(number, seen=0.5, back=1.0) for number in range(1, 6)]
    killed = [one if later is None else replace(one, struck=one.injected + later) for one in rounds]
    return experiment(*killed, system="worker")


def crashed_once(each=14, once=True, held=KILLED, published=0, counter=again, **more):
    """Of those that are handed out again after each crash, ten were asked in the last half second and not done."""
    of = replace(claim("queue.redelivers", queue="tasks", once=once), operation="ask")
    moves = carrying(WORK, done_again)

    def queue(at):
        return replace(
            moves(at), redelivered=counter(at, each), published=moves(at).published + (published if at else 0)
        )

    seen = how_often(in_work(WORK, done_again), counted=159.0, **more)
    return judged(of, evidence(ROLES, held, WORK, seen, *looks(queue, last=160.0)))


def test_what_is_handed_out_again_and_done_once_is_verified():
    judgement = crashed_once()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "all 1040 requests done once in spite of 5 crashes"
    assert "done once only" not in judgement.shows_not
    assert "queue.durable" in judgement.shows_not


def test_one_that_is_done_again_after_a_crash_is_refuted():
    judgement = crashed_once(count=lambda nonce: 2 if nonce == "n11.2" else 1)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "1 of 1040 had their effect more than once")
    assert crashed_once(count=lambda nonce: 2, once=False).verdict.value == "verified"


@pytest.mark.parametrize(
    ("more", "reason", "actual"),
    [
        # whatever was handed out again may have been what was not done
        ({"each": 3}, Reason.VACUOUS, "0 messages were handed out again"),
        ({"published": 4}, Reason.VACUOUS, "more messages than requests"),
        ({"repeated": Repeated(2, 2, 1)}, Reason.NO_OBSERVABLE, "two requests of ask with one nonce show 1 effect"),
    ],
)
def test_what_tells_nothing_of_once_in_a_crash(more, reason, actual):
    judgement = crashed_once(**more)
    assert (judgement.reason, judgement.actual) == (reason, actual)


@pytest.mark.parametrize(("more", "actual"), [(3, "all 1040 requests done once"), (2, "2 messages")])
def test_three_messages_that_were_done_are_enough(more, actual):
    """Of each crash eleven were not done; what is beyond them was."""
    assert crashed_once(counter=lambda at, each: again(at, 11) + min(more, again(at, 1))).actual.startswith(actual)


def test_only_until_the_audit_starts_it_again_effects_are_of_before_the_crash():
    """Read half a second after the crash: that tells what was done before it, unless somebody else went on by then."""
    known = {"a": Effect("a", 10.5), "b": Effect("b", 12.5), "c": Effect("c", None, 40.0)}
    asked = Traffic("ask", 1.0, tuple(Sent(nonce, 9.0, 9.0, 0.1, Outcome.OK) for nonce in "abcd"))
    flows, seen = {"ask": asked}, {"ask": known}
    assert done_before(flows, seen, 10.0, 10.0, 5) == 1
    assert done_before(flows, seen, 10.0, 11.0, 5) == 2
    assert done_before(flows, seen, 10.0, 13.0, 5) == 3
    assert done_before(flows, seen, 10.0, 13.0, 1) == 0
    assert done_before(flows, seen, 8.0, 8.0, 2) == 2


def test_three_crashes_that_met_work_are_enough():
    assert crashed(counter=lambda at: min(9, again(at))).verdict.value == "verified"


def test_crashes_are_far_enough_apart_to_be_counted():
    (need,) = CHECKS["queue.redelivers"].needs(claim("queue.redelivers", queue="tasks"))
    assert (need.fault, need.role, need.course.times, need.course.steady_s) == (Fault.CRASH, "consumer", 5, 8.0)
    assert need.course.hold_s == 5.0
