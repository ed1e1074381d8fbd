"""The judge of caches, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import ActivityRun, KeyValue, Performed, StoreClient

from .evidence import claim, evidence, fact, failure, judged

ROLES = {"system": ("cache",)}
USED = claim("cache.used", activity="list")
APP = StoreClient("10.0.0.1:1", "app", "get")
AUDIT = StoreClient("10.0.0.9:1", "distaudit", "info", ours=True)
START = KeyValue(keys=3, hits=10, misses=4, calls={"get": 14, "set": 4}, clients=(APP, AUDIT))
GOOD = Performed("n", 110.0, 0.1, ok=True, status=200)
BAD = replace(GOOD, ok=False, status=500, detail="out of order")


def performed(*runs):
    return fact("", ActivityRun("list", 100.0, 110.0, 111.0, 121.0, runs or (GOOD,) * 5), activity="list")


def moved(hits=0, misses=0, seen=START, **calls):
    counted = {command: seen.calls.get(command, 0) + calls.get(command, 0) for command in {**seen.calls, **calls}}
    return replace(seen, hits=seen.hits + hits, misses=seen.misses + misses, calls=counted)


def look(at, seen, identity="one"):
    return fact("cache", seen, at=at, identity=identity)


def judgement(end, *, run=None, first=START, start=START, meanwhile=None, of=USED, also=()):
    """Two looks at the idle store, one right after the performances, one at the end."""
    looks = [look(100, first), look(109, start), *also, look(111.5, meanwhile or end), look(121, end)]
    return judged(of, evidence(ROLES, *sorted(looks, key=lambda one: one.at), run or performed()))


def used(end, **more):
    told = judgement(end, **more)
    return told.verdict, told.reason or told.actual


INCONCLUSIVE = (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
BASELINE = (Verdict.UNVERIFIABLE, Reason.BASELINE)
ASIDE = moved(4, 1, get=5, set=1)


def test_what_was_stored_is_found_again():
    assert used(ASIDE) == (Verdict.VERIFIED, "4 of 5 look-ups hit")
    assert used(moved(1, 4, get=5, set=4)) == (Verdict.VERIFIED, "1 of 5 look-ups hit")
    assert used(moved(5, get=5)) == (Verdict.VERIFIED, "5 of 5 look-ups hit")
    assert judgement(ASIDE).because == "5 performances; get 5, set 1"


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(">= 80 %", "verified"), ("> 80 %", "refuted"), ("< 80 %", "refuted"), ("80 %", "verified")]
)
def test_a_claimed_hit_ratio_is_held_against_what_was_seen(ratio, verdict):
    of = claim("cache.used", activity="list", hit_ratio=ratio)
    assert used(ASIDE, of=of) == (Verdict(verdict), "4 of 5 look-ups hit")


def test_nobody_asks():
    assert used(START) == (Verdict.REFUTED, "0 look-ups")
    assert "no command but housekeeping from 1 client" in judgement(START).because
    assert "5 performances, then 10 s" in judgement(START).because
    assert judgement(START).remedy
    alone, unseen = replace(START, clients=(AUDIT,)), replace(START, clients=None)
    assert "nobody is connected" in judgement(alone).because
    assert judgement(unseen).because.endswith("no command but housekeeping")


def test_written_and_never_read():
    told = judgement(moved(set=5))
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 look-ups")
    assert "written and never read: set 5" in told.because


def test_asked_and_never_filled():
    for end in (moved(0, 5, get=5), moved(0, 6, mget=2), moved(0, 15, mget=5)):
        assert used(end) == (Verdict.REFUTED, "never filled")
    assert "5 look-ups, all missed" in judgement(moved(0, 5, get=5)).because
    # whatever else was asked before cannot excuse it
    assert used(moved(0, 5, get=5), first=moved(-3, get=-3)) == (Verdict.REFUTED, "never filled")


def test_something_new_each_time_shows_nothing():
    told = judgement(moved(0, 5, get=5, set=5))
    assert (told.verdict, told.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert (told.actual, told.because[:12]) == ("5 look-ups, none hit", "get 5, set 5")
    assert used(moved(0, 5, get=5, set=1))[0] is Verdict.UNVERIFIABLE


def test_fewer_look_ups_than_performances():
    few = moved(4, get=4)
    assert used(few) == INCONCLUSIVE
    assert judgement(few).actual == "4 look-ups for 5 performances"
    told = judgement(few, meanwhile=START)
    assert (told.verdict, told.actual) == (Verdict.REFUTED, "0 look-ups by the performances")
    assert "4 look-ups for 5 performances, all of them later" in told.because
    assert used(few, meanwhile=moved(1, get=1)) == INCONCLUSIVE
    assert used(few, meanwhile=moved(0, 1, get=1)) == INCONCLUSIVE
    # two performances succeeded, and were looked up for
    assert used(moved(2, get=2), run=performed(GOOD, GOOD))[0] is Verdict.VERIFIED


def test_an_activity_that_fails_shows_nothing():
    assert used(ASIDE, run=performed(*[BAD] * 5)) == BASELINE
    assert used(ASIDE, run=performed(*[GOOD] * 4, BAD)) == BASELINE
    told = judgement(ASIDE, run=performed(GOOD, BAD))
    assert (told.actual, told.because) == ("1 of 2 performances fail", "out of order")
    # what is refuted by those that succeeded stays refuted
    assert used(START, run=performed(GOOD, BAD)) == (Verdict.REFUTED, "0 look-ups")


def test_a_store_that_nobody_ever_used():
    never = KeyValue(0, 0, 0, {}, (AUDIT,))
    failing = performed(BAD)
    assert used(never, first=never, start=never, run=failing) == (Verdict.REFUTED, "running and unused")
    for seen in (
        replace(never, clients=None),
        replace(never, clients=(AUDIT, APP)),
        replace(never, calls={"get": 1}),
    ):
        assert used(seen, first=seen, start=seen, run=failing) == BASELINE


def test_a_store_that_is_asked_by_others_shows_nothing():
    for first in (moved(-1, get=-1), moved(0, -1, get=-1), moved(set=-1)):
        assert used(ASIDE, first=first) == INCONCLUSIVE
        assert judgement(ASIDE, first=first).actual == "the store is busy by itself"
    late = look(120.5, moved(3, 1, get=4, set=1))
    assert judgement(ASIDE, also=[late]).actual == "the store does not come to rest"
    # it has to rest for nine tenths of the idle window
    assert used(moved(5, get=5), also=[look(111.9, moved(4, get=4))])[0] is Verdict.VERIFIED
    assert used(moved(5, get=5), also=[look(112.1, moved(4, get=4))]) == INCONCLUSIVE


def test_what_a_busy_store_was_told():
    told = judgement(ASIDE, first=moved(-1, get=-1))
    assert "5 look-ups, 4 hit; get 5, set 1" in told.because


@pytest.mark.parametrize("end", [moved(-1, 9, get=5), moved(9, -1, get=5), moved(5, 1, get=5, set=-1)])
def test_counters_that_were_reset(end):
    assert used(end) == INCONCLUSIVE
    assert judgement(end).actual == "the counters began anew"


def test_another_process_counts():
    assert used(ASIDE, also=[look(115, ASIDE, "two")]) == INCONCLUSIVE
    assert used(ASIDE, also=[look(115, ASIDE, "")]) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    # what ran before the last look before it does not matter
    assert used(ASIDE, also=[look(101, START, "two")])[0] is Verdict.VERIFIED


def test_not_seen_at_both_ends():
    early = [look(100, START), look(109, START)]
    assert judged(USED, evidence(ROLES, *early, look(110.5, ASIDE), performed())).actual == "not seen at both ends"
    assert judged(USED, evidence(ROLES, look(110, START), look(121, ASIDE), performed())).verdict is (
        Verdict.UNVERIFIABLE
    )
    gone = failure("cache", KeyValue, Reason.TIMED_OUT, at=121.0)
    assert judged(USED, evidence(ROLES, *early, gone, performed())).reason is Reason.TIMED_OUT
