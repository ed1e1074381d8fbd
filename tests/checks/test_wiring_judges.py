"""The judge of what is used, branch by branch, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import pytest

from pytest_distaudit.checks.wiring import MORE
from pytest_distaudit.domain.judgement import NeedMore
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.engine.judge import judge
from pytest_distaudit.ports.capabilities import Performed
from pytest_distaudit.ports.windows import Alternation, Window
from pytest_distaudit.ports.work import Work

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"system": ("store",)}
USED = claim("wiring.used", activity="list")
EACH = 5
#: rest, rest, rest, the first performances, 14 drawn, rest
LOT = [True, False, False, True, True, False, True, False, True, True, False, False, False, True]
ACTIVE = [False, False, False, True, *LOT, False]
INCONCLUSIVE = (Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS)
UNUSED = (Verdict.REFUTED, "running (unused)")


def alternation(*, failing=0, active=ACTIVE, each=EACH, stretch=0.0):
    """Windows of one second, looks in the tenth of a second between any two; the active ones longer by ``stretch``."""
    windows, at, number = [], 0.1, 0
    for place, performs in enumerate(active):
        runs = []
        for _ in range(each if performs else 0):
            number += 1
            runs.append(Performed(f"distaudit-{number:032x}", at, 0.01, ok=number > failing, status=200))
        ended = at + 1.0 + (stretch if performs else 0.0)
        windows.append(Window(at, ended, tuple(runs), 3 < place < len(active) - 1))
        at = ended + 0.1
    return Alternation("list", tuple(windows))


def looks(course, *, unseen="", identities=("one",), nonces=None, start=100, **moves):
    """Looks at the store; ``moves``: name -> how often it moves in each window."""
    turns = [0.05, *(window.ended + 0.05 for window in course.windows)]
    series = {name: list(accumulate(moved, initial=start)) for name, moved in moves.items()}
    return [
        fact(
            "store",
            Work({name: counts[place] for name, counts in series.items()}, nonces, unseen),
            at=at,
            identity=identities[min(place, len(identities) - 1)],
        )
        for place, at in enumerate(turns)
    ]


def judgement(course=None, *, drop=None, **more):
    """What is said at last: where more performances are asked for, the same moves are seen with them."""
    course = course or alternation()
    seen = [look for place, look in enumerate(looks(course, **more)) if place != drop]
    answer = judge(USED, CHECKS["wiring.used"], evidence(ROLES, *seen, fact("", course, activity="list")))
    if isinstance(answer, NeedMore):
        assert answer.needs == (MORE,)
        threefold = Alternation("list", tuple(replace(window, runs=window.runs * 3) for window in course.windows))
        answer = judged(USED, evidence(ROLES, *seen, fact("", threefold, activity="list")))
    return answer


def told(course=None, **more):
    answer = judgement(course, **more)
    return answer.verdict, answer.reason or answer.actual


def with_performances(of_active, of_rest=0, active=ACTIVE):
    return [of_active if performs else of_rest for performs in active]


def test_what_moves_with_performances_alone_is_used():
    answer = judgement(get=with_performances(5), set=with_performances(1))
    assert (answer.verdict, answer.actual) == (Verdict.VERIFIED, "used: get +35, set +7")
    assert answer.because == "35 performances in 7 of 14 windows drawn by lot (1 of 3432 drawings)"


def test_a_poller_beside_them_hides_nothing():
    assert told(get=with_performances(13, 8))[0] is Verdict.VERIFIED
    assert told(get=[8] * 19, set=with_performances(5))[0] is Verdict.VERIFIED


def test_what_rests_or_goes_on_alike_is_unused():
    assert told() == UNUSED
    assert judgement().because.endswith("nothing moved at all")
    assert told(get=[8] * 19) == UNUSED
    assert judgement(get=[8] * 19).because.endswith("56 moves with them, 56 without")
    assert told(get=[place % 2 for place in range(19)]) == UNUSED
    assert told(get=[0] * 12 + [20] + [0] * 6)[0] is not Verdict.VERIFIED


def test_a_nonce_read_inside_decides_alone():
    answer = judgement(nonces=(f"distaudit-{1:032x}", f"distaudit-{99:032x}"), get=[8] * 19)
    assert (answer.verdict, answer.because) == (Verdict.VERIFIED, "1 nonce of 40 performances read inside")
    assert told(nonces=(f"distaudit-{99:032x}",)) == UNUSED
    assert told(alternation(failing=3), nonces=(f"distaudit-{7:032x}",))[0] is Verdict.VERIFIED


def test_what_use_would_move_and_is_not_seen_may_be_used():
    answer = judgement(unseen="what is published")
    assert (answer.verdict, answer.reason) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)
    assert answer.because == "not seen: what is published"
    assert told(unseen="what is published", get=with_performances(5))[0] is Verdict.VERIFIED


def test_what_was_never_used_is_unused_though_nothing_can_be_performed():
    nothing = [0] * len(ACTIVE)
    assert told(alternation(failing=400), start=0, get=nothing) == UNUSED
    assert told(alternation(failing=400), start=0) == UNUSED
    assert told(alternation(failing=400), start=0, get=nothing, unseen="reads") == (
        Verdict.UNVERIFIABLE,
        Reason.BASELINE,
    )
    assert told(alternation(failing=400), start=1, get=nothing) == (Verdict.UNVERIFIABLE, Reason.BASELINE)


def test_failed_performances_are_no_baseline():
    assert told(alternation(failing=1)) == (Verdict.UNVERIFIABLE, Reason.BASELINE)
    assert told(alternation(failing=40), get=with_performances(5)) == (Verdict.UNVERIFIABLE, Reason.BASELINE)


def test_a_restart_a_reset_or_a_lost_look_leave_nothing_to_count():
    assert told(identities=("one",) * 9 + ("two",), get=with_performances(5)) == INCONCLUSIVE
    assert told(get=[5] * 9 + [-40] + [5] * 9) == INCONCLUSIVE
    assert told(drop=7, get=with_performances(5)) == INCONCLUSIVE
    assert told(identities=("",)) == (Verdict.UNVERIFIABLE, Reason.NO_OBSERVABLE)


def test_the_last_look_has_to_come_back():
    course = alternation()
    seen = [*looks(course), failure("store", Work, Reason.FORBIDDEN, "no", at=99.0), fact("", course, activity="list")]
    assert judged(USED, evidence(ROLES, *seen)).reason is Reason.FORBIDDEN


@pytest.mark.parametrize(
    "moved",
    [
        [0, 0, 0, 1, *[0] * 15],  # in the first windows only, as if the caller kept the answer
        with_performances(1),  # once for five performances: whoever reacts to the load would look alike
        [0, 0, 0, *[3, 2, 3] * 5, 3],  # only since the activity began, but not with it
        [0] * 4 + [5 if place in (1, 4, 5, 7, 9, 10) else 0 for place in range(15)],  # one window late
        [9, 0, 40, 7, 0, 31, 8, 55, 2, 60, 3, 0, 71, 12, 9, 64, 0, 7, 33],  # anything may hide in it
    ],
)
def test_what_chance_or_others_may_have_done_is_left_open(moved):
    assert told(get=moved) == INCONCLUSIVE


def test_longer_windows_with_performances_prove_nothing_of_a_busy_store():
    assert told(alternation(stretch=0.5), get=with_performances(13, 8)) == INCONCLUSIVE
    assert told(alternation(stretch=0.5), get=with_performances(5))[0] is Verdict.VERIFIED


def test_few_windows_allow_few_tests_only():
    few = [False, False, False, True, *LOT[:12], False]
    assert sum(LOT[:12]) == 6
    course, alone = alternation(active=few), {name: with_performances(1, active=few) for name in ("get", "set", "del")}
    assert told(course, **alone)[0] is Verdict.VERIFIED
    assert told(course) == UNUSED
    assert told(course, get=[8] * 17, set=[1] * 17, noise=[0, 1] * 8 + [0]) == UNUSED


def test_more_performances_tell_what_few_cannot():
    course = alternation()
    noise = [9, 4, 12, 7, 3, 8, 6, 11, 5, 9, 3, 12, 8, 10, 4, 7, 9, 6, 11]
    seen = evidence(ROLES, *looks(course, get=noise), fact("", course, activity="list"))
    assert isinstance(judge(USED, CHECKS["wiring.used"], seen), NeedMore)
    assert told(get=noise) == UNUSED


def test_it_can_be_said_that_something_is_not_used():
    absent = replace(USED, expect=type(USED.expect)("absent"))
    course = alternation()
    seen = evidence(ROLES, *looks(course), fact("", course, activity="list"))
    assert judged(absent, seen).verdict is Verdict.VERIFIED
