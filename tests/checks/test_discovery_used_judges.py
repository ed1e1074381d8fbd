"""The judge of discovery.used, branch by branch, on diversions made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.needs import Divert
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.ports.diversion import Came, Diversion, enough, spoilt
from pytest_distaudit.ports.history import Outcome
from pytest_distaudit.ports.traffic import Sent, Traffic

from .evidence import CHECKS, claim, evidence, fact, failure, judged

ROLES = {"registry": ("consul",), "caller": ("front",), "callee": ("worker",)}
RATE = 20
#: steady for 2 s, registered for 5 s, gone for 5 s
ENTERED, REGISTERED, WITHDRAWN, ENDED = 2.0, 2.2, 7.0, 12.0
TOLD = Diversion("w", 0.0, ENDED, 1, ENTERED, REGISTERED, WITHDRAWN)
ALONE = (5.0, 8.2)


def sent(at, *, spoils=(), fails=(), echoes=True):
    """``spoils``: from when to when every second request is answered by the audit's instance; ``fails`` likewise."""
    began = at / RATE
    diverted = spoils and spoils[0] <= began < spoils[1] and at % 2
    if fails and fails[0] <= began < fails[1]:
        return Sent(f"n{at}", began, began, 0.01, Outcome.FAIL, 502, detail="no")
    return Sent(f"n{at}", began, began, 0.01, Outcome.OK, 200, echoed=echoes and not diverted)


def flow(**how):
    return [sent(at, **how) for at in range(int(ENDED * RATE))]


def came(began, ended, late=0.001):
    return tuple(
        Came(at / RATE + late, f"n{at}") for at in range(int(ENDED * RATE)) if at % 2 and began <= at / RATE < ended
    )


def seen(told=TOLD, requests=None):
    requests = flow() if requests is None else requests
    asks = {"operation": "ask", "fault": "diversion", "system": "w"}
    return fact("consul", told, service="w", operation="ask"), fact("", Traffic("ask", RATE, tuple(requests)), **asks)


def told_of(told=TOLD, requests=None, within=None):
    of = replace(claim("discovery.used", service="w"), operation="ask")
    of = replace(of, timing=Timing(Span.WITHIN, within)) if within else of
    return judged(of, evidence(ROLES, *seen(told, requests)))


def word(*args, **more):
    judgement = told_of(*args, **more)
    return judgement.reason or judgement.verdict.value


DIVERTED = {"spoils": (ENTERED, WITHDRAWN)}
CAME = came(ENTERED, WITHDRAWN)


def test_calls_that_come_and_go_with_the_registry_are_verified():
    judgement = told_of(replace(TOLD, came=CAME), flow(**DIVERTED))
    assert judgement.verdict.value == "verified", judgement
    assert judgement.actual == "50 of 96 calls went to the audit's own instance"


def test_only_after_a_start_is_said():
    told = replace(TOLD, came=came(*ALONE), alone=ALONE, withdrawn=8.3)
    judgement = told_of(told, flow(spoils=ALONE))
    assert (judgement.verdict.value, judgement.actual.endswith("once they had started anew")) == ("verified", True)


@pytest.mark.parametrize(
    ("told", "requests", "expected"),
    [
        # not steady, too few, nothing to be beside, never seen to pass, left in disorder
        (TOLD, flow(fails=(0.0, 1.0)), Reason.BASELINE),
        (replace(TOLD, began=1.5), flow(), Reason.VACUOUS),
        (replace(TOLD, entered=None, registered=None), flow(), Reason.VACUOUS),
        (replace(TOLD, registered=None), flow(), Reason.NO_CONTROL),
        (replace(TOLD, came=CAME, restored=False), flow(**DIVERTED), Reason.BASELINE),
        # calls came, and their answers were thrown away
        (replace(TOLD, came=CAME), flow(), Reason.NO_OBSERVABLE),
        # a few answers that differ are chance
        (replace(TOLD, came=CAME), flow(spoils=(3.0, 3.15)), Reason.NO_OBSERVABLE),
        # still called after it was gone, for longer than is claimed; until the end; and what does not work again
        (replace(TOLD, came=came(ENTERED, 11.9)), flow(spoils=(ENTERED, 11.9)), Reason.BUDGET),
        (replace(TOLD, came=CAME), flow(**DIVERTED, fails=(11.0, 12.0)), Reason.BASELINE),
        # nobody came, and nobody may start the callers anew
        (replace(TOLD, trouble="kept"), flow(), Reason.NO_CONTROL),
    ],
)  # fmt: skip
def test_what_cannot_be_told(told, requests, expected):
    assert word(told, requests, within=3.0) == expected


