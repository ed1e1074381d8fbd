"""An experiment on a busy machine is done once more when that is over."""

from __future__ import annotations

from typing import Self

import pytest

from pytest_distaudit.domain.fault import Aim, Fault
from pytest_distaudit.engine import calmer, disturb
from pytest_distaudit.engine.disturb import Trial
from pytest_distaudit.ports.fetch import Request, Response
from pytest_distaudit.ports.traffic import SLOWED

from .test_disturb import ASK, COURSE, World, _traffic


class Slowed:
    """In place of Slowness: what each experiment's is, one after the other."""

    factors: tuple[float, ...] = ()

    def __init__(self) -> None:
        first, *rest = type(self).factors
        self.slowed, type(self).factors = first, tuple(rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _slowed(
    monkeypatch: pytest.MonkeyPatch, *factors: float, calm: bool = True, world: World | None = None
) -> tuple[float, int, list[str]]:
    """What was told of how slow the machine was, how many crashes there were, and the sentences that tell of it."""
    monkeypatch.setattr(disturb, "Slowness", type("Slowed", (Slowed,), {"factors": factors}))
    monkeypatch.setattr(calmer, "calms", lambda within_s: calm)
    world, said = world or World(heals_s=0.1), list[str]()
    gatherer = world.gatherer()
    monkeypatch.setattr(gatherer, "_tell", said.append)
    seen = gatherer.disturbed(Trial(Aim(Fault.CRASH, "store"), COURSE, (ASK,)), {"store": world.located()})
    return _traffic(seen).slowed, world.deeds.count("crash"), [one for one in said if "busy" in one]


def test_on_a_calm_machine_it_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _slowed(monkeypatch, SLOWED) == (SLOWED, 1, [])


def test_on_a_busy_machine_the_calmer_of_two_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "store: the machine was busy, work took 6.6 times its time; once more if it calms"
    assert _slowed(monkeypatch, 6.6, 1.2) == (1.2, 2, [sentence])
    assert _slowed(monkeypatch, 4.5, 9.0)[:2] == (4.5, 2)


def test_on_a_machine_that_stays_busy_it_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _slowed(monkeypatch, 6.6, calm=False)[:2] == (6.6, 1)


class Broken(World):
    """Answers no longer once it has crashed, though it serves."""

    def fetch(self, request: Request) -> Response:
        answer = super().fetch(request)
        return Response(503, {}, b"", 0.001) if self.starts > 1 else answer


def test_what_the_first_one_broke_for_good_is_told_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _slowed(monkeypatch, 6.6, 1.0, world=Broken(heals_s=0.1))[:2] == (6.6, 1)
