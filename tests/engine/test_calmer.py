"""An experiment that the machine was too busy for is done once more when that is over, and only then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_distaudit.domain.check import Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Place
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Aim, Course, Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb
from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.domain.target import SystemSpec, Target
from pytest_distaudit.domain.verdict import Reason, Rung, Scope, Verdict
from pytest_distaudit.engine import live
from pytest_distaudit.engine.calmer import CALMS_S, calmer
from pytest_distaudit.engine.conduct import Conducted, conduct
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.live import Live
from pytest_distaudit.engine.plan import Plan, Planned, plan_claim
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Traffic

from .test_disturb import ASK, COURSE, World, _traffic

BUSY = Judgement(Verdict.UNVERIFIABLE, "late", reason=Reason.BUDGET)
UNSTEADY = Judgement(Verdict.UNVERIFIABLE, "not steady", reason=Reason.BASELINE)
UNCLEAR = Judgement(Verdict.UNVERIFIABLE, "now and then", reason=Reason.INCONCLUSIVE_STATISTICS)
GREEN, RED = Judgement(Verdict.VERIFIED, "so"), Judgement(Verdict.REFUTED, "not so")


def _said(judgement: Judgement, *seen: Observation) -> Conducted:
    """What an experiment came to."""
    return Conducted(judgement, (seen,))


def _told(judgements: Sequence[Judgement], *seen: Observation) -> tuple[Conducted | None, int]:
    """What counts, and how many experiments there were."""
    done: list[Judgement] = []

    def conducted(judgement: Judgement) -> Conducted:
        done.append(judgement)
        return _said(judgement, *seen)

    return calmer(conducted, iter(judgements)), len(done)


@pytest.mark.parametrize("first", [GREEN, RED, UNSTEADY])
def test_what_can_be_told_or_is_not_the_machines_doing_is_told_by_the_first(first: Judgement) -> None:
    assert _told([first, GREEN]) == (_said(first), 1)
    assert _told([first, RED]) == (_said(first), 1)


@pytest.mark.parametrize("second", [GREEN, RED])
def test_what_could_not_be_told_is_told_by_the_second(second: Judgement) -> None:
    assert _told([BUSY, second]) == (_said(second), 2)


@pytest.mark.parametrize("rest", [[], [UNSTEADY], [BUSY]])
def test_where_nobody_can_tell_the_first_says_why(rest: list[Judgement]) -> None:
    assert _told([BUSY, *rest]) == (_said(BUSY), 1 + len(rest))


def test_without_an_experiment_nothing_is_told() -> None:
    assert _told([]) == (None, 0)


def test_what_is_too_much_in_any_case_is_not_asked_twice() -> None:
    refused = Observation("", Ask("load"), 0.0, 0.0, reason=Reason.BUDGET, detail="10000 a second are too many")
    assert _told([BUSY, GREEN], refused) == (_said(BUSY, refused), 1)


@pytest.mark.parametrize(("slowed", "second"), [(1.0, False), (2.0, False), (2.1, True)])
def test_what_statistics_leave_open_may_be_the_machines_doing_if_it_was_busy(slowed: float, second: bool) -> None:
    flow = Traffic("ask", 20.0, (), slowed=slowed)
    seen = Observation("", Traffic.ask(operation="ask"), 0.0, 0.0, value=to_json(flow))
    assert _told([UNCLEAR, GREEN], seen) == ((_said(GREEN, seen), 2) if second else (_said(UNCLEAR, seen), 1))
    assert _told([UNCLEAR, GREEN]) == (_said(UNCLEAR), 1)


# --- a claim's own


CRASH = Experiment.ask(fault="crash")
ANSWERS = {"verified": lambda: verified("so", "told"), "refuted": lambda: refute("not so"), "busy": lambda: _busy()}


def _busy() -> Judgement:
    unverifiable(Reason.BUDGET, "late", "the machine was busy")


@check(
    "store.stands",
    claims="it stands",
    says="{system} stands",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles={"system": Role("it")},
    needs=lambda claim: (Disturb(Fault.CRASH, "system", COURSE, ()),),
)
def stands(claim: Claim, evidence: Evidence) -> Judgement:
    """What the world says of it, one experiment after the other; each claim has its own story."""
    told = evidence.one(Experiment, "system", CRASH)
    return STORIES[claim.id][int(told.began) - 1]()


STORIES: dict[str, list[Callable[[], Judgement]]] = {}


class Paper:
    """In place of a gatherer: which experiments there were, each told by its number."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def facts(self, located: Any, asks: Sequence[Ask], newer_than: float | None = None) -> tuple[Observation, ...]:
        return tuple(Observation("store", ask, time.time(), 0.0, value={"up": True, "witness": ""}) for ask in asks)

    def prefetch(self, wanted: object) -> None:
        pass

    def disturbed(self, trial: Trial, bound: Mapping[str, Any], again: bool = False) -> tuple[Observation, ...]:
        self.asked.append(again)
        told = Experiment("crash", "store", 1.0 + again, 9.0, steady=True, waited_s=1.0, patience_s=1.0)
        return (Observation("store", CRASH, time.time(), 0.0, value=to_json(told)),)


