"""Rest: looks before and after a time in which the audit performs nothing."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.engine import gather
from pytest_distaudit.engine import rest as resting
from pytest_distaudit.engine.alternate import Rhythm
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.windows import Resting
from pytest_distaudit.ports.work import Work

from .test_alternate import ACTIVITY, STORE, World

WATCHED, BOUND = {"store": [Work.ask()]}, {"store": STORE}


def test_two_looks_around_a_rest_are_shared() -> None:
    gatherer = World().gatherer()
    seen = gatherer.rested(WATCHED, BOUND, 0.1)
    before, after, last = seen
    told = from_json(Resting, last.value)
    assert told.opened <= before.at <= told.began <= told.ended - 0.1
    assert told.ended <= after.at <= told.closed
    assert last.ask == Resting.ask(seconds="0.1")
    assert told.lags == {"store": 0.0}
    assert gatherer.rested(WATCHED, BOUND, 0.1) is seen
    assert gatherer.rested(WATCHED, BOUND, 0.2) is not seen


def test_a_rest_is_longer_where_statistics_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    # not the module's own sleep: threads of other tests may use it
    monkeypatch.setattr(resting, "time", SimpleNamespace(**{**vars(time), "sleep": slept.append}))
    gatherer = World().gatherer()
    hub = gatherer._hub
    monkeypatch.setattr(resting, "_PAUSE_S", 100.0)
    resting.rest([(STORE, [Work.ask()])], hub, {"store": 5.0}, 10.0)
    resting.rest([(STORE, [Work.ask()])], hub, {"store": 0.0}, 10.0)
    resting.rest([], hub, {}, 10.0)
    assert [round(one, 1) for one in slept] == [25.0, 10.0, 10.0]


def test_it_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins anew in between must not go unseen."""
    monkeypatch.setattr(resting, "_PAUSE_S", 0.01)
    *looks, last = World().gatherer().rested(WATCHED, BOUND, 0.5)
    told = from_json(Resting, last.value)
    assert 4 < len(looks) <= 12
    assert told.ended - told.began >= 0.5
    assert looks[-1].at >= told.ended > looks[-2].at


@pytest.mark.parametrize("rest_first", [True, False])
def test_nothing_is_performed_meanwhile(monkeypatch: pytest.MonkeyPatch, rest_first: bool) -> None:
    """Whoever comes first, the other one waits."""
    monkeypatch.setattr(gather, "Rhythm", lambda lag, effects, each: Rhythm(-0.5, effects, 0.01, each))
    world = World()
    gatherer = world.gatherer()

    def rests() -> tuple[Observation, ...]:
        return gatherer.rested(WATCHED, BOUND, 0.3)

    def performs() -> tuple[Observation, ...]:
        return gatherer.alternated(ACTIVITY, WATCHED, BOUND, 0.0, 1)

    first, second = (rests, performs) if rest_first else (performs, rests)
    one = threading.Thread(target=first)
    one.start()
    time.sleep(0.05)
    second()
    one.join()
    before, after, _ = rests()
    assert before.value["counts"] == after.value["counts"]
    assert world.used
