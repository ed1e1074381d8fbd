"""The judges of streams, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.streams import STREAM, Entry, Partition, ReaderGroup, Stream, StreamTail

from .evidence import ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("log",)}
EXISTS = claim("stream.exists", stream="events")
REPLAYABLE = claim("stream.replayable", activity="submit", stream="events")
LASTING = claim("stream.replayable", activity="submit", stream="events", retention=">= 1 h")
NONCES = tuple(f"distaudit-{number:032x}" for number in range(3))
PERFORMED = tuple(Performed(nonce, 110.0, 0.1, ok=True, status=200) for nonce in NONCES)
OLD = Entry(0, "5-0", "old")
NEW = tuple(Entry(0, f"6-{number}", f"new {number}", (nonce,)) for number, nonce in enumerate(NONCES))
PLAIN = tuple(replace(one, nonces=()) for one in NEW)


def tail(*entries, end=None, again=None, **more):
    again = len(entries) if again is None else again
    return StreamTail("events", STREAM, entries, again=again, ends=None if end is None else {"0": end}, **more)


def performed(*runs):
    return fact("", ActivityRun("submit", 100.0, 110.0, 111.0, 121.0, runs or PERFORMED), activity="submit")


def look(at, seen, identity="one"):
    return fact("log", seen, at=at, identity=identity, name="events")


BEFORE = tail(OLD, end=1)


def judgement(end, *, start=BEFORE, first=None, run=None, of=REPLAYABLE, also=()):
    looks = [look(100, first or start), look(109, start), look(111.5, end), look(121, end), *also]
    return judged(of, evidence(ROLES, *sorted(looks, key=lambda one: one.at), run or performed()))


def told(end, **more):
    answer = judgement(end, **more)
    return answer.verdict, answer.reason or answer.actual


VERIFIED = Verdict.VERIFIED, "3 of 3 events read twice"
BUSY = Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS


# --- stream.exists


def stream(**more):
    return Stream("events", **({"form": STREAM} | more))


def exists(seen, of=EXISTS):
    answer = judged(of, evidence(ROLES, look(0, seen)))
    return answer.verdict, answer.reason or answer.actual


def test_a_stream_exists_by_its_form():
    assert exists(stream()) == (VERIFIED[0], "stream events exists")
    assert exists(stream(form="")) == (Verdict.REFUTED, "no stream events")
    assert exists(stream(form="list")) == (Verdict.REFUTED, "a list, no stream")
    assert exists(stream(internal=True)) == (Verdict.REFUTED, "events is the product's own")


def test_partitions_and_groups_are_counted_where_they_are_told():
    of = claim("stream.exists", stream="events", partitions=">= 2", groups="1")
    parts, groups = (Partition(0), Partition(1)), (ReaderGroup("workers", 2),)
    assert exists(stream(partitions=parts, groups=groups), of) == (
        Verdict.VERIFIED,
        "stream events exists, 2 partitions, 1 group",
    )
    assert exists(stream(partitions=parts[:1], groups=groups), of) == (Verdict.REFUTED, "1 partition")
    assert exists(stream(partitions=parts, groups=()), of) == (Verdict.REFUTED, "0 groups")
    assert exists(stream(groups=groups), of) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert exists(stream(partitions=parts), of) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_members_are_named():
    groups = ReaderGroup("workers", 2), ReaderGroup("others")
    answer = judged(EXISTS, evidence(ROLES, look(0, stream(groups=groups))))
    assert answer.because == "groups of readers: workers (2 members), others (members unknown)"


# --- stream.replayable


def test_what_was_appended_is_read_twice():
    assert told(tail(OLD, *NEW, end=4)) == VERIFIED
    assert told(tail(OLD, *NEW), start=tail(OLD)) == VERIFIED
    assert told(tail(*NEW, end=3), start=tail(end=0)) == VERIFIED


def test_nonces_tell_even_on_a_busy_stream():
    others = tuple(Entry(0, f"7-{number}", f"other {number}") for number in range(5))
    assert told(tail(OLD, *NEW, *others, end=9), first=tail(end=0)) == VERIFIED
    one_entry = Entry(0, "6-0", "batch", NONCES)
    assert told(tail(OLD, one_entry, end=2)) == VERIFIED


def test_without_nonces_only_a_quiet_stream_tells():
    assert told(tail(OLD, *PLAIN, end=4)) == VERIFIED
    assert told(tail(OLD, *PLAIN, end=4), first=tail(end=0)) == BUSY
    assert told(tail(OLD, *PLAIN, Entry(0, "7-0", "other"), end=5)) == BUSY
    restless = look(120.5, tail(OLD, *PLAIN[:2], end=3))
    assert told(tail(OLD, *PLAIN, end=4), also=[restless]) == BUSY


@pytest.mark.parametrize(
    ("end", "actual"),
    [
        (BEFORE, "0 of 3 events arrived"),
        (tail(OLD, end=4), "0 of 3 events can be read"),
        (tail(OLD, NEW[2], end=4), "1 of 3 events can be read"),
        (tail(OLD, *PLAIN[:2], end=3), "2 of 3 events can be read"),
        (tail(OLD, *NEW, end=4, again=2), "entries do not stay"),
        (tail(OLD, *NEW, end=4, again=3, changed=1), "entries change"),
        (replace(BEFORE, form="channel", entries=()), "a channel, no stream"),
        (replace(BEFORE, form="", entries=()), "no stream events"),
    ],
)
def test_what_cannot_be_read_again_is_refuted(end, actual):
    assert told(end) == (Verdict.REFUTED, actual)


def test_entries_that_were_seen_and_went():
    seen = look(111.4, tail(OLD, *NEW, end=4))
    late = tail(OLD, NEW[0], NEW[1], end=4)
    assert told(late, also=[seen]) == (Verdict.REFUTED, "entries do not stay")
    other = replace(NEW[0], digest="other")
    assert told(tail(OLD, other, *NEW[1:], end=4), also=[seen]) == (Verdict.REFUTED, "entries change")


def test_entries_older_than_the_latest_are_not_missed():
    assert told(tail(*NEW, end=4, cut=(0,)), also=[look(109.5, BEFORE)]) == VERIFIED
    assert told(tail(*PLAIN, end=4, cut=(0,))) == BUSY, "what was appended may be among what was not read"


def test_other_partitions_are_others():
    new = tuple(replace(one, partition=1, position=f"{number}") for number, one in enumerate(PLAIN))
    start, end = tail(Entry(0, "70", "old"), end=71, cut=(0,)), tail(Entry(0, "70", "old"), *new, end=71, cut=(0,))
    assert told(replace(end, ends={"0": 71, "1": 3}), start=start) == VERIFIED


def test_new_entries_that_push_out_older_ones():
    older = tuple(Entry(0, f"1-{number}", f"old {number}") for number in range(3))
    start, end = tail(*older, OLD, end=4), tail(OLD, *NEW, end=7)
    assert told(end, start=start) == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)
    assert told(tail(older[0], OLD, *NEW, end=7), start=start) == VERIFIED


def test_failed_performances_say_nothing():
    bad = replace(PERFORMED[0], ok=False, detail="out of order")
    baseline = Verdict.UNVERIFIABLE, Reason.BASELINE
    assert told(BEFORE, run=performed(bad)) == baseline
    assert told(tail(OLD, *NEW[1:], end=3), run=performed(bad, *PERFORMED[1:])) == baseline
    assert told(replace(BEFORE, form="", entries=()), run=performed(bad)) == baseline
    assert told(replace(BEFORE, form="list", entries=()), run=performed(bad)) == (Verdict.REFUTED, "a list, no stream")


def test_what_could_not_be_read_keeps_its_reason():
    lost = failure("log", StreamTail, Reason.FORBIDDEN, "NOPERM", at=122, name="events")
    assert told(BEFORE, also=[lost]) == (Verdict.UNVERIFIABLE, Reason.FORBIDDEN)


def test_a_restart_cannot_be_compared():
    assert told(tail(OLD, *NEW, end=4), also=[look(121.5, tail(OLD, *NEW, end=4), "two")]) == BUSY


# --- retention


def lasting(*streams, of=LASTING):
    looks = [look(100 + 20 * number, one) for number, one in enumerate(streams)]
    return told(tail(OLD, *NEW, end=4), of=of, also=looks)


def test_retention_by_configuration():
    exactly = claim("stream.replayable", activity="submit", stream="events", retention="1 h")
    assert ask_of(LASTING) == StreamTail.ask(name="events")
    assert lasting(stream(kept_s=3600.0)) == VERIFIED
    assert lasting(stream(kept_for_ever=True)) == VERIFIED
    assert lasting(stream(kept_s=3600.0), of=exactly) == VERIFIED
    assert lasting(stream(kept_s=60.0)) == (Verdict.REFUTED, "entries are kept for 60 s")
    assert lasting(stream(kept_for_ever=True), of=exactly) == (Verdict.REFUTED, "entries are kept for ever")
    limited = stream(kept_s=7200.0, also_limited="1024 bytes")
    assert lasting(limited) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_retention_by_what_is_held():
    unknown = Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE
    assert lasting(stream(oldest_at=-4000.0)) == VERIFIED
    assert lasting(stream(oldest_at=0.0)) == unknown
    assert lasting(stream()) == unknown
    assert lasting(stream(oldest_at=0.0), stream(oldest_at=99.0)) == (Verdict.REFUTED, "removed after 2 min")
    assert lasting(stream(oldest_at=-9000.0), stream(oldest_at=-4000.0)) == VERIFIED
    assert lasting(stream(oldest_at=-172900.0)) == VERIFIED