def _judged(monkeypatch: pytest.MonkeyPatch, *words: str, calm: bool = True) -> tuple[Any, list[bool], list[float]]:
    """(what a claim of that story came to, which experiments were done, how long the machine was waited for)"""
    waited: list[float] = []

    def calms(within_s: float) -> bool:
        waited.append(within_s)
        return calm

    monkeypatch.setattr(live, "calms", calms)
    STORIES["it"] = [ANSWERS[word] for word in words]
    target = Target("it", Place("x"), {"store": SystemSpec("store", "store", Place("x"), disposable=True)})
    plan, paper = Plan(target), Paper()
    planned = _planned(target)
    plan.add(planned)
    looking = Live(plan, paper, lambda ask: pytest.fail("no file is read"))  # type: ignore[arg-type]
    found = conduct(planned, looking.sights(planned, {"store": World().located()}))
    return found, paper.asked, waited


def _planned(target: Target) -> Planned:
    claim = Claim("it", "store.stands", {"system": "store"}, Place("x"), "", "", 0)
    return plan_claim(claim, stands, target)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["verified", "refuted"])
def test_a_claim_that_can_be_judged_has_one_experiment(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    found, asked, waited = _judged(monkeypatch, word, "busy")
    assert (found.judgement.verdict.value, asked, waited) == (word, [False], [])


@pytest.mark.parametrize("word", ["verified", "refuted"])
def test_a_claim_on_a_busy_machine_has_one_more(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    found, asked, waited = _judged(monkeypatch, "busy", word)
    assert (found.judgement.verdict.value, asked, waited) == (word, [False, True], [CALMS_S])
    assert len(found.looks) == 1, "what is kept is what was judged"
    assert conduct(_planned_again(), iter(_recorded(found.looks))).judgement == found.judgement


def _planned_again() -> Planned:
    return _planned(Target("it", Place("x"), {"store": SystemSpec("store", "store", Place("x"), disposable=True)}))


@dataclass
class _Record:
    observations: Sequence[Observation]

    def extend(self, needs: object) -> bool:
        return False


def _recorded(looks: Sequence[Sequence[Observation]]) -> Iterator[_Record]:
    return iter([_Record(look) for look in looks])


def test_a_claim_on_a_machine_that_stays_busy_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked, _ = _judged(monkeypatch, "busy", "verified", calm=False)
    assert (found.judgement.reason, asked) == (Reason.BUDGET, [False])


def test_claims_together_wait_for_a_calm_machine_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def calms(within_s: float) -> bool:
        waited.append(within_s)
        time.sleep(0.2)
        return False

    monkeypatch.setattr(live, "calms", calms)
    monkeypatch.setattr(live, "CALMS_S", 0.3)
    STORIES["it"] = [ANSWERS["busy"]]
    planned = _planned_again()
    plan = Plan(Target("it", Place("x")))
    plan.add(planned)
    looking = Live(plan, Paper(), lambda ask: pytest.fail("no file is read"))  # type: ignore[arg-type]
    for _ in range(3):
        conduct(planned, looking.sights(planned, {"store": World().located()}))
    assert waited == [0.3, pytest.approx(0.1, abs=0.05), 0.0]


# --- two of them


def test_the_second_one_is_everybodys_who_wants_one() -> None:
    world = World(heals_s=0.1)
    gatherer, bound = world.gatherer(), {"store": world.located()}
    trial = Trial(Aim(Fault.CRASH, "store"), Course(0.3, 1.0, steady_s=0.2, rate=40), (ASK,))
    first = gatherer.disturbed(trial, bound)
    assert gatherer.disturbed(trial, bound) is first
    second = gatherer.disturbed(trial, bound, again=True)
    assert second is not first
    assert gatherer.disturbed(replace(trial), bound, again=True) is second
    assert world.deeds.count("crash") == 2
    assert world.deeds.count("store: once more, for the machine was busy") == 1
    assert _traffic(second).sent[0].sent > _traffic(first).sent[-1].sent
