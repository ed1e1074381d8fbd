"""The judge of what a queue delivers, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.checks._once import done_before
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.effects import Effect, Effects, Repeated
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

from .deliveries import LAST_S, carrying, effects, how_often, looks
from .evidence import CHECKS, claim, evidence, failure, judged
from .experiments import experiment, round_, traffic

ROLES = {"system": ("broker",), "consumer": ("worker",)}
#: the consumer stands still between the two
FROZEN, GOES_ON = 2.0, 11.5
HELD = experiment(round_(seen=0.1, undone=9.5, back=9.6), system="worker", fault="freeze")
FLOW = traffic(fails=lambda later: False, system="worker", fault="freeze")


def later(one):
    """When an honest consumer has done it."""
    return GOES_ON + 1 if FROZEN <= one.sent < GOES_ON else one.sent + 0.1


def at_once(one):
    return one.sent + 0.05


def never(one):
    return None


def told(flow=FLOW, held=HELD, first=later, taken=later, queue=None, seen=None, **more):
    of = replace(claim("queue.delivers", queue="tasks"), operation="ask")
    seen = [effects(flow, first, **more)] if seen is None else seen
    return judged(of, evidence(ROLES, held, flow, *seen, *looks(queue or carrying(flow, taken))))


def word(**more):
    judgement = told(**more)
    return judgement.reason or judgement.verdict.value, judgement.actual


def test_work_that_waits_and_is_done_after_is_verified():
    judgement = told()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "189 messages waited, all 240 requests done"


@pytest.mark.parametrize(
    ("more", "expected", "actual"),
    [
        ({"first": at_once}, "refuted", "done without the messages"),
        ({"taken": at_once}, "refuted", "the messages do not wait for the consumer"),
        ({"taken": never}, "refuted", "done without taking the messages"),
        ({"taken": lambda one: None if one.sent > 11 else later(one)}, Reason.NO_OBSERVABLE, "not done after 60 s"),
        ({"first": at_once, "taken": at_once}, Reason.VACUOUS, "the work goes on without this consumer"),
        ({"first": lambda one: None if one.sent == 5 else later(one)}, "refuted", "1 of 240 had no effect"),
        ({"first": lambda one: None if one.sent == 5 else later(one), "absent": 60.0}, Reason.NO_OBSERVABLE, "not"),
        ({"first": lambda one: None if one.sent == 5 else later(one), "absent": None}, Reason.NO_OBSERVABLE, "not"),
        ({"first": never}, Reason.BASELINE, "no effect of ask was ever seen"),
        ({"invented": True}, Reason.NO_OBSERVABLE, "ask's effect is shown of anything"),
        ({"invented": None, "trouble": "500"}, Reason.NO_OBSERVABLE, "ask's effect could not be read"),
        ({"seen": []}, Reason.NO_OBSERVABLE, "ask has no effect to read"),
        ({"queue": lambda at: Queue("tasks", False)}, "refuted", "no queue tasks"),
        ({"queue": carrying(FLOW, later, published=7)}, "refuted", "no message arrived"),
        ({"queue": carrying(FLOW, later, published=None)}, Reason.NO_OBSERVABLE, "no counters"),
        ({"queue": carrying(FLOW, later, unacked=None)}, Reason.NO_OBSERVABLE, "no look at the messages that wait"),
    ],
)
def test_what_else_there_is(more, expected, actual):
    if more.get("taken") is not None and expected is Reason.NO_OBSERVABLE:
        more = {**more, "first": lambda one: None if one.sent > 11 else later(one)}
    found, said = word(**more)
    assert (found, actual in said) == (expected, True), (found, said)


def test_half_of_the_messages_count_for_nothing():
    few = carrying(FLOW, later)
    found = word(queue=lambda at: replace(few(at), published=few(at).published // 2))
    assert found[0] is Reason.VACUOUS, found


def test_counters_that_began_anew_tell_nothing():
    few = carrying(FLOW, later)
    found = word(queue=lambda at: replace(few(at), published=few(at).published if at < 5 else 0))
    assert found == (Reason.NO_OBSERVABLE, "the counters began anew")


def test_a_second_consumer_takes_half_and_is_no_lie():
    def first(one):
        return at_once(one) if int(one.sent * 20) % 2 else later(one)

    found = word(first=first, taken=first)
    assert found == (Reason.VACUOUS, "the work goes on without this consumer")


def test_several_messages_a_request_excuse_what_is_done_early():
    twice = carrying(FLOW, later)

    def queue(at):
        return replace(twice(at), ready=2 * twice(at).ready, published=2 * twice(at).published)

    assert word(first=at_once, queue=queue) == (Reason.VACUOUS, "the work goes on without this consumer")


def test_messages_that_are_handed_out_for_good_may_wait_unseen():
    one = carrying(FLOW, at_once)
    found = word(queue=lambda at: replace(one(at), delivered_auto=one(at).acked, acked=0))
    assert found == (Reason.NO_OBSERVABLE, "messages are handed out for good")


def test_part_of_the_messages_waiting_tells_nothing():
    def taken(one):
        return at_once(one) if FROZEN <= one.sent < GOES_ON and int(one.sent * 20) % 10 < 5 else later(one)

    assert word(queue=carrying(FLOW, taken)) == (Reason.VACUOUS, "not all messages waited")


def test_old_counts_are_no_lie():
    moves = carrying(FLOW, later)
    found = word(queue=lambda at: moves(min(at, 3.0)) if at < GOES_ON + 1 else moves(at))
    assert found == (Reason.VACUOUS, "not all messages waited")


def test_messages_that_are_left_tell_nothing():
    honest = carrying(FLOW, later)
    found = word(queue=lambda at: replace(honest(at), ready=honest(at).ready + (4 if at == LAST_S else 0)))
    assert found[0] is Reason.VACUOUS
    assert found[1].endswith("messages still wait")


def test_an_operation_that_waits_for_the_work_tells_nothing():
    flow = traffic(fails=lambda later: later < 9, system="worker", fault="freeze")
    found = word(flow=flow)
    assert found[0] is Reason.VACUOUS
    assert found[1].endswith("requests succeeded")


def test_a_consumer_that_is_replaced_tells_nothing():
    replaced = experiment(round_(back=3.0), system="worker", fault="freeze")
    assert word(held=replaced) == (Reason.FAULT_NOT_EFFECTIVE, "the consumer was replaced")


def test_effects_that_could_not_be_gathered_say_why():
    lost = failure("", Effects, Reason.AUDIT_ERROR, "no", operation="ask", fault="freeze", system="worker")
    assert word(seen=[lost])[0] is Reason.AUDIT_ERROR


def test_the_course_follows_from_the_claim():
    (need,) = CHECKS["queue.delivers"].needs(claim("queue.delivers", queue="tasks", vhost="v"))
    assert (need.fault, need.role, need.course.hold_s) == (Fault.FREEZE, "consumer", 12.0)
    assert need.watch[0].ask == Queue.ask(name="tasks", vhost="v")
    assert (need.course.effects_s, need.course.rest_s) == (67.0, 14.0)


def test_only_where_once_is_claimed_effects_are_counted():
    (plain,) = CHECKS["queue.delivers"].needs(claim("queue.delivers", queue="tasks"))
    (once,) = CHECKS["queue.delivers"].needs(claim("queue.delivers", queue="tasks", once=True))
    assert once.course == replace(plain.course, counts=True)
    assert not plain.course.counts


def told_once(seen=None, once=True, **more):
    of = replace(claim("queue.delivers", queue="tasks", once=once), operation="ask")
    seen = how_often(effects(FLOW, later), **more) if seen is None else seen
    return judged(of, evidence(ROLES, HELD, FLOW, seen, *looks(carrying(FLOW, later))))


def test_one_effect_of_each_where_two_would_show_is_verified():
    judgement = told_once()
    assert (judgement.verdict.value, judgement.actual) == (
        "verified",
        "189 messages waited, all 240 requests done once",
    )
    assert "done twice" not in judgement.shows_not
    assert "redelivers" in judgement.shows_not


@pytest.mark.parametrize("repeated", [Repeated(2, 2, 2), Repeated(2, 2, 1), None])
def test_two_effects_of_one_request_are_refuted_whatever_two_requests_show(repeated):
    judgement = told_once(count=lambda nonce: 2 if nonce == "n5.0" else 1, repeated=repeated)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "1 of 240 had their effect more than once")
    assert judgement.because == "n5.0 was sent once, over a connection of its own, and has 2"


def test_two_effects_of_one_request_are_legal_where_once_is_not_claimed():
    judgement = told_once(count=lambda nonce: 2, once=False)
    assert (judgement.verdict.value, judgement.actual) == ("verified", "189 messages waited, all 240 requests done")
    assert "whether work is done twice" in CHECKS["queue.delivers"].shows_not


def test_a_request_that_may_have_failed_and_has_two_effects_is_refuted():
    flow = traffic(fails=lambda later: 8.0 < later < 8.2, system="worker", fault="freeze")
    asked = from_json(Traffic, flow.value)
    open_ = [replace(one, outcome=Outcome.INDETERMINATE) if not one.ok else one for one in asked.sent]
    flow = replace(flow, value=to_json(replace(asked, sent=tuple(open_))))
    odd = next(one.nonce for one in open_ if not one.ok)
    seen = how_often(effects(flow, later), count=lambda nonce: 2 if nonce == odd else 1)
    of = replace(claim("queue.delivers", queue="tasks", once=True), operation="ask")
    judgement = judged(of, evidence(ROLES, HELD, flow, seen, *looks(carrying(flow, later))))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "1 of 240 had their effect more than once")


@pytest.mark.parametrize(
    ("more", "actual"),
    [
        ({"repeated": None}, "how often ask had its effect is not told"),
        ({"repeated": Repeated(2, 1, trouble="409")}, "1 of 2 requests of ask with one nonce succeeded"),
        ({"repeated": Repeated(2, 2, None, "no list")}, "the effects of ask could not be counted"),
        ({"repeated": Repeated(2, 2, 1)}, "two requests of ask with one nonce show 1 effect"),
        ({"repeated": Repeated(2, 2, 0)}, "two requests of ask with one nonce show 0 effects"),
        ({"counted": None}, "the effects of 240 of 240 could not be counted"),
        ({"counted": 15.0}, "the effects of 240 of 240 could not be counted"),
    ],
)
def test_where_two_effects_need_not_show_nothing_is_said_of_once(more, actual):
    judgement = told_once(**more)
    assert (judgement.reason, judgement.actual) == (Reason.NO_OBSERVABLE, actual)


def test_requests_with_one_nonce_are_requests_too():
    """Two messages more than the workload's excuse nothing."""
    moves = carrying(FLOW, later)
    seen = how_often(effects(FLOW, at_once))
    of = replace(claim("queue.delivers", queue="tasks"), operation="ask")

    def queue(more):
        return lambda at: replace(moves(at), published=moves(at).published + (more if at else 0))

    def word(more):
        return judged(of, evidence(ROLES, HELD, FLOW, seen, *looks(queue(more)))).actual

    assert word(2) == "done without the messages"
    assert word(4) == "the work goes on without this consumer"


