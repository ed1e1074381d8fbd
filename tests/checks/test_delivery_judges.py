"""The judge of work that waits in a queue, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Queue
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.effects import Effects, Repeated
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Traffic

from .deliveries import LAST_S, ROLES, at_once, carrying, effects, how_often, look, looks
from .evidence import CHECKS, claim, evidence, failure, judged
from .experiments import experiment, round_, traffic

#: the consumer stands still between the two
FROZEN, GOES_ON = 2.0, 11.5
HELD = experiment(round_(seen=0.1, undone=9.5, back=9.6), system="worker", fault="freeze")
FLOW = traffic(fails=lambda later: False, system="worker", fault="freeze")


def later(one):
    """When an honest consumer has done it."""
    return GOES_ON + 1 if FROZEN <= one.sent < GOES_ON else one.sent + 0.1


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


def test_what_was_read_when_the_consumer_went_on_already_is_not_of_the_time_before():
    def handed_out(at):
        """The statistics are behind: what is gone is still counted as handed out."""
        return replace(carrying(FLOW, later)(at), ready=0, unacked=20)

    def found(late):
        others = [one for one in looks(carrying(FLOW, later)) if not late.at < one.at < late.at + late.latency]
        seen = sorted([*others, late], key=lambda one: one.at)
        of = replace(claim("queue.delivers", queue="tasks"), operation="ask")
        return judged(of, evidence(ROLES, HELD, FLOW, effects(FLOW, later), *seen)).verdict.value

    assert found(look(handed_out, GOES_ON - 0.1, took=0.3)) == "verified"
    assert found(look(handed_out, GOES_ON - 0.3, took=0.2)) == "verified", "the last one counts"
    assert found(look(handed_out, GOES_ON, took=0.0)) == "unverifiable"


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

    judgement = told(queue=carrying(FLOW, taken))
    assert (judgement.reason, judgement.actual) == (Reason.VACUOUS, "not all messages waited")
    assert judgement.because.endswith("; at last 96 were ready and 0 handed out and not acknowledged")


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
