"""Conducting one claim: looks over time, judged one by one, until the verdict stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from pytest_distaudit.domain.claim import Span, Timing
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement
from pytest_distaudit.domain.needs import Need
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason, Scope, Verdict
from pytest_distaudit.engine.blocking import blocked, silent, systems_down, unseen
from pytest_distaudit.engine.calmer import calmer
from pytest_distaudit.engine.judge import by_stand_ins, judge, over_time, settled
from pytest_distaudit.engine.plan import Planned
from pytest_distaudit.ports.codec import from_json

#: how often a check may ask for more within one look
_MOST_EXTENSIONS = 3


class Sight(Protocol):
    """One look: what was seen, and a way to see more of the same moment."""

    observations: Sequence[Observation]

    def extend(self, needs: tuple[Need, ...]) -> bool:
        """Gather more; False when nothing more can be had."""
        ...


@dataclass(frozen=True, slots=True)
class Conducted:
    """A claim's judgement and the looks that led to it, oldest first."""

    judgement: Judgement
    looks: tuple[tuple[Observation, ...], ...]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """All that was seen, each observation once."""
        return tuple({id(seen): seen for look in self.looks for seen in look}.values())


def timing_of(planned: Planned) -> Timing | None:
    """The claim's timing; without one, a check that needs a moment gets it."""
    if planned.claim.timing is None and planned.check.settles_s > 0:
        return Timing(Span.WITHIN, planned.check.settles_s)
    return planned.claim.timing


def conduct(planned: Planned, sights: Iterator[Sight]) -> Conducted:
    """Judge look after look; ``sights`` ends when time is up (live) or the record does (replay). Each look at an
    experiment is one of its own.
    """
    if planned.check.scope is Scope.EXPERIMENT:
        found = calmer(lambda sight: _over_time(planned, iter((sight,))), sights)
        return found or _over_time(planned, iter(()))
    return _over_time(planned, sights)


def _over_time(planned: Planned, sights: Iterator[Sight]) -> Conducted:
    timing, judgements = timing_of(planned), list[Judgement]()
    looks: list[tuple[Observation, ...]] = []
    for sight in sights:
        down = systems_down(sight.observations)
        stopped = blocked(planned, down)
        if silent(planned, down) and (judgement := _judge_sight(planned, looks, sight)).verdict is Verdict.REFUTED:
            return Conducted(judgement, (*looks, tuple(sight.observations)))
        judgements.append(stopped or unseen(planned, sight.observations) or _judge_sight(planned, looks, sight))
        looks.append(tuple(sight.observations))
        if stopped:
            return Conducted(stopped, tuple(looks))
        if settled(timing, judgements):
            break
    if not judgements:
        missing = Judgement(
            Verdict.UNVERIFIABLE, "not recorded", "no look at it was recorded", reason=Reason.NOT_RECORDED
        )
        return Conducted(missing, ())
    return Conducted(by_stand_ins(planned.stand_ins, over_time(timing, judgements)), tuple(looks))


def _judge_sight(planned: Planned, before: Sequence[tuple[Observation, ...]], sight: Sight) -> Judgement:
    for _ in range(_MOST_EXTENSIONS):
        seen = [observation for look in before for observation in look] + list(sight.observations)
        answer = judge(planned.claim, planned.check, Evidence(planned.players, seen, decode))
        if isinstance(answer, Judgement):
            return answer
        if not sight.extend(answer.needs):
            break
    because = f"check {planned.check.name} asked for more than could be had"
    return Judgement(Verdict.UNVERIFIABLE, "not recorded", because, reason=Reason.NOT_RECORDED)


def decode(capability: type, seen: Observation) -> object:
    """An observation's value as its capability; decoded once per observation."""
    cached = _decoded.get(id(seen))
    if cached is None or cached[0] is not seen:
        cached = (seen, from_json(capability, seen.value))
        _decoded[id(seen)] = cached
    return cached[1]


@contextmanager
def forgetting() -> Iterator[None]:
    """What is decoded inside the block is not remembered after it."""
    before = len(_decoded)
    try:
        yield
    finally:
        while len(_decoded) > before:
            _decoded.popitem()


_decoded: dict[int, tuple[Observation, object]] = {}