# --- queue.redelivers

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


def crashed_once(each=14, once=True, held=KILLED, published=0, **more):
    """Of those that are handed out again after each crash, ten were asked in the last half second and not done."""
    of = replace(claim("queue.redelivers", queue="tasks", once=once), operation="ask")
    moves = carrying(WORK, done_again)

    def queue(at):
        return replace(moves(at), redelivered=again(at, each), published=moves(at).published + (published if at else 0))

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


# --- queue.durable

WORD = "crash while worker stands still"
HOLDS = replace(round_(seen=0.1, undone=3.0, back=4.0), injected=14.0, seen=14.1, undone=16.0, back=18.0, held=2.0)
BROKEN = experiment(HOLDS, system="broker", fault=WORD)
KEPT = traffic(3, fails=lambda later: False, system="broker", fault=WORD)


def after(one):
    """Done once all are back."""
    return 19.0 if 2.0 <= one.sent < 18.0 else one.sent + 0.1


def restarted(told=HOLDS, first=after, taken=after, queue=None, flow=KEPT):
    of = replace(claim("queue.durable", queue="tasks"), operation="ask")
    moves = queue or carrying(flow, taken)

    def counted_anew(at):
        return moves(at) if at <= 14 else replace(moves(at), published=0, acked=0)

    held = experiment(told, system="broker", fault=WORD)
    return judged(of, evidence(ROLES, held, flow, effects(flow, first), *looks(counted_anew)))