SILENT = replace(TOLD, alone=ALONE, withdrawn=8.5)


def test_callers_that_go_on_where_the_registry_tells_of_nobody_are_refuted():
    judgement = told_of(SILENT)
    assert (judgement.verdict.value, judgement.actual) == ("refuted", "0 of 126 calls went to the audit's own instance")


def test_that_the_service_is_needed_shows_without_it():
    assert word(replace(SILENT, without=(8.3, 8.5)), flow(fails=(8.3, 8.5), echoes=False)) == "refuted"


def _late(requests, at, **how):
    """The one that was sent then is answered when the next thing has been done already."""
    return [replace(one, took=0.2, **how) if round(one.sent * RATE) == round(at * RATE) else one for one in requests]


def test_what_was_under_way_when_the_service_was_taken_away_tells_nothing():
    told = replace(SILENT, without=(8.3, 8.5))
    failed = {"outcome": Outcome.FAIL, "status": 502}
    assert word(told, _late(flow(fails=(8.3, 8.5)), 8.15, **failed)) == "refuted"
    assert word(told, [replace(one, **failed) if one.sent == 8.0 else one for one in flow(fails=(8.3, 8.5))]) == (
        Reason.NO_OBSERVABLE
    )


def test_what_was_under_way_when_it_came_back_tells_nothing():
    told, answered = replace(SILENT, without=(8.3, 8.5)), {"outcome": Outcome.OK, "status": 200}
    assert word(told, _late(flow(fails=(8.3, 8.5)), 8.45, **answered)) == "refuted"
    assert word(told, _late(flow(fails=(8.3, 8.5)), 8.3, **answered)) == Reason.NO_OBSERVABLE


def test_a_health_page_is_no_call():
    pings = tuple(Came(ALONE[0] + at / 5) for at in range(16))
    assert word(replace(SILENT, came=pings)) == "refuted"


@pytest.mark.parametrize(
    ("told", "requests", "expected"),
    [
        (replace(SILENT, came=tuple(Came(5.0 + at / 10) for at in range(32))), flow(), Reason.NO_OBSERVABLE),
        (SILENT, flow(fails=(5.0, 5.5)), Reason.NO_OBSERVABLE),
        (SILENT, [*flow()[:120], *(replace(one, echoed=False) for one in flow()[120:])], Reason.NO_OBSERVABLE),
        (replace(SILENT, alone=(5.0, 7.9)), flow(), Reason.VACUOUS),
        (replace(SILENT, others=20), flow(), Reason.VACUOUS),
        # whether anybody is called at all
        (SILENT, flow(echoes=False), Reason.NO_OBSERVABLE),
        (replace(SILENT, without=(8.3, 8.5)), flow(), Reason.NO_OBSERVABLE),
        (replace(SILENT, without=(8.3, 8.5)), flow(fails=(8.4, 8.5)), Reason.NO_OBSERVABLE),
        (replace(SILENT, without=(8.31, 8.34)), flow(fails=(8.3, 8.5)), Reason.NO_OBSERVABLE),
    ],
)  # fmt: skip
def test_silence_that_tells_nothing(told, requests, expected):
    assert word(told, requests) == expected


def test_what_could_not_be_done_is_said():
    of = replace(claim("discovery.used", service="w"), operation="ask")
    for reason in (Reason.NOT_SAFE, Reason.NO_CONTROL, Reason.FORBIDDEN):
        refusal = failure("consul", Diversion, reason, "no", service="w", operation="ask")
        assert judged(of, evidence(ROLES, refusal)).reason is reason


def test_the_need_follows_from_the_claim():
    of = replace(claim("discovery.used", service="w", rate=50), timing=Timing(Span.WITHIN, 7.0))
    assert CHECKS["discovery.used"].needs(of) == (Divert("w", 7.0, 50.0),)
    assert CHECKS["discovery.used"].needs(claim("discovery.used", service="w")) == (Divert("w", 30.0, 20.0),)


def test_more_instances_want_more_calls():
    assert [enough(others) for others in (0, 1, 5, 20)] == [60, 60, 60, 189]


def test_answers_that_differ_tell_only_if_they_are_many():
    met = [replace(sent(at), echoed=at >= 20) for at in range(40)]
    everything = frozenset(one.nonce for one in met)
    assert spoilt(met, everything, echoes=True) == 20
    assert spoilt(met, everything, echoes=False) == 0
    assert spoilt(met, frozenset(), echoes=True) == 0
    assert spoilt(met[18:], everything, echoes=True) == 0
