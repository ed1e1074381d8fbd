"""Systems that are killed and start anew while another is away: all of it undone whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Aim, Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.codec import from_json, to_json
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.kind import Kind, Limits

from .test_disturb import COURSE, Session, World

TRIAL = Trial(Aim(Fault.OUTAGE, "store", anew=("front",)), replace(COURSE, hold_s=0.4))


def _done(store: World, front: World, **more: object) -> Experiment:
    front.deeds = _Told(front, store.deeds)
    kinds = {
        name: Kind(name, {"url": ("x",)}, Session, {"presence": world.presence})
        for name, world in (("store", store), ("front", front))
    }
    gatherer = Gatherer(Hub(kinds, Limits(), Redactor([])), kinds, lambda limits: store.fetch)
    bound = {"store": store.located(), "front": replace(front.located(), system="front", kind="front", **more)}
    (seen,) = gatherer.disturbed(TRIAL, bound)
    if seen.reason:
        raise AssertionError(seen.reason)
    told: Experiment = from_json(Experiment, seen.value)
    assert to_json(told) == seen.value
    return told


class _Told(list[str]):
    """Deeds to the front, told among those to the store."""

    def __init__(self, front: World, all_: list[str]) -> None:
        self._all = all_

    def append(self, deed: str) -> None:
        self._all.append(f"front: {deed}")


def test_what_starts_by_itself_does_so_while_the_other_is_away() -> None:
    store, front = World(), World(heals_s=0.1)
    told = _done(store, front)
    (one,) = told.rounds
    (crash,) = one.anew
    assert told.fault == "outage while front starts anew"
    assert crash.by_itself
    assert (crash.before, crash.after) == ("start 1", "start 2")
    assert crash.back is not None
    assert one.seen is not None
    assert one.undone is not None
    assert one.seen <= crash.injected < crash.back < one.undone
    assert one.undone - crash.back >= 0.4
    assert one.back is not None
    assert store.deeds[:3] == ["take away", "front: crash", "bring back"]
    assert store.up
    assert front.up


def test_what_nobody_starts_is_started_by_the_audit_while_the_other_is_away() -> None:
    store, front = World(), World()
    (one,) = _done(store, front).rounds
    (crash,) = one.anew
    assert crash.undone is not None
    assert crash.back is not None
    assert not crash.by_itself
    assert one.undone is not None
    assert one.undone - crash.back >= 0.4
    assert store.deeds[:4] == ["take away", "front: crash", "front: bring back", "bring back"]


def test_what_does_not_start_without_the_other_starts_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store, front = World(), World()
    start = front.bring_back

    def needs_it() -> None:
        if store.up:
            start()

    monkeypatch.setattr(front, "bring_back", needs_it)
    began = time.monotonic()
    (one,) = _done(store, front).rounds
    assert one.anew[0].back is None
    # it had the time that the fault lasts, once by itself and once from the audit's hand
    assert time.monotonic() - began < 5
    assert store.up
    assert front.up


@pytest.mark.parametrize("heals_s", [None, 0.3])
def test_what_ends_with_the_other_is_not_killed_once_more(
    heals_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, front = World(), World(heals_s=heals_s)
    away = store.take_away

    def both() -> None:
        away()
        front.down_since = time.time()

    monkeypatch.setattr(store, "take_away", both)
    (one,) = _done(store, front).rounds
    (crash,) = one.anew
    assert crash.seen is not None
    assert (crash.before, crash.after) == ("", "start 2")
    assert crash.by_itself is (heals_s is not None)
    assert "front: crash" not in store.deeds


def _interrupted() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("deed", ["crash", "serving"])
def test_both_are_undone_whatever_happens(deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, front = World(), World()
    real: Callable[[], str] = front.serving
    monkeypatch.setattr(front, deed, lambda: _interrupted() if not store.up else real())
    with pytest.raises(KeyboardInterrupt):
        _done(store, front)
    assert store.up
    assert store.deeds[-1] == "front: bring back"


def test_what_is_not_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_distaudit.engine.injection._SHOWS_S", 0.2)
    (one,) = _done(World(), World(numb=True)).rounds
    assert one.anew[0].seen is None


def test_what_may_not_be_killed_leaves_all_alone() -> None:
    store, front = World(), World()
    with pytest.raises(AssertionError, match=Reason.NOT_SAFE.value):
        _done(store, front, disposable=False)
    assert not store.deeds
