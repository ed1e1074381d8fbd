"""The judges of collections, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import ActivityRun, Performed
from pytest_distaudit.ports.collections_ import Collection

from .evidence import ask_of, claim, evidence, fact, failure, judged

ROLES = {"system": ("store",)}
EXISTS = claim("collection.exists", collection="docs")
SEEN = Collection("docs", True, "t/d", ("notes",), records=5, dimensions=(384,), nonces=(), digest="aa")

VERIFIED, REFUTED = Verdict.VERIFIED, Verdict.REFUTED
NO_OBSERVABLE = (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
INCONCLUSIVE = (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
BASELINE = (Verdict.UNVERIFIABLE, Reason.BASELINE)


# --- collection.exists


def exists(seen, of=EXISTS):
    return judged(of, evidence(ROLES, fact("store", seen, name="docs")))


def test_it_is_there():
    told = exists(SEEN)
    assert (told.verdict, told.actual, told.because) == (
        VERIFIED,
        "collection docs exists",
        "384 dimensions; 5 records",
    )
    assert exists(replace(SEEN, records=0, dimensions=())).because == "no vectors yet; 0 records"
    assert exists(replace(SEEN, records=None, dimensions=None)).because == ""


def test_it_is_not_there():
    told = exists(Collection("docs", False, "t/d", ("notes",)))
    assert (told.verdict, told.actual) == (REFUTED, "no collection docs")
    assert "'docs' in t/d: it says so itself; it has notes" in told.because
    told = exists(Collection("docs", False, fault="there is no database d"))
    assert told.because == "the store has no collection 'docs': there is no database d"


def test_it_is_there_and_does_not_serve():
    told = exists(replace(SEEN, fault="status red"))
    assert (told.verdict, told.actual, told.because) == (REFUTED, "collection docs does not serve", "status red")


def test_the_database_is_part_of_the_question():
    assert dict(ask_of(EXISTS).args) == {"name": "docs"}
    of = claim("collection.exists", collection="docs", tenant="t", database="d")
    assert dict(ask_of(of).args) == {"name": "docs", "tenant": "t", "database": "d"}
    assert dict(ask_of(claim("collection.used", collection="docs", activity="a", tenant="t")).args)["tenant"] == "t"


@pytest.mark.parametrize(
    ("params", "seen", "verdict", "actual"),
    [
        ({"records": ">= 5"}, SEEN, VERIFIED, "collection docs exists"),
        ({"records": "> 5"}, SEEN, REFUTED, "5 records"),
        ({"records": 5}, SEEN, VERIFIED, "collection docs exists"),
        ({"records": 5}, replace(SEEN, approximate=True), Reason.NO_OBSERVABLE, "about 5 records"),
        ({"records": "!= 4"}, replace(SEEN, approximate=True), Reason.NO_OBSERVABLE, "about 5 records"),
        ({"records": ">= 1"}, replace(SEEN, approximate=True), VERIFIED, "collection docs exists"),
        ({"records": ">= 9"}, replace(SEEN, approximate=True), REFUTED, "5 records"),
        ({"records": ">= 1"}, replace(SEEN, records=None), Reason.NO_OBSERVABLE, "records unknown"),
        ({"dimension": 384}, SEEN, VERIFIED, "collection docs exists"),
        ({"dimension": 768}, SEEN, REFUTED, "384 dimensions"),
        ({"dimension": 384}, replace(SEEN, dimensions=(512, 384)), VERIFIED, "collection docs exists"),
        ({"dimension": 768}, replace(SEEN, dimensions=(512, 384)), REFUTED, "512, 384 dimensions"),
        ({"dimension": 384}, replace(SEEN, dimensions=()), REFUTED, "no vectors yet"),
        ({"dimension": 384}, replace(SEEN, dimensions=None), Reason.NO_OBSERVABLE, "dimension unknown"),
    ],
)
def test_size_and_shape_where_the_claim_has_them(params, seen, verdict, actual):
    told = exists(seen, claim("collection.exists", collection="docs", **params))
    assert (told.reason or told.verdict, told.actual) == (verdict, actual)


# --- collection.used

GOOD = [Performed(f"n{number}", 110.0, 0.1, ok=True, status=200) for number in range(5)]
BAD = replace(GOOD[0], ok=False, status=500, detail="out of order")
COUNTING = replace(SEEN, nonces=None, digest="", reads=10, writes=3)


def used(end, *, run=None, first=None, start=SEEN, meanwhile=None, by=None, also=()):
    """Two looks at the idle collection, one right after the performances, one at the end."""
    of = claim("collection.used", collection="docs", activity="ask", by=by)
    activity = ActivityRun("ask", 100.0, 110.0, 111.0, 121.0, tuple(GOOD if run is None else run))
    states = [(100, first or start), (109, start), (111.5, meanwhile or end), (121, end)]
    looks = [look(at, seen) for at, seen in states]
    seen = sorted([*looks, *also], key=lambda one: one.at)
    return judged(of, evidence(ROLES, *seen, fact("", activity, activity="ask")))


def look(at, seen, identity="one"):
    return fact("store", seen, at=at, identity=identity, name="docs")


def brief(*args, **more):
    told = used(*args, **more)
    return told.verdict, told.reason or told.actual


STORED = replace(SEEN, records=10, digest="bb", nonces=tuple(one.nonce for one in GOOD))


@pytest.mark.parametrize("by", [None, "writes"])
def test_what_is_stored_is_the_witness(by):
    assert brief(STORED, by=by) == (VERIFIED, "5 of 5 performances stored")
    assert "5 nonces" in used(STORED, by=by).because
    # whatever else happens to the collection
    assert brief(STORED, by=by, first=replace(SEEN, records=1)) == (VERIFIED, "5 of 5 performances stored")
    # and however it may be removed again later
    assert brief(SEEN, by=by, meanwhile=STORED) == (VERIFIED, "5 of 5 performances stored")


def test_a_nonce_shows_no_reading():
    assert brief(STORED, by="reads") == NO_OBSERVABLE


def test_some_nonces_are_not_all():
    part = replace(SEEN, records=9, digest="bb", nonces=("n0", "n1", "n2", "n3"))
    assert brief(part) == INCONCLUSIVE
    assert brief(STORED, run=[*GOOD[:4], BAD]) == BASELINE


def test_records_that_move_with_the_work():
    more = replace(SEEN, records=10, digest="bb")
    assert brief(more) == (VERIFIED, "5 records more for 5 performances")
    assert brief(replace(more, records=15)) == (VERIFIED, "10 records more for 5 performances")
    assert brief(replace(more, records=11)) == INCONCLUSIVE
    assert brief(replace(more, records=9)) == INCONCLUSIVE
    assert brief(replace(more, records=4)) == INCONCLUSIVE
    assert brief(more, run=[*GOOD[:4], BAD]) == BASELINE
    assert brief(more, run=GOOD[:1]) == (VERIFIED, "5 records more for 1 performances")


def test_a_collection_that_others_move_shows_nothing():
    more = replace(SEEN, records=10, digest="bb")
    told = used(more, first=replace(SEEN, records=4))
    assert (told.reason, told.actual) == (Reason.INCONCLUSIVE_STATISTICS, "the collection is busy by itself")
    assert used(more, first=replace(SEEN, digest="99")).actual == "the collection is busy by itself"
    late = look(120.5, replace(SEEN, records=9))
    assert used(more, also=[late]).actual == "the collection does not come to rest"
    assert brief(more, also=[look(115, more, "two")]) == INCONCLUSIVE
    assert brief(more, also=[look(115, more, "")]) == NO_OBSERVABLE


def test_nothing_is_written():
    assert brief(SEEN, by="writes") == (REFUTED, "nothing was written")
    assert "10 s after the performances it holds exactly" in used(SEEN, by="writes").because
    # who only reads leaves no trace
    assert brief(SEEN) == NO_OBSERVABLE
    assert used(SEEN).actual == "nothing was written"
    assert brief(SEEN, by="reads") == NO_OBSERVABLE
    assert brief(replace(SEEN, digest="bb"), by="writes") == INCONCLUSIVE
    big = replace(SEEN, digest="")
    for by in (None, "writes"):
        told = used(big, start=big, by=by)
        assert (told.reason, told.actual) == (Reason.NO_OBSERVABLE, "as many records as before")


@pytest.mark.parametrize("by", [None, "reads", "writes"])
@pytest.mark.parametrize("run", [GOOD, [BAD]])
def test_a_collection_that_was_only_created(by, run):
    empty = replace(SEEN, records=0, dimensions=())
    assert brief(empty, start=empty, by=by, run=run) == (REFUTED, "0 records")
    counting = replace(COUNTING, records=0)
    assert brief(replace(counting, reads=15), start=counting, by=by, run=run) == (REFUTED, "0 records")
    assert "though 15 questions came" in used(replace(counting, reads=15), start=counting, by=by).because


def test_a_collection_that_was_emptied_again_was_perhaps_used():
    empty = replace(SEEN, records=0)
    assert brief(empty, start=empty) == NO_OBSERVABLE
    counting = replace(COUNTING, records=0)
    assert brief(replace(counting, writes=8), start=counting) == NO_OBSERVABLE
    assert brief(empty, start=empty, meanwhile=SEEN) == NO_OBSERVABLE
    unknown = replace(SEEN, records=None, dimensions=())
    assert brief(unknown, start=unknown) == NO_OBSERVABLE


def test_no_such_collection():
    none = Collection("docs", False, "t/d", ("docs-v2",))
    assert brief(none, start=none) == (REFUTED, "no collection docs")
    assert brief(none, start=none, run=[BAD]) == (REFUTED, "no collection docs")
    # one that comes with the work
    assert brief(STORED, start=none) == (VERIFIED, "5 of 5 performances stored")


def test_an_activity_that_fails_shows_nothing():
    assert brief(SEEN, run=[BAD]) == BASELINE


def test_a_word_that_is_no_way_of_use():
    assert brief(SEEN, by="magic") == (Verdict.UNVERIFIABLE, Reason.AMBIGUOUS_CLAIM)


# --- where the store counts requests


def counted(**moved):
    return replace(COUNTING, **{name: getattr(COUNTING, name) + more for name, more in moved.items()})


@pytest.mark.parametrize(
    ("by", "moved", "told"),
    [
        (None, {"reads": 5}, (VERIFIED, "5 requests for 5 performances")),
        (None, {"reads": 12}, (VERIFIED, "12 requests for 5 performances")),
        (None, {"reads": 1, "writes": 4}, (VERIFIED, "5 requests for 5 performances")),
        (None, {"writes": 5, "records": 5}, (VERIFIED, "5 requests for 5 performances")),
        (None, {"writes": 5}, NO_OBSERVABLE),
        (None, {}, (REFUTED, "0 requests")),
        (None, {"reads": 4}, INCONCLUSIVE),
        (None, {"reads": -1}, INCONCLUSIVE),
        ("reads", {"reads": 5}, (VERIFIED, "5 reads for 5 performances")),
        ("reads", {"writes": 5, "records": 5}, (REFUTED, "0 reads")),
        ("writes", {"writes": 5, "records": 5}, (VERIFIED, "5 writes for 5 performances")),
        ("writes", {"writes": 5, "records": 1}, (VERIFIED, "5 writes for 5 performances")),
        ("writes", {"writes": 5, "records": 0}, NO_OBSERVABLE),
        ("writes", {"writes": 5, "records": -1}, NO_OBSERVABLE),
        ("writes", {"writes": 5, "reads": 5}, NO_OBSERVABLE),
        ("writes", {"reads": 5}, (REFUTED, "0 writes")),
    ],
)
def test_requests_by_the_stores_own_count(by, moved, told):
    assert brief(counted(**moved), start=COUNTING, by=by) == told


def test_requests_that_come_later_are_somebody_elses():
    told = used(counted(reads=4), start=COUNTING, meanwhile=COUNTING)
    assert (told.verdict, told.actual) == (REFUTED, "0 requests by the performances")
    assert "4 requests for 5 performances, all of them later" in told.because


def test_requests_of_others_show_nothing():
    assert brief(counted(reads=5), start=COUNTING, first=counted(reads=-1)) == INCONCLUSIVE
    assert brief(counted(reads=5), start=COUNTING, run=[*GOOD[:4], BAD]) == BASELINE
    late = look(120.5, counted(reads=4))
    assert used(counted(reads=5), start=COUNTING, also=[late]).actual == "the collection does not come to rest"


def test_counts_of_the_whole_store():
    start, end = (replace(one, counts_all=True) for one in (COUNTING, counted(reads=5)))
    told = used(end, start=start)
    assert (told.reason, told.actual) == (Reason.NO_OBSERVABLE, "another collection may be meant")
    assert "notes too" in told.because
    assert brief(replace(end, others=None), start=start) == NO_OBSERVABLE
    assert brief(replace(end, others=()), start=start)[0] is VERIFIED
    assert brief(start, start=start) == (REFUTED, "0 requests")


@pytest.mark.parametrize("half", [{"reads": None}, {"writes": None}])
def test_half_a_count_is_none(half):
    start = replace(COUNTING, **half)
    assert brief(start, start=start) == NO_OBSERVABLE


def test_what_could_not_be_looked_at():
    of = claim("collection.used", collection="docs", activity="ask")
    gone = failure("store", Collection, Reason.TIMED_OUT, at=121.0, name="docs")
    activity = fact("", ActivityRun("ask", 100.0, 110.0, 111.0, 121.0, tuple(GOOD)), activity="ask")
    assert judged(of, evidence(ROLES, look(100, SEEN), gone, activity)).reason is Reason.TIMED_OUT
