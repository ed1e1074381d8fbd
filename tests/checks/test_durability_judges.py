"""The judge of work that survives its broker, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import Queue

from .deliveries import ROLES, at_once, carrying, effects, looks
from .evidence import CHECKS, claim, evidence, judged
from .experiments import experiment, round_, traffic

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
        ({"told": replace(HOLDS, held=12.55)}, Reason.VACUOUS, "29 requests succeeded"),
        # thirty are enough, and too new for the broker's counts
        ({"told": replace(HOLDS, held=12.5)}, Reason.VACUOUS, "the work did not wait in the queue"),
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
