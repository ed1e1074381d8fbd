"""Systems that stand still while another is disturbed: let go whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_distaudit.domain.fault import Aim, Fault
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.engine.gather import Gatherer
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.engine.redact import Redactor
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.kind import Kind, Limits

from .test_disturb import COURSE, Session, World

TRIAL = Trial(Aim(Fault.CRASH, "store", held=("worker",)), replace(COURSE, hold_s=0.4))


def _done(store: World, worker: World, **more: object) -> Experiment:
    kinds = {
        name: Kind(name, {"url": ("x",)}, Session, {"presence": world.presence})
        for name, world in (("store", store), ("worker", worker))
    }
    hub = Hub(kinds, Limits(), Redactor([]))
    gatherer = Gatherer(hub, kinds, lambda limits: store.fetch, store.deeds.append)
    bound = {"store": store.located(), "worker": replace(worker.located(), system="worker", kind="worker", **more)}
    (seen,) = gatherer.disturbed(TRIAL, bound)
    if seen.reason:
        raise AssertionError(seen.reason)
    told: Experiment = from_json(Experiment, seen.value)
    return told


def test_what_is_held_stands_still_before_the_fault_and_until_after_it() -> None:
    store, worker = World(heals_s=0.1), World()
    deeds = worker.deeds = store.deeds
    told = _done(store, worker)
    (one,) = told.rounds
    assert told.fault == "crash while worker stands still"
    assert one.held is not None
    assert one.injected - one.held >= 0.4
    assert [deed for deed in deeds if ":" not in deed][:3] == ["freeze", "crash", "thaw"]
    assert worker.up


def test_it_is_let_go_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    store, worker = World(), World()

    def crash() -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "crash", crash)
    with pytest.raises(KeyboardInterrupt):
        _done(store, worker)
    assert worker.deeds[-1] == "thaw"
    assert worker.up


def test_what_cannot_be_held_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store, worker = World(), World()
    monkeypatch.setattr("pytest_distaudit.engine.injection.Injection.witness", lambda self: None)
    told = _done(store, worker)
    assert (told.rounds, told.trouble) == ((), "nothing showed that worker stands still")
    assert "crash" not in store.deeds
    assert worker.up


def test_what_may_not_be_held_leaves_all_alone() -> None:
    store, worker = World(), World()
    with pytest.raises(AssertionError, match=Reason.NOT_SAFE.value):
        _done(store, worker, disposable=False)
    assert not store.deeds + worker.deeds
