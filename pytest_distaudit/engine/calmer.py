"""An experiment on a busy machine is done once more when that is over."""

from __future__ import annotations

from collections.abc import Callable

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.engine.disturb import Done
from pytest_distaudit.engine.slowness import calms
from pytest_distaudit.ports.traffic import SLOWED

#: how long a busy machine has to become calm
_CALMS_S = 30.0


def calmer(once: Callable[[], Done], place: str, tell: Callable[[str], None]) -> tuple[Observation, ...]:
    """What ``once`` sees. Where the machine was too busy for its word and calms, the calmer of two times, whatever came
    of it, unless fewer operations were steady before the second.
    """
    first = once()
    if first.slowed <= SLOWED:
        return first.seen
    tell(f"{place}: the machine was busy, work took {first.slowed:g} times its time; once more if it calms")
    if not calms(_CALMS_S):
        return first.seen
    return min(first, once(), key=lambda one: (-one.steady, one.slowed)).seen