def test_what_the_broker_kept_is_verified():
    judgement = restarted()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "all 640 requests done, 239 messages waited when the broker crashed"


def test_what_the_broker_forgot_is_refuted():
    judgement = restarted(first=lambda one: None if 10 < one.sent < 11 else after(one))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "19 of 640 had no effect")


@pytest.mark.parametrize(
    ("more", "reason", "actual"),
    [
        ({"told": replace(HOLDS, back=None)}, Reason.BASELINE, "the broker did not come back"),
        ({"told": replace(HOLDS, held=None)}, Reason.BASELINE, "the broker did not come back"),
        ({"told": replace(HOLDS, held=13.0)}, Reason.VACUOUS, "20 requests succeeded"),
        ({"first": at_once}, Reason.VACUOUS, "the work did not wait in the queue"),
        ({"taken": at_once}, Reason.VACUOUS, "the work did not wait in the queue"),
    ],
)
def test_what_tells_nothing_of_the_broker(more, reason, actual):
    judgement = restarted(**more)
    assert (judgement.reason, judgement.actual) == (reason, actual)


def test_a_queue_that_is_gone_after_is_refuted():
    there = carrying(KEPT, after)
    judgement = restarted(queue=lambda at: there(at) if at <= 14 else Queue("tasks", False))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "no queue tasks")


def test_the_consumer_is_held_meanwhile():
    (need,) = CHECKS["queue.durable"].needs(claim("queue.durable", queue="tasks"))
    assert (need.fault, need.role, need.held, need.course.hold_s) == (Fault.CRASH, "system", "consumer", 12.0)
