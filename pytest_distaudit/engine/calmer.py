"""An experiment that nobody can tell anything by, as the machine was busy, is done once more when that is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Reason, Verdict
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.traffic import Traffic

if TYPE_CHECKING:
    from pytest_distaudit.engine.conduct import Conducted

#: how long a busy machine has to become calm, in seconds
CALMS_S = 60.0

Sight = TypeVar("Sight")


def calmer(conducted: Callable[[Sight], Conducted], sights: Iterable[Sight]) -> Conducted | None:
    """The first experiment's word, unless it could not tell because of the machine: then that of the next one that can.
    Whatever can be told is never asked twice. None where there is no experiment.
    """
    first: Conducted | None = None
    for sight in sights:
        found = conducted(sight)
        if found.judgement.verdict is not Verdict.UNVERIFIABLE:
            return found
        first = first or found
        if not _too_busy(first):
            break
    return first


def _too_busy(found: Conducted) -> bool:
    """Whether it was done, and the machine is why nobody can tell, or may be."""
    if found.judgement.reason is Reason.INCONCLUSIVE_STATISTICS:
        return any(not flow.calm for flow in _traffics(found.observations))
    budget = Reason.BUDGET
    return found.judgement.reason is budget and all(seen.reason is not budget for seen in found.observations)


def _traffics(observations: Iterable[Observation]) -> Iterator[Traffic]:
    for seen in observations:
        if seen.ask.capability == Traffic.capability and seen.reason is None:
            yield from_json(Traffic, seen.value)
