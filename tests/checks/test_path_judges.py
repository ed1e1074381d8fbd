"""The judge of paths, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace

from pytest_distaudit.checks.path import path as check
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.work import Work

from .evidence import claim, evidence, fact, failure, judged
from .test_wiring_judges import alternation, looks, with_performances

PATH = claim("wiring.path", activity="submit")
ROLES = {"through": ("broker", "tables")}
COURSE = alternation()
PASSES = {"published": with_performances(5), "delivered": with_performances(5)}
WRITES = {"rows": with_performances(5)}


def of(system, *, onward=(), unseen="", **moves):
    """The looks at one system of the path."""
    seen = looks(COURSE, unseen=unseen, **moves)
    value = {"onward": list(onward)}
    return [replace(one, system=system, value={**one.value, **value}) for one in seen]


def through(*seen, course=COURSE):
    answer = judged(PATH, evidence(ROLES, *(one for looks in seen for one in looks), fact("", course, activity="s")))
    return answer.verdict, answer.reason or answer.actual


BROKER = of("broker", onward=("delivered",), **PASSES)


def test_all_that_work_are_on_the_path():
    assert through(BROKER, of("tables", **WRITES)) == (Verdict.VERIFIED, "through all 2")


def test_one_that_rests_is_not():
    assert through(BROKER, of("tables")) == (Verdict.REFUTED, "not through tables: running (unused)")
    assert through(of("broker", onward=("delivered",)), of("tables", **WRITES)) == (
        Verdict.REFUTED,
        "not through broker: running (unused)",
    )


def test_what_arrives_must_go_on():
    void = of("broker", onward=("delivered",), published=with_performances(5))
    told = (Verdict.REFUTED, "not through broker: what arrives there goes no further")
    assert through(void, of("tables", **WRITES)) == told
    somebody = of("broker", onward=("delivered",), published=with_performances(5), delivered=[2] * 19)
    assert through(somebody, of("tables", **WRITES)) == told


def test_one_that_cannot_be_seen_leaves_it_open_unless_another_refutes():
    unseen = [failure("tables", Work, Reason.NO_OBSERVABLE, "no metrics")]
    assert through(BROKER, unseen) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert through(of("broker", onward=("delivered",)), unseen)[0] is Verdict.REFUTED
    hidden = of("tables", unseen="locks")
    assert through(BROKER, hidden) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    late = of("broker", onward=("delivered",), published=with_performances(5), delivered=[0] * 18 + [35])
    assert through(late, of("tables", **WRITES)) == (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)


def test_failed_performances_are_no_baseline():
    failing = alternation(failing=1)
    assert through(BROKER, of("tables"), course=failing) == (Verdict.UNVERIFIABLE, Reason.BASELINE)


def test_more_performances_are_asked_for_where_few_leave_it_open():
    noise = [9, 4, 12, 7, 3, 8, 6, 11, 5, 9, 3, 12, 8, 10, 4, 7, 9, 6, 11]
    seen = evidence(ROLES, *BROKER, *of("tables", rows=noise), fact("", COURSE, activity="s"))
    answer = judge(PATH, check, seen)
    assert isinstance(answer, NeedMore)
    assert [need.each for need in answer.needs] == [15]
