"""The judge of look-ups in a service registry, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.needs import Look
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.capabilities import ActivityRun, Listener, Performed
from pytest_distaudit.ports.registrations import Lookup, Lookups

from .evidence import CHECKS, ask_of, claim, evidence, fact, judged

ROLES = {"system": ("registry",), "caller": ("front",)}

# idle 100..107, seven performances of 0.1 s from 107 on, looks until 115

PERFORMED = tuple(Performed(f"n{number}", 107 + number / 10, 0.1, True, 202) for number in range(7))
RUN = ActivityRun("work", 100.0, 107.0, 107.7, 114.9, PERFORMED)
SILENT = Lookups("worker", 100.5, connected=(), deaf_to=0, counted=0, counted_from=50.0)
EACH = tuple(Lookup("worker", one.at + 0.05, 0.001, "http", "10.0.0.9:4711") for one in PERFORMED)
POLLS = tuple(Lookup("worker", 101 + number, 0.001, "http", "10.0.0.9:4711", (8080,)) for number in range(14))


def queried(*looks, run=RUN, roles=ROLES, moments=(100.5, 115.0), port=8080):
    of = replace(claim("registry.queried", service="worker", activity="work"), roles=dict.fromkeys(roles, "it"))
    asked = [fact("registry", seen, at=when, service="worker") for when, seen in zip(moments, looks, strict=True)]
    seen = (*asked, fact("front", Listener(port, True)), fact("", run, activity="work"))
    judgement = judged(of, evidence(ROLES, *seen))
    return judgement.verdict, judgement.reason or judgement.actual


def asked(*lookups, **more):
    return queried(SILENT, replace(SILENT, seen=lookups, counted=len(lookups), **more))


SEVEN = (Verdict.VERIFIED, "looked up by 7 of 7 performances")
CANNOT_TELL = (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
SILENCE = (Verdict.REFUTED, "0 look-ups of worker")
BY_OTHERS = (Verdict.REFUTED, "only others look worker up")
INCONCLUSIVE = (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_the_claims_service_is_asked_for():
    assert dict(ask_of(claim("registry.queried", service="worker", activity="work")).args) == {"service": "worker"}


def test_look_ups_that_fall_together_with_the_work():
    assert asked(*EACH) == SEVEN
    assert asked(*(replace(one, way="dns", service="WORKER") for one in EACH)) == SEVEN
    assert asked(*EACH, *(replace(one, at=one.at + 0.01) for one in EACH)) == SEVEN
    assert asked(*EACH, replace(EACH[0], at=103.0)) == SEVEN
    # what one of several looks saw has been seen
    assert queried(replace(SILENT, seen=EACH), replace(SILENT, counted=7)) == SEVEN


def test_nothing_else_spoils_look_ups_that_were_seen():
    assert asked(*EACH, connected=None, deaf_to=None, gaps=((101.0, 102.0),)) == SEVEN
    assert queried(SILENT, replace(SILENT, seen=EACH, counted=None, connected=("other (pid 3)",))) == SEVEN


def test_look_ups_all_the_time():
    often = tuple(replace(EACH[0], at=100.6 + number / 20) for number in range(288))
    assert asked(*often) == INCONCLUSIVE
    now_and_then = tuple(replace(EACH[0], at=101.0 + number) for number in range(5))
    assert asked(*EACH, *now_and_then) == SEVEN
    # 51 apart from the work in 13.7 s: about every second performance has one by chance
    busy = tuple(replace(EACH[0], at=100.6 + number / 8) for number in range(51))
    assert asked(*EACH, *busy) == SEVEN
    busier = tuple(replace(EACH[0], at=100.6 + number / 16) for number in range(102))
    assert asked(*EACH, *busier) == INCONCLUSIVE


@pytest.mark.parametrize(("apart", "answer"), [(70, SEVEN), (75, SEVEN), (78, INCONCLUSIVE)])
def test_what_falls_together_by_chance(apart, answer):
    # (apart + 3) / 13.7 s; seven windows of 0.11 s: one in 200 at 5.75 look-ups a second
    usual = (replace(EACH[0], at=100.6 + number / 16) for number in range(apart))
    assert asked(*EACH, *usual) == answer


def test_work_that_takes_long_meets_polls_by_chance():
    slow = replace(
        RUN,
        active_to=121.0,
        settled_at=128.0,
        runs=tuple(Performed(f"n{number}", 107 + 2.0 * number, 2.0, True, 202) for number in range(7)),
    )
    polls = tuple(replace(EACH[0], at=101.0 + number) for number in range(27))
    seen = replace(SILENT, seen=polls, counted=27)
    assert queried(SILENT, seen, run=slow, moments=(100.5, 129.0)) == INCONCLUSIVE


@pytest.mark.parametrize("missing", range(7))
def test_one_performance_without_a_look_up(missing):
    assert asked(*(one for one in EACH if one is not EACH[missing])) == INCONCLUSIVE


def test_one_look_up_is_not_that_of_two_performances():
    quick = tuple(Performed(f"n{number}", 107 + number / 500, 0.001, True, 202) for number in range(7))
    run = replace(RUN, active_to=107.013, runs=quick)
    each = tuple(replace(EACH[0], at=one.at + 0.0005, took=0.0001) for one in quick)
    for seen, answer in ((each, SEVEN), (each[:6], INCONCLUSIVE), (each[3:4], INCONCLUSIVE)):
        assert queried(SILENT, replace(SILENT, seen=seen, counted=7), run=run) == answer


def test_a_question_that_began_before_the_performance_is_not_its():
    early = replace(EACH[0], took=0.2)
    assert asked(early, *EACH[1:]) == INCONCLUSIVE
    late = replace(EACH[6], at=107.72)
    assert asked(*EACH[:6], late) == INCONCLUSIVE
    hardly = replace(EACH[0], at=107.0, took=0.004)
    assert asked(hardly, *EACH[1:]) == SEVEN
    written_late = replace(EACH[6], at=107.9, took=0.25)
    assert asked(*EACH[:6], written_late) == SEVEN
    over_much_later = replace(EACH[6], at=108.1, took=0.45)
    assert asked(*EACH[:6], over_much_later) == INCONCLUSIVE
    just = replace(EACH[6], at=107.704)
    assert asked(*EACH[:6], just) == SEVEN


def test_look_ups_before_the_window_are_not_the_works():
    assert asked(replace(EACH[0], at=99.0)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert asked(replace(EACH[0], at=100.2)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert asked(replace(EACH[0], at=100.5)) == INCONCLUSIVE


def because(*lookups, **more):
    of = replace(claim("registry.queried", service="worker", activity="work"), roles={"caller": "front"})
    last = replace(SILENT, seen=lookups, **more)
    looks = [fact("registry", seen, at=when, service="worker") for when, seen in ((100.5, SILENT), (115.0, last))]
    seen = (*looks, fact("front", Listener(8080, True)), fact("", RUN, activity="work"))
    return judged(of, evidence(ROLES, *seen)).because


def test_the_numbers_are_told():
    assert because(*EACH, replace(EACH[0], at=102.0)) == "8 look-ups: 7 of 7 performances had one, 1 apart from them"
    assert because(counted_from=115.0 - 7200).endswith("count none in 2.0 h")
    assert because(others=3).startswith("7 performances in 14 s, 3 of other services; ")
    assert because(*POLLS, replace(POLLS[0], at=115.0, asker="poller (pid 7)")).endswith("10.0.0.9, poller (pid 7)")
    assert because(deaf_to=1).endswith("has 1 other agent")
    assert because(deaf_to=None).endswith("has perhaps others")


def test_callers_are_looked_at_where_the_claim_names_them():
    needs = CHECKS["registry.queried"].needs
    of = claim("registry.queried", service="worker", activity="work")
    assert len(needs(of)) == 1
    assert needs(replace(of, roles={"caller": "front"}))[1] == Look("caller", Listener.ask())


# silence


def test_nobody_looks_it_up():
    assert asked() == SILENCE
    assert asked(others=9) == SILENCE
    assert asked(connected=None) == SILENCE
    failing = replace(RUN, runs=tuple(replace(one, ok=False) for one in PERFORMED))
    assert queried(SILENT, SILENT, run=failing) == SILENCE


@pytest.mark.parametrize(
    "doubt",
    [
        {"connected": ("worker (pid 7)",)},
        {"deaf_to": None},
        {"deaf_to": 2},
        {"gaps": ((103.0, 104.0),)},
        {"counted": None},
        {"counted": 3},
        {"counted_from": None},
    ],
)
def test_silence_that_may_be_none(doubt):
    seen = replace(SILENT, **doubt)
    assert queried(SILENT, seen) == CANNOT_TELL
    failing = replace(RUN, runs=(replace(PERFORMED[0], ok=False), *PERFORMED[1:]))
    assert queried(SILENT, seen, run=failing) == (Verdict.UNVERIFIABLE, Reason.BASELINE)


def test_a_connection_at_any_time_may_have_brought_a_question():
    assert queried(replace(SILENT, connected=("worker (pid 7)",)), SILENT) == CANNOT_TELL


def test_a_gap_before_the_window_hides_nothing():
    before = replace(SILENT, listened_from=20.0, gaps=((30.0, 31.0), (99.0, 100.0)))
    assert queried(before, before) == SILENCE
    into_it = replace(before, gaps=((99.0, 100.1), (30.0, 31.0)))
    assert queried(into_it, into_it) == CANNOT_TELL


def test_what_was_forgotten_after_a_look_told_of_it_is_not_lost():
    moments = (100.5, 108.0, 115.0)
    told = replace(SILENT, seen=EACH)
    forgotten = replace(SILENT, gaps=((20.0, 107.9),))
    assert queried(SILENT, told, forgotten, moments=moments) == SEVEN
    assert queried(SILENT, SILENT, forgotten, moments=moments) == SILENCE
    unseen = replace(SILENT, gaps=((20.0, 108.1),))
    assert queried(SILENT, SILENT, unseen, moments=moments) == CANNOT_TELL


def test_listening_that_began_anew_heard_only_the_rest():
    assert queried(SILENT, replace(SILENT, listened_from=106.0)) == CANNOT_TELL
    anew = replace(SILENT, seen=EACH, counted=7)
    assert queried(SILENT, replace(anew, listened_from=106.0)) == SEVEN
    assert queried(SILENT, replace(anew, listened_from=107.2)) == INCONCLUSIVE


def test_silence_takes_ten_seconds():
    assert queried(SILENT, SILENT, moments=(100.5, 110.4)) == CANNOT_TELL
    assert queried(SILENT, SILENT, moments=(100.5, 110.5)) == SILENCE
    # it is the activity's window that counts, and what of it was heard
    early = replace(SILENT, listened_from=20.0)
    assert queried(early, early, moments=(100.5, 109.9)) == CANNOT_TELL
    assert queried(early, early, moments=(100.5, 110.1)) == SILENCE
    late = replace(SILENT, listened_from=105.5)
    assert queried(late, late) == CANNOT_TELL


def test_an_activity_that_was_never_performed():
    assert queried(SILENT, SILENT, run=replace(RUN, runs=())) == (Verdict.UNVERIFIABLE, Reason.BASELINE)


@pytest.mark.parametrize("number", [0, 6])
def test_an_activity_that_fails(number):
    runs = tuple(replace(one, ok=index != number, detail="broken") for index, one in enumerate(PERFORMED))
    for seen in (EACH, EACH[:1], POLLS):
        told = queried(SILENT, replace(SILENT, seen=seen, counted=9), run=replace(RUN, runs=runs))
        assert told == (Verdict.UNVERIFIABLE, Reason.BASELINE)


def test_a_list_of_many_may_have_told_of_it():
    wide = tuple(replace(one, service="") for one in EACH)
    assert asked(*wide) == INCONCLUSIVE
    assert asked(wide[0]) == INCONCLUSIVE


# others who poll


def test_a_script_polls_while_the_callers_sleep():
    assert asked(*POLLS) == BY_OTHERS
    assert asked(*POLLS[:6]) == BY_OTHERS
    assert asked(*POLLS[:5]) == INCONCLUSIVE


def test_without_callers_nobody_is_acquitted():
    seen = replace(SILENT, seen=POLLS, counted=14)
    assert queried(SILENT, seen, roles={"system": "it"}) == INCONCLUSIVE
    assert queried(SILENT, seen, port=8081) == INCONCLUSIVE


def awake(*numbers):
    return tuple(replace(one, slept=()) if index in numbers else one for index, one in enumerate(POLLS))


def test_a_poll_that_meets_the_work_fits_the_rhythm():
    assert asked(*awake(6)) == BY_OTHERS
    assert asked(*awake(1, 6, 9, 11)) == BY_OTHERS
    # of fourteen, half
    assert asked(*awake(0, 1, 2, 3, 4, 5, 6)) == BY_OTHERS
    assert asked(*awake(0, 1, 2, 3, 4, 5, 6, 7)) == INCONCLUSIVE


def test_clients_may_share_one_rhythm():
    for every, first in ((2, 0), (2, 1), (3, 0), (3, 1), (3, 2)):
        own = [*range(14)][first::every]
        assert asked(*awake(*own)) == INCONCLUSIVE, f"the caller's may be every {every}th, from {first}"
        assert asked(*awake(*own[1:])) == BY_OTHERS


def test_how_steady_a_rhythm_is():
    half_as_long_again = [replace(one, at=one.at + 0.5 * (one.at > 105)) for one in awake(2)]
    assert asked(*half_as_long_again) == BY_OTHERS


def test_a_look_up_on_top_of_the_rhythm_may_be_the_callers():
    assert asked(*POLLS, replace(EACH[5], at=107.5)) == INCONCLUSIVE
    assert asked(*POLLS, replace(POLLS[0], at=107.5)) == BY_OTHERS
    uneven = tuple(replace(one, at=one.at + 0.16 * (index % 2)) for index, one in enumerate(awake(6)))
    assert asked(*uneven) == BY_OTHERS
    more_uneven = tuple(replace(one, at=one.at + 0.25 * (index % 2)) for index, one in enumerate(awake(6)))
    assert asked(*more_uneven) == INCONCLUSIVE


@pytest.mark.parametrize(
    "doubt",
    [{"connected": None}, {"connected": ("x (pid 7)",)}, {"deaf_to": 1}, {"gaps": ((103.0, 104.0),)}],
)
def test_others_are_not_all_where_something_may_be_missed(doubt):
    assert asked(*POLLS, **doubt) == INCONCLUSIVE


def test_others_are_not_all_where_a_list_was_read():
    assert asked(*POLLS, replace(POLLS[0], service="", at=107.2)) == INCONCLUSIVE


def test_the_last_look_knows_who_slept():
    early = tuple(replace(one, slept=()) for one in POLLS)
    assert queried(replace(SILENT, seen=early), replace(SILENT, seen=POLLS, counted=14)) == BY_OTHERS


def test_why_they_may_be_the_callers_is_told():
    more_uneven = tuple(replace(one, at=one.at + 0.25 * (index % 2)) for index, one in enumerate(awake(6)))
    assert "they keep no rhythm: 0.75 to 1.25 s apart" in because(*more_uneven)
    assert "the callers ran at 8 of them" in because(*awake(*range(8)))
    assert "too few to know who asks" in because(*POLLS[:5])
