"""The judges of queues, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.capabilities import ActivityRun, Consumer, Performed, Queue, Queues

from .evidence import CHECKS, ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("broker",)}
TASKS = Queue("tasks", exists=True, vhost="main", state="running", durable=True, exclusive=False)
STATE = st.integers(0, 60)


def told(of, *seen):
    judgement = judged(of, evidence(ROLES, *seen))
    return judgement.verdict, judgement.reason or judgement.actual


def looked(of, seen, **more):
    """A look at what the claim asks for."""
    return fact("broker", seen, **more, **dict(ask_of(of).args))


def at_queue(name, seen, **params):
    of = claim(name, queue="tasks", **params)
    return told(of, looked(of, seen))


# --- all of them: which queue, where, and what could not be seen


@pytest.mark.parametrize("name", ["queue.exists", "queue.has-consumers", "queue.consumed"])
def test_the_claims_virtual_host_is_asked_for(name):
    assert dict(ask_of(claim(name, queue="tasks")).args) == {"name": "tasks"}
    assert dict(ask_of(claim(name, queue="tasks", vhost="main")).args) == {"name": "tasks", "vhost": "main"}


def test_the_claims_virtual_host_is_counted():
    assert dict(ask_of(claim("queue.count", count=1)).args) == {}
    assert dict(ask_of(claim("queue.count", count=1, vhost="main")).args) == {"vhost": "main"}


@pytest.mark.parametrize("name", ["queue.exists", "queue.has-consumers"])
def test_another_queue_seen_in_the_same_audit_says_nothing(name):
    of = claim(name, queue="tasks")
    other = replace(TASKS, name="results", consumers=(WORKER,))
    assert told(of, looked(of, Queue("tasks", exists=False)), fact("broker", other, name="results")) == (
        Verdict.REFUTED,
        "no queue tasks",
    )


@pytest.mark.parametrize("name", ["queue.exists", "queue.has-consumers"])
@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.NO_OBSERVABLE, Reason.TIMED_OUT])
def test_what_could_not_be_seen_is_never_absent(name, reason):
    of = claim(name, queue="tasks")
    assert told(of, failure("broker", Queue, reason, name="tasks")) == (Verdict.UNVERIFIABLE, reason)
    of = claim("queue.count", count=0)
    assert told(of, failure("broker", Queues, reason)) == (Verdict.UNVERIFIABLE, reason)


# --- queue.exists


def test_a_queue_exists():
    assert at_queue("queue.exists", TASKS) == (Verdict.VERIFIED, "queue tasks exists")
    assert at_queue("queue.exists", replace(TASKS, durable=None)) == (Verdict.VERIFIED, "queue tasks exists")


def test_no_queue_of_that_name():
    assert at_queue("queue.exists", Queue("tasks", exists=False)) == (Verdict.REFUTED, "no queue tasks")


@pytest.mark.parametrize("state", ["down", "crashed", "stopped", "minority"])
@pytest.mark.parametrize("name", ["queue.exists", "queue.has-consumers"])
def test_a_queue_that_does_not_serve(name, state):
    dead = replace(TASKS, state=state, consumers=(WORKER,), consumer_count=1)
    assert at_queue(name, dead) == (Verdict.REFUTED, f"queue tasks {state}")


@pytest.mark.parametrize("state", ["", "running", "flow", "idle"])
def test_a_queue_that_serves(state):
    assert at_queue("queue.exists", replace(TASKS, state=state))[0] is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("durable", "exclusive", "wanted", "answer"),
    [
        (True, False, True, (Verdict.VERIFIED, "queue tasks exists")),
        (True, None, True, (Verdict.VERIFIED, "queue tasks exists")),
        (True, False, False, (Verdict.REFUTED, "queue tasks is durable")),
        (False, False, True, (Verdict.REFUTED, "queue tasks is not durable")),
        (False, True, True, (Verdict.REFUTED, "queue tasks is not durable")),
        (False, False, False, (Verdict.VERIFIED, "queue tasks exists")),
        (True, True, True, (Verdict.REFUTED, "queue tasks is exclusive to one connection")),
        (True, True, False, (Verdict.VERIFIED, "queue tasks exists")),
        (None, None, True, (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)),
        (None, None, False, (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)),
    ],
)
def test_what_survives_a_restart(durable, exclusive, wanted, answer):
    seen = replace(TASKS, durable=durable, exclusive=exclusive)
    assert at_queue("queue.exists", seen, durable=wanted) == answer


# --- queue.count


def count(wanted, *names, transient=()):
    of = claim("queue.count", count=wanted)
    return told(of, looked(of, Queues(names, "main", tuple(transient))))


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [("2", "verified"), (">= 2", "verified"), ("< 3", "verified"), ("3", "refuted"), ("> 2", "refuted")],
)
def test_queues_are_counted(wanted, verdict):
    assert count(wanted, "tasks", "results") == (Verdict(verdict), "2 queues")


def test_queues_of_a_connection_do_not_count():
    assert count("2", "tasks", "amq.gen-1", "mine", transient=["amq.gen-1", "mine"]) == (Verdict.REFUTED, "1 queue")
    assert count("0", "mine", transient=["mine"]) == (Verdict.VERIFIED, "0 queues")
    assert count("0") == (Verdict.VERIFIED, "0 queues")


def test_the_count_names_what_it_counted():
    of = claim("queue.count", count=1)
    names = tuple(f"q{number:02}" for number in range(12))
    because = judged(of, evidence(ROLES, looked(of, Queues(names, "main")))).because
    assert "q09" in because
    assert "q10" not in because
    assert "only with" not in because
    because = judged(of, evidence(ROLES, looked(of, Queues(("mine",), "main", ("mine",))))).because
    assert "'main': none; 1 more live only with their connection" in because


# --- queue.has-consumers

WORKER = Consumer("worker-1", "worker-1 (10.0.0.1:1)", acknowledges=True, active=True)
AUDIT = Consumer("watch", "distaudit (10.0.0.9:1)", acknowledges=True, active=True, ours=True)
STANDBY = Consumer("worker-2", "worker-2 (10.0.0.2:1)", acknowledges=True, active=False)
SILENT = Consumer("worker-3", "worker-3 (10.0.0.3:1)", acknowledges=True, active=None)


@pytest.mark.parametrize(
    ("consumers", "consumer_count", "found"),
    [
        ((), 0, 0),
        ((), None, 0),
        ((WORKER,), 1, 1),
        ((SILENT,), 1, 1),
        ((AUDIT,), 1, 0),
        ((STANDBY,), 1, 0),
        ((WORKER, SILENT, AUDIT, STANDBY), 4, 2),
        (None, 0, 0),
        (None, 3, 3),
    ],
)
def test_consumers_that_count(consumers, consumer_count, found):
    seen = replace(TASKS, consumers=consumers, consumer_count=consumer_count)
    verdict = Verdict.VERIFIED if found else Verdict.REFUTED
    assert at_queue("queue.has-consumers", seen) == (verdict, counted(found, "consumer"))
    assert at_queue("queue.has-consumers", seen, consumers=found) == (Verdict.VERIFIED, counted(found, "consumer"))
    assert at_queue("queue.has-consumers", seen, consumers=f"> {found}") == (
        Verdict.REFUTED,
        counted(found, "consumer"),
    )


def test_the_consumers_are_named():
    of = claim("queue.has-consumers", queue="tasks")
    because = judged(of, evidence(ROLES, looked(of, replace(TASKS, consumers=(WORKER, AUDIT))))).because
    assert because == "connections: worker-1 (10.0.0.1:1)"
    because = judged(of, evidence(ROLES, looked(of, replace(TASKS, consumers=())))).because
    assert because == "of queue tasks; connections: none"


def test_consumers_that_nobody_tells():
    assert at_queue("queue.has-consumers", TASKS) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_consumers_of_no_queue():
    assert at_queue("queue.has-consumers", Queue("tasks", exists=False)) == (Verdict.REFUTED, "no queue tasks")


def test_a_consumer_is_given_the_time_that_brokers_take_to_list_it():
    assert 5 < CHECKS["queue.has-consumers"].settles_s <= 10


# --- queue.consumed: ten seconds idle, then five performances, then ten seconds of looking

IDLE_FROM, ACTIVE_FROM, ACTIVE_TO = 100.0, 110.0, 111.0
GOOD = Performed("n", ACTIVE_FROM, 0.1, ok=True, status=202)
BAD = replace(GOOD, ok=False, status=500, detail="out of order")
START = replace(
    TASKS, ready=0, unacked=0, published=40, delivered=30, delivered_auto=10, acked=30, redelivered=2,
    consumers=(WORKER,), consumer_count=1,
)  # fmt: skip
CONSUMED = claim("queue.consumed", queue="tasks", activity="submit")


def moved(seen=START, **by):
    return replace(seen, **{counter: getattr(seen, counter) + number for counter, number in by.items()})


def performed(*runs):
    return ActivityRun("submit", IDLE_FROM, ACTIVE_FROM, ACTIVE_TO, 121.0, runs or (GOOD,) * 5)


def look(at, seen, identity="one"):
    return looked(CONSUMED, seen, at=at, identity=identity)


def consumed(end, *, run=None, start=START, first=START, also=()):
    """Two looks at the idle queue, one at its end state right after the activity, one ten seconds later."""
    looks = [look(100.0, first), look(109.5, start), *also, look(111.5, end), look(121.0, end)]
    return told(CONSUMED, *sorted(looks, key=lambda one: one.at), fact("", run or performed(), activity="submit"))


def inconclusive(answer):
    return answer == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


TAKEN = {"published": 5, "delivered": 5, "acked": 5}


def test_acknowledged_messages_are_consumed():
    assert consumed(moved(**TAKEN)) == (Verdict.VERIFIED, "5 of 5 messages consumed")
    assert consumed(moved(**TAKEN, redelivered=1)) == (Verdict.VERIFIED, "5 of 5 messages consumed")


def test_messages_that_want_no_acknowledgement_are_consumed():
    assert consumed(moved(published=5, delivered_auto=5)) == (Verdict.VERIFIED, "5 of 5 messages consumed")
    both = moved(published=5, delivered=3, delivered_auto=2, acked=3)
    assert consumed(both) == (Verdict.VERIFIED, "5 of 5 messages consumed")


def test_an_activity_may_publish_more_than_one_message():
    end = moved(published=15, delivered=15, acked=15)
    assert consumed(end) == (Verdict.VERIFIED, "15 of 15 messages consumed")


def test_a_queue_that_the_activity_declares():
    nothing = Queue("tasks", exists=False)
    end = replace(moved(**TAKEN), published=5, delivered=5, delivered_auto=0, acked=5, redelivered=0)
    assert consumed(end, first=nothing, start=nothing) == (Verdict.VERIFIED, "5 of 5 messages consumed")
    assert consumed(nothing, first=nothing, start=nothing) == (Verdict.REFUTED, "no queue tasks")
    assert consumed(replace(end, state="down"), first=nothing, start=nothing) == (Verdict.REFUTED, "queue tasks down")


@pytest.mark.parametrize(
    ("by", "left_open", "actual"),
    [
        ({}, 0, "0 of 5 messages arrived"),
        ({"published": 4, "delivered": 4, "acked": 4}, 0, "4 of 5 messages arrived"),
        ({"delivered": 9, "acked": 9}, 0, "0 of 5 messages arrived"),
        ({"published": 5}, 0, "nobody takes the messages"),
        ({"published": 5, "delivered": 4, "acked": 4}, 0, "nobody takes the messages"),
        ({"published": 5, "delivered_auto": 4}, 0, "nobody takes the messages"),
        ({"published": 5, "delivered": 5}, 5, "messages never acknowledged"),
        ({"published": 5, "delivered": 5, "acked": 4}, 1, "messages never acknowledged"),
        ({"published": 5, "delivered": 5, "redelivered": 4}, 5, "messages never acknowledged"),
        ({"published": 5, "delivered": 5}, None, "messages never acknowledged"),
        ({"published": 5, "delivered": 5}, 0, "messages rejected"),
        ({"published": 5, "delivered": 10, "redelivered": 5}, 5, "messages handed back"),
        ({"published": 5, "delivered": 10, "redelivered": 5}, 0, "messages handed back"),
        ({"published": 5, "delivered": 10, "redelivered": 5, "acked": 4}, 1, "messages handed back"),
    ],
)
def test_messages_that_are_not_taken(by, left_open, actual):
    end = replace(moved(**by), unacked=left_open)
    assert consumed(end) == (Verdict.REFUTED, actual)
    # other traffic before cannot excuse it
    assert consumed(end, first=moved(published=-9, acked=-9))[0] is Verdict.REFUTED


def test_a_refutation_says_how_long_it_waited():
    seen = evidence(ROLES, look(100, START), look(109, START), look(121, START), fact("", performed()))
    assert "5 performances, then 10 s" in judged(CONSUMED, seen).because


def test_an_activity_that_fails_shows_nothing():
    end = moved(**TAKEN)
    baseline = (Verdict.UNVERIFIABLE, Reason.BASELINE)
    assert consumed(end, run=performed(*[BAD] * 5)) == baseline
    assert consumed(end, run=performed(*[GOOD] * 4, BAD)) == baseline
    assert consumed(end, run=replace(performed(), runs=())) == baseline
    assert consumed(START, run=performed(GOOD, BAD)) == (Verdict.REFUTED, "0 of 1 messages arrived")
    seen = evidence(ROLES, fact("", performed(GOOD, BAD)), look(100, START), look(109, START), look(121, end))
    judgement = judged(CONSUMED, seen)
    assert (judgement.actual, judgement.because) == ("1 of 2 performances fail", "out of order")


def test_an_activity_that_was_not_performed():
    assert told(CONSUMED, look(100, START)) == (Verdict.UNVERIFIABLE, Reason.NOT_RECORDED)


def test_a_queue_that_moves_by_itself_shows_nothing():
    end = moved(**TAKEN)
    for counter in ("published", "delivered", "delivered_auto", "acked", "redelivered"):
        assert inconclusive(consumed(end, first=moved(**{counter: -1}))), counter
    assert inconclusive(consumed(end, first=replace(START, delivered_auto=0)))


def test_one_look_before_does_not_show_that_the_queue_is_quiet():
    end = moved(**TAKEN)
    run = fact("", performed())
    looks = look(109.5, START), look(111.5, end), look(121, end)
    assert inconclusive(told(CONSUMED, *looks, run))
    assert told(CONSUMED, look(109, START), *looks, run)[0] is Verdict.VERIFIED


def test_a_queue_that_is_not_seen_at_both_ends():
    end = moved(**TAKEN)
    run = fact("", performed())
    assert inconclusive(told(CONSUMED, look(ACTIVE_FROM, START), look(121, end), run))
    assert inconclusive(told(CONSUMED, look(100, START), look(109, START), look(110.5, end), run))
    # what is seen when the activity has begun is not before it
    late = look(ACTIVE_FROM, moved(published=1))
    assert told(CONSUMED, look(100, START), look(109, START), late, look(111.5, end), look(121, end), run)[0] is (
        Verdict.VERIFIED
    )
    assert told(CONSUMED, look(100, START), look(109, START), look(ACTIVE_TO, START), run)[0] is Verdict.REFUTED


def test_what_was_lost_at_the_end_is_not_guessed():
    lost = failure("broker", Queue, Reason.TIMED_OUT, at=122, name="tasks")
    assert told(CONSUMED, look(100, START), look(109, START), look(121, START), lost, fact("", performed())) == (
        Verdict.UNVERIFIABLE,
        Reason.TIMED_OUT,
    )


def test_a_queue_that_does_not_come_to_rest_shows_nothing():
    end = moved(**TAKEN)
    for counter in ("published", "delivered", "acked", "redelivered"):
        assert inconclusive(consumed(end, also=[look(119, moved(end, **{counter: -1}))])), counter
    # rest counts from the last look that differs: nine tenths of ten seconds, no less
    assert consumed(end, also=[look(111.9, moved(end, acked=-1))])[0] is Verdict.VERIFIED
    assert consumed(end, also=[look(112.0, moved(end, acked=-1))])[0] is Verdict.VERIFIED
    assert inconclusive(consumed(end, also=[look(112.1, moved(end, acked=-1))]))
    # whether messages wait is no movement
    assert consumed(end, also=[look(119, replace(end, ready=1))])[0] is Verdict.VERIFIED


def test_counts_that_do_not_fit_the_activity_show_nothing():
    assert inconclusive(consumed(moved(published=6, delivered=6, acked=6)))
    assert inconclusive(consumed(moved(published=13, delivered=13, acked=13)))
    assert inconclusive(consumed(moved(published=10, delivered=10, acked=9)))
    assert inconclusive(consumed(moved(published=5, delivered=6, acked=6)))


def test_messages_that_nobody_subscribed_to_may_have_been_fetched_by_the_publisher():
    nobody = (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    for lack in ({"consumers": (), "consumer_count": 0}, {"consumers": None, "consumer_count": 0}):
        start = replace(START, **lack)
        assert consumed(moved(start, **TAKEN), start=start, first=start) == nobody
    ours = replace(START, consumers=(AUDIT,))
    assert consumed(moved(ours, **TAKEN), start=ours, first=ours) == nobody
    counted = replace(START, consumers=None, consumer_count=1)
    assert consumed(moved(counted, **TAKEN), start=counted, first=counted)[0] is Verdict.VERIFIED
    # one look is enough: a worker may come when there is work
    assert consumed(moved(**TAKEN), start=replace(START, consumers=()))[0] is Verdict.VERIFIED


def test_counters_of_two_brokers_are_not_subtracted():
    run = fact("", performed())
    before, after = look(100, START), look(121, START)
    for middle in (look(109.5, START, "two"), look(111, START, "two")):
        answer = told(CONSUMED, look(99, START), before, middle, after, run)
        assert inconclusive(answer)
    for names in ("", "", ""), ("one", "one", ""), ("one", "", "one"):
        looks = [look(at, START, name) for at, name in zip((100, 109, 121), names, strict=True)]
        assert told(CONSUMED, *looks, run) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    # the one before the last look at the idle queue is not counted with
    assert told(CONSUMED, look(100, START, "two"), look(109, START), after, run)[0] is Verdict.REFUTED


def test_counters_that_begin_anew_are_not_subtracted():
    for counter in ("published", "acked", "delivered", "delivered_auto", "redelivered"):
        end = replace(moved(**TAKEN), **{counter: 0})
        assert inconclusive(consumed(end)), counter


@pytest.mark.parametrize("counter", ["published", "acked", "delivered", "delivered_auto", "redelivered"])
def test_a_broker_that_does_not_count(counter):
    nothing = (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert consumed(replace(moved(**TAKEN), **{counter: None})) == nothing
    assert consumed(moved(**TAKEN), start=replace(START, **{counter: None})) == nothing


def test_another_queue_watched_for_the_same_activity_says_nothing():
    watched = ((100.1, START), (109.6, START), (111.6, moved(**TAKEN)), (121.1, moved(**TAKEN)))
    other = [fact("broker", replace(seen, name="results"), at=at, name="results") for at, seen in watched]
    assert consumed(START, also=other) == (Verdict.REFUTED, "0 of 5 messages arrived")
    idle = [one for one in other if one.at < ACTIVE_FROM]
    assert consumed(moved(**TAKEN), also=idle)[0] is Verdict.VERIFIED


# --- properties


@given(st.integers(1, 9), STATE, STATE, STATE, STATE, STATE)
def test_nothing_is_verified_unless_all_that_arrived_was_taken(runs, published, delivered, auto, acked, redelivered):
    end = moved(
        published=published, delivered=delivered, delivered_auto=auto, acked=acked, redelivered=redelivered
    )  # fmt: skip
    verdict, _ = consumed(end, run=performed(*[GOOD] * runs))
    assert (verdict is Verdict.VERIFIED) is (published >= runs and published % runs == 0 and acked + auto == published)
    assert (verdict is Verdict.REFUTED) is (published < runs or acked + auto < runs)


@given(st.integers(1, 9), st.integers(0, 60))
def test_more_published_never_turns_verified_into_refuted(runs, more):
    by = {"published": runs, "delivered": runs, "acked": runs}
    assert consumed(moved(**by), run=performed(*[GOOD] * runs))[0] is Verdict.VERIFIED
    by["published"] += more
    assert consumed(moved(**by), run=performed(*[GOOD] * runs))[0] is not Verdict.REFUTED


@given(st.integers(1, 9), st.booleans())
def test_counters_all_zero_never_verify(runs, busy):
    zero = replace(START, published=0, delivered=0, delivered_auto=0, acked=0, redelivered=0)
    assert consumed(zero, start=zero, first=zero, run=performed(*[GOOD] * runs))[0] is Verdict.REFUTED


@given(STATE, STATE, STATE, STATE)
def test_other_traffic_never_makes_a_truth(idle, published, acked, redelivered):
    """A lie stays unverified whatever moved before; a truth is not refuted by it."""
    first = moved(published=-idle, acked=-idle)
    end = moved(published=published, delivered=acked, acked=acked, redelivered=redelivered)
    quiet, noisy = consumed(end)[0], consumed(end, first=first)[0]
    if idle:
        assert noisy is not Verdict.VERIFIED
    assert (quiet is Verdict.REFUTED) is (noisy is Verdict.REFUTED)
