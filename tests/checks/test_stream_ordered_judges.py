"""The judge of stream.ordered, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.streams import STREAM, Entry, StreamTail

from .evidence import CHECKS, claim, evidence, fact, judged

ROLES = {"system": ("log",)}
NONCES = [f"distaudit-{number:032x}" for number in range(6)]
RUNS = tuple(Performed(nonce, 110.0, 0.1, ok=True, status=200) for nonce in NONCES)


def entries(order=range(6), partition=lambda at: 0):
    return [Entry(partition(at), f"1-{place}", f"d{at}", (NONCES[at],)) for place, at in enumerate(order)]


def word(told, *, runs=RUNS, form=STREAM, cut=(), one_key=True, count="", **words):
    of = claim("stream.ordered", activity="submit", stream="events", one_key=one_key, **words)
    asked = {"name": "events", **({"count": count} if count else {})}
    run = fact("", ActivityRun("submit", 100.0, 110.0, 111.0, 121.0, tuple(runs)), activity="submit")
    old = Entry(0, "0-1", "old")
    before = fact("log", StreamTail("events", form, (old,)), at=100, **asked)
    tail = fact("log", StreamTail("events", form, (*([] if cut else [old]), *told), cut=cut), at=121, **asked)
    judgement = judged(of, evidence(ROLES, before, tail, run))
    return judgement.reason or (judgement.verdict.value, judgement.actual)


IN_ORDER = "verified", "6 of 6 events in order"


def test_events_in_order_are_verified():
    assert word(entries()) == word(entries(), one_key=False) == IN_ORDER


def test_positions_are_numbers():
    told = [replace(one, position=f"1-{8 + place}") for place, one in enumerate(entries())]
    assert word(told) == IN_ORDER


def test_what_others_append_between_is_no_matter():
    others = [Entry(0, f"1-{place}-1", "other") for place in range(6)]
    assert word([*entries(), *others]) == IN_ORDER


def test_a_duplicate_overtakes_nobody():
    again = Entry(0, "1-99", "d0", (NONCES[0],))
    assert word([*entries(), again]) == IN_ORDER


@pytest.mark.parametrize(
    ("told", "actual"),
    [
        (entries([1, 0, 2, 3, 4, 5]), "1 event before one that came about earlier"),
        (entries([5, 4, 3, 2, 1, 0]), "5 events before one that came about earlier"),
        (entries(partition=lambda at: at % 2), "in 2 partitions"),
        # one is missing, and the others are not in order
        (entries([1, 0, 2, 3, 4]), "1 event before one that came about earlier"),
    ],
)
def test_what_is_not_in_order(told, actual):
    assert word(told) == ("refuted", actual)
    assert word(told, one_key=False) == Reason.AMBIGUOUS_CLAIM


@pytest.mark.parametrize(
    ("told", "more", "expected"),
    [
        (entries(), {"runs": ()}, Reason.BASELINE),
        (entries(), {"runs": (*RUNS[:5], replace(RUNS[5], ok=False))}, Reason.BASELINE),
        (entries(range(5)), {}, Reason.BASELINE),
        (entries(range(4)), {"runs": RUNS[:4]}, Reason.VACUOUS),
        (entries(range(5)), {"runs": RUNS[:5]}, ("verified", "5 of 5 events in order")),
        ([replace(one, nonces=()) for one in entries()], {}, Reason.NO_OBSERVABLE),
        # a batch in one entry has no order
        ([replace(one, position="1-0") for one in entries()], {}, Reason.NO_OBSERVABLE),
        ([*entries()[:5], replace(entries()[5], position="1-4")], {}, Reason.NO_OBSERVABLE),
        # what was there before is among what was not read, and perhaps more
        (entries(), {"cut": (0,)}, Reason.NO_OBSERVABLE),
        ([], {"form": ""}, ("refuted", "no stream events")),
        ([], {"form": "list"}, ("refuted", "a list, no stream")),
    ],
)
def test_what_tells_nothing_of_an_order(told, more, expected):
    assert word(told, **more) == expected


# --- more of them, and two who append


def of_two():
    """Even ones are of one producer, odd ones of the other, and told one producer after the other."""
    runs = [replace(one, producer=at % 2) for at, one in enumerate(RUNS)]
    return {"runs": sorted(runs, key=lambda one: one.producer), "two_producers": True}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (range(6), IN_ORDER),
        ([1, 0, 3, 2, 5, 4], IN_ORDER),
        ([1, 3, 5, 0, 2, 4], IN_ORDER),
        ([2, 0, 1, 3, 4, 5], ("refuted", "1 event before one that came about earlier")),
        ([3, 1, 2, 0, 4, 5], ("refuted", "2 events before one that came about earlier")),
    ],
)
def test_each_of_two_producers_has_an_order_of_its_own(order, expected):
    assert word(entries(order), **of_two()) == expected


def test_as_many_as_claimed_have_to_be_in_order():
    assert word(entries(), events=">= 6", count="106") == IN_ORDER
    assert word(entries(), events=">= 600", count="600") == Reason.BUDGET


@pytest.mark.parametrize(
    ("words", "runs", "producers", "count"),
    [
        ({}, 0, 1, ""),
        ({"events": ">= 200"}, 200, 1, "300"),
        ({"events": ">= 9000", "two_producers": True}, 500, 2, "600"),
        ({"two_producers": True}, 14, 2, ""),
    ],
)
def test_how_many_are_brought_about(words, runs, producers, count):
    (need,) = CHECKS["stream.ordered"].needs(claim("stream.ordered", activity="submit", stream="events", **words))
    (look,) = need.watch
    assert (need.repeats.times, need.repeats.producers, look.ask.arg("count")) == (runs, producers, count)
