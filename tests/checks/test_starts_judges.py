"""The judge of starting without a part, branch by branch, on experiments made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.experiments import Experiment, Round
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.runs import Runs
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("store",), "caller": ("front",)}
WORDS = "outage while front starts anew"
#: killed and back by itself, started again by the audit at 3.0
CRASH = Round(2.2, 2.3, "seen", None, 3.0, "one", "two")
STARTED = replace(CRASH, undone=3.0, back=3.5)
#: away from 2 until 8, and back at 8.5
ROUND = Round(2.0, 2.1, "seen", 8.0, 8.5, "s", "t", anew=(CRASH,))


def sent(at, *, status=200, node="b", echoed=True, took=0.01, reduced=False, late=0.0):
    outcome = Outcome.OK if status == 200 else Outcome.FAIL
    return Sent(f"n{at}", at - late, at, took, outcome, status, node if status else "", echoed, "no", reduced)


def echo(at):
    """At once, and again 0.8 s after the crash."""
    return sent(at, node="a") if at < 2.2 else sent(at, status=None, echoed=False) if at < 3.0 else sent(at)


def say(at):
    return sent(at, status=503, echoed=False) if 2.2 <= at < 8.6 else sent(at, node="a" if at < 2.2 else "b")


def flow(operation, says):
    told = Traffic(operation, 20.0, tuple(says(one / 20) for one in range(300)))
    return fact("", told, operation=operation, fault=WORDS, system="store")


def runs(without=("q",), back=("q",), before=("p",), unseen=""):
    """Looks twice a second: before, while the store is away, and afterwards."""
    looks = [(before if at < 2.2 else () if at < 3 else without if at < 8 else back, at) for at in _HALVES]
    return [fact("front", Runs(serving, unseen), at=at) for serving, at in looks]


_HALVES = [one / 2 for one in range(30)]


def told(*, one=ROUND, echoing=echo, saying=say, looks=None, within=2.0, starts="<= 2 s", **more):
    of = replace(_claim(starts, within), **more)
    seen = Experiment(WORDS, "store", 0.0, 14.9, True, 4.0, 30.0, (one,))
    flows = [flow("echo", echoing), flow("say", saying)]
    return judged(of, evidence(ROLES, fact("store", seen, fault=WORDS), *flows, *(looks or runs())))


def _claim(starts="<= 2 s", within=2.0, unaffected="echo"):
    of = claim("degradation.starts", unaffected=unaffected, starts=starts)
    return replace(of, operation="echo, say", timing=Timing(Span.WITHIN, within))


def word(**more):
    judgement = told(**more)
    return judgement.reason or judgement.verdict.value


def test_who_starts_without_it_and_finds_it_later_is_verified():
    judgement = told()
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "started without store within 0.8 s, and found it later without another start"


def test_what_the_audit_had_to_start_has_its_time_from_then_on():
    later = lambda at: sent(at, status=None, echoed=False) if 2.2 <= at < 4.5 else echo(at)  # noqa: E731
    assert word(echoing=later) == "refuted"
    assert word(echoing=later, one=replace(ROUND, anew=(STARTED,))) == "verified"


def test_what_was_answered_before_the_kill_is_not_its_answer():
    late = lambda at: sent(at, node="a") if at < 2.3 else echo(at)  # noqa: E731
    assert told(echoing=late).actual.startswith("started without store within 0.8 s")


def test_one_that_waited_while_later_ones_were_turned_away_is_the_first():
    waits = lambda at: sent(at, took=0.8) if at == 2.3 else echo(at)  # noqa: E731
    assert told(echoing=waits).actual.startswith("started without store within 0.8 s")


def silent(until):
    """Answers nothing from the crash until then."""
    return lambda at: sent(at, status=None, echoed=False) if 2.2 <= at < until else echo(at)


@pytest.mark.parametrize(
    ("echoing", "expected"),
    [
        (silent(8.6), "front does not start: echo is not answered"),
        (silent(15.0), "front does not start: echo is not answered"),
        (silent(6.0), "echo answered after 3.8 s"),
        (lambda at: replace(echo(at), echoed=at < 2.2 or at > 8), "echo answers something else"),
        (lambda at: replace(echo(at), echoed=at < 2.2 or at > 8 or at % 1 < 0.3), "echo answers something else"),
        (lambda at: replace(echo(at), reduced=2.2 <= at < 8), "echo answers something else"),
        (lambda at: sent(at, status=503) if 5 < at < 6 else echo(at), "echo suffers"),
        (lambda at: sent(at, status=503) if at > 8 else echo(at), "echo does not recover"),
    ],
)
def test_what_does_not_answer_without_it_is_refuted(echoing, expected):
    judgement = told(echoing=echoing)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", expected), judgement


def under_way(at):
    """Asked just before the store is back, answered just after."""
    return 7.8 < at < 8


def test_what_was_under_way_when_the_part_came_back_tells_nothing_of_the_time_before():
    canned = lambda at: replace(echo(at), echoed=at < 2.2 or at > 7.8, took=0.3 if under_way(at) else 0.01)  # noqa: E731
    judgement = told(echoing=canned)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "echo answers something else"), judgement
    replaced = lambda at: replace(named("c" if under_way(at) else "b", "c")(at), took=0.3 if under_way(at) else 0.01)  # noqa: E731
    assert word(echoing=replaced) == "refuted"
    assert word(echoing=lambda at: replace(echo(at), took=0.3 if under_way(at) else 0.01)) == "verified"


def test_who_keeps_callers_waiting_until_the_part_is_back_is_refuted():
    judgement = told(echoing=lambda at: sent(at, took=8.2 - at) if 2.2 <= at < 8 else echo(at))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "front does not start: echo is not answered")
    assert "answered when store was back" in judgement.because
    judgement = told(echoing=lambda at: sent(at, took=8.2 - at) if 4 <= at < 8 else echo(at))
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "echo suffers")
    assert "answered when store was back" in judgement.because
    assert word(echoing=lambda at: replace(sent(at, took=8.2 - at), due=at - 0.5) if 4 <= at < 8 else echo(at)) == (
        Reason.BUDGET
    )


def test_a_moment_or_a_busy_machine_refutes_nothing():
    slowly = lambda at: replace(echo(at), took=3.0) if 3 <= at < 3.1 else echo(at)  # noqa: E731
    assert word(echoing=slowly, starts="<= 1 s") == "verified"  # another one was answered in time
    assert word(starts="<= 0.8 s") == Reason.INCONCLUSIVE_STATISTICS
    assert word(echoing=lambda at: sent(at, status=503) if at in (5.0, 6.0) else echo(at)) == (
        Reason.INCONCLUSIVE_STATISTICS
    )
    judgement = told(echoing=lambda at: replace(echo(at), echoed=False) if at in (5.0, 6.0) else echo(at))
    assert judgement.because == "while store was away: answered with something else"
    busy = lambda at: replace(silent(6.0)(at), due=at - 0.5)  # noqa: E731
    assert word(echoing=busy) == Reason.BUDGET
    assert word(echoing=lambda at: replace(silent(15.0)(at), due=at - 0.5)) == Reason.BUDGET
    sometimes = lambda at: replace(sent(at, status=503) if 5 < at < 6 else echo(at), due=at - 0.5)  # noqa: E731
    assert word(echoing=sometimes) == Reason.BUDGET
    again = lambda at: replace(sent(at, status=503) if at > 8 else echo(at), due=at - 0.5)  # noqa: E731
    assert word(echoing=again) == Reason.BUDGET
    never = lambda at: replace(silent(8.6)(at), due=at - 0.5)  # noqa: E731
    assert word(echoing=never) == Reason.BUDGET


def test_too_few_requests_show_nothing():
    brief = replace(ROUND, undone=4.0, back=8.5)
    assert word(one=brief) == Reason.VACUOUS
    assert word(one=brief, echoing=silent(8.6)) == Reason.VACUOUS
    assert word(one=replace(ROUND, undone=3.5, back=8.5, anew=(STARTED,)), starts="<= 9 s") == Reason.VACUOUS


def test_what_never_held_what_it_was_asked_shows_nothing():
    assert word(echoing=lambda at: replace(echo(at), echoed=False)) == Reason.VACUOUS


def test_what_needs_the_part_recovers_within_its_time():
    assert word(saying=lambda at: sent(at, status=503) if 2.2 <= at < 13 else say(at)) == "refuted"
    assert word(saying=lambda at: sent(at, status=503) if 2.2 <= at < 10 else say(at)) == "verified"
    judgement = told(saying=lambda at: sent(at, status=503) if at >= 2.2 else say(at))
    assert judgement.actual == "say does not recover"
    assert word(one=replace(ROUND, back=None)) == Reason.BLOCKED


def test_what_is_said_to_need_the_part_has_to():
    judgement = told(saying=echo)
    assert (judgement.reason, judgement.actual) == (Reason.VACUOUS, "say answered 100 times as ever")


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (runs(), "verified"),
        (runs(back=("r",)), "refuted"),
        (runs(back=()), "refuted"),
        (runs(without=("q", "w"), back=("q",)), Reason.INCONCLUSIVE_STATISTICS),
        (runs(without=("q",), back=("q", "w")), "verified"),
        (runs(before=("k", "p"), without=("k", "q"), back=("k", "q")), "verified"),
        (runs(before=("k", "p"), without=("k", "q"), back=("k", "r")), "refuted"),
        (runs(without=("p",), back=("p",)), Reason.FAULT_NOT_EFFECTIVE),
        (runs(before=()), Reason.FAULT_NOT_EFFECTIVE),
        (runs(without=()), Reason.FAULT_NOT_EFFECTIVE),
        (runs(unseen="elsewhere"), Reason.NO_OBSERVABLE),
        ([failure("front", Runs, Reason.FORBIDDEN, "no")], Reason.FORBIDDEN),
    ],
)
def test_it_is_another_process_than_before_and_the_same_to_the_end(looks, expected):
    assert word(looks=looks) == expected


def test_one_that_ends_again_while_the_part_is_away_is_refuted():
    looks = [replace(one, value={"serving": ["r"], "unseen": ""}) if 5 < one.at < 8 else one for one in runs()]
    judgement = told(looks=looks)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "front ended again"), judgement


def named(without, back):
    return lambda at: replace(echo(at), node=("a" if at < 2.2 else without if at < 8 else back) if echo(at).ok else "")


def test_who_answers_is_known_by_its_name_too():
    """A program may replace itself in the same process, and a relay may be killed in its place."""
    assert word(echoing=named("b", "c")) == "refuted"
    assert word(echoing=named("a", "a")) == Reason.FAULT_NOT_EFFECTIVE
    assert word(echoing=named("", "")) == "verified"
    later = lambda at: named("b", "b")(at) if at < 9 else named("b", "c")(at)  # noqa: E731
    assert word(echoing=later) == "refuted"
    both = lambda at: replace(echo(at), node="c") if at > 9 and at % 1 < 0.5 else echo(at)  # noqa: E731
    assert word(echoing=both) == Reason.INCONCLUSIVE_STATISTICS


def test_who_was_not_killed_shows_nothing():
    assert word(one=replace(ROUND, anew=(replace(CRASH, seen=None),))) == Reason.FAULT_NOT_EFFECTIVE
    assert word(one=replace(ROUND, anew=())) == Reason.FAULT_NOT_EFFECTIVE
    refused = failure("store", Experiment, Reason.NOT_SAFE, "no", fault=WORDS)
    assert judged(_claim(), evidence(ROLES, refused)).reason is Reason.NOT_SAFE


@pytest.mark.parametrize("unaffected", ["other", "echo, say", ","])
def test_what_the_claim_leaves_open_is_ambiguous(unaffected):
    assert judged(_claim(unaffected=unaffected), evidence(ROLES)).reason is Reason.AMBIGUOUS_CLAIM


def test_the_course_follows_from_the_claim():
    (need,) = CHECKS["degradation.starts"].needs(_claim("<= 8 s", 3.0))
    assert (need.fault, need.role, need.anew) == (Fault.OUTAGE, "system", "caller")
    assert (need.course.hold_s, need.course.afterwards_s) == (10.0, 6.0)
