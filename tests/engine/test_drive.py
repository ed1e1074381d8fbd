"""Loads sent by a generator of paper: at fixed moments, beside the audit's own server, and no longer than they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from pytest_distaudit.domain.needs import Drive
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine import drive
from pytest_distaudit.engine.drive import Driving
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.load import Fate, Hit, Load, Shot, Strain
from pytest_distaudit.ports.located import Located

NEED = Drive((50.0, 80.0, 100.0), 2.0, 1.0, 20.0)
TRIAL = Driving(Operation("ask", "GET http://api/say/{nonce}", ok=(200,)), ("api",), NEED)
How = Callable[[Shot], tuple[float, Fate]]


class Paper:
    """Says of each shot what ``how`` does. ``control``: the URL of nobody's server."""

    control = "http://127.0.0.1:9"

    def __init__(self, how: How) -> None:
        self.how, self.fired = how, list[Sequence[Shot]]()
        self.begun = self.ended = 0

    def fire(self, shots: Sequence[Shot], patience_s: float) -> tuple[Sequence[Hit], Strain]:
        assert patience_s == NEED.patience_s
        self.fired.append(shots)
        hits = [
            Hit(shot.due + 0.0003, *self.how(shot)) if self.own(shot) else Hit(shot.due + 0.0003, 0.001, Fate.GOOD)
            for shot in shots
        ]
        return hits, Strain((1, 2), 2)

    def own(self, shot: Shot) -> bool:
        return not shot.request.url.startswith(self.control)

    @contextmanager
    def generating(self) -> Iterator[Any]:
        self.begun += 1
        yield self
        self.ended += 1


def good(shot: Shot) -> tuple[float, Fate]:
    return 0.004, Fate.GOOD


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "_PAUSE_S", 0.0)


def driven(paper: Paper, trial: Driving = TRIAL, url: str = "http://127.0.0.1:8/", **more: Any) -> Observation:
    located = replace(Located("api", "http", {"url": url}, disposable=True), **more)
    gatherer = Gatherer(Hub({}, Limits(), Redactor([])), {}, lambda limits: None, generating=paper.generating)  # type: ignore[arg-type,return-value]
    (seen,) = gatherer.arranged(trial, {"api": located})
    assert seen.ask == Load.ask(operation="ask", course=trial.need.course)
    assert paper.begun == paper.ended
    return seen


def told(seen: Observation) -> Load:
    found: Load = from_json(Load, seen.value)
    return found


def test_phases_follow_one_another_without_their_warm_up() -> None:
    paper = Paper(good)
    load = told(driven(paper))
    assert [(one.rate, len(one.fates), len(one.control)) for one in load.phases] == [
        (50.0, 100, 40),
        (80.0, 160, 40),
        (100.0, 200, 40),
    ]
    assert (len(load.quiet.fates), load.local) == (20, True)
    first = load.phases[0]
    assert (first.due[:2], first.due[-1]) == ((0, 20_000), 1_980_000)
    assert set(first.lag) == {300}
    assert set(first.took) == {4000}
    assert set(first.control) == {1300}
    assert (first.strain, first.lost) == (Strain((1, 2), 2), 0)
    shots = paper.fired[1]
    assert sum(map(paper.own, shots)) == 150, "the warm-up is asked, and not told of"
    assert [shot.due for shot in shots] == sorted(shot.due for shot in shots)
    assert len({shot.nonce for shot in shots}) == len(shots)
    assert all(shot.nonce in shot.request.url for shot in shots)
    assert {shot.ok for shot in shots if paper.own(shot)} == {(200,)}


def test_where_nothing_works_no_load_is_sent() -> None:
    paper = Paper(lambda shot: (0.001, Fate.FAILED))
    load = told(driven(paper))
    assert (load.phases, load.quiet.many(Fate.FAILED), len(paper.fired)) == ((), 20, 1)


def test_where_hardly_anything_works_no_more_is_sent() -> None:
    paper = Paper(lambda shot: (0.001, Fate.GOOD if len(paper.fired) == 1 else Fate.PLAIN))
    assert len(told(driven(paper)).phases) == 1


@pytest.mark.parametrize(("rates", "done"), [((50.0, 80.0), 1), ((50.0, 50.0), 2)])
def test_what_is_too_much_already_is_not_made_more(rates: tuple[float, ...], done: int) -> None:
    paper = Paper(lambda shot: (shot.due, Fate.GOOD))
    assert len(told(driven(paper, replace(TRIAL, need=replace(NEED, rates=rates)))).phases) == done


@pytest.mark.parametrize(
    ("need", "more", "reason"),
    [
        (NEED, {"disposable": False}, Reason.NOT_SAFE),
        (replace(NEED, rates=(10_000.0,)), {}, Reason.BUDGET),
        (replace(NEED, rates=(1000.0,), seconds=3600.0), {}, Reason.BUDGET),
    ],
)
def test_what_may_not_or_cannot_be_sent(need: Drive, more: dict[str, Any], reason: Reason) -> None:
    paper = Paper(good)
    seen = driven(paper, replace(TRIAL, need=need), **more)
    assert (seen.reason, paper.begun) == (reason, 0)


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://localhost:8/", True), ("http://127.0.0.1:8/", True), ("http://192.0.2.1:8/", False)],
)
def test_whose_machine_it_is(url: str, local: bool) -> None:
    assert told(driven(Paper(good), url=url)).local is local


def test_claims_that_want_the_same_share_it() -> None:
    paper = Paper(good)
    gatherer = Gatherer(Hub({}, Limits(), Redactor([])), {}, lambda limits: None, generating=paper.generating)  # type: ignore[arg-type,return-value]
    bound = {"api": Located("api", "http", {"url": "http://127.0.0.1:8/"}, disposable=True)}
    assert gatherer.arranged(TRIAL, bound) is gatherer.arranged(replace(TRIAL), bound)
    assert paper.begun == 1
