"""Looking at what a system counts while the audit itself performs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from pytest_distaudit.domain.observation import Ask, Observation
from pytest_distaudit.engine.hub import Hub
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.located import Located
from pytest_distaudit.ports.windows import Resting

#: longer by so many times what statistics may be behind: then what is late at either end matters little
_LAGS = 3
#: seconds between two looks at least, and how many there are in between at most: counters that begin anew are seen to
_PAUSE_S, _BETWEEN = 1.0, 10


def rest(
    watched: Iterable[tuple[Located, Sequence[Ask]]], hub: Hub, lags: Mapping[str, float], seconds: float
) -> tuple[Observation, ...]:
    """Every look at what is watched, and one Resting observation. ``lags``: system -> how far it may be behind."""
    watched, opened = list(watched), time.time()
    seen = _look(watched, hub)
    began = time.time()
    length = seconds + _LAGS * max(lags.values(), default=0.0)
    pause = max(_PAUSE_S, length / _BETWEEN)
    while (left := began + length - time.time()) > pause:
        time.sleep(pause)
        seen += _look(watched, hub)
    time.sleep(max(0.0, left))
    ended = time.time()
    seen += _look(watched, hub)
    value = to_json(Resting(opened, began, ended, time.time(), dict(lags)))
    ask = Resting.ask(seconds=f"{seconds:g}")
    return (*seen, Observation("", ask, opened, time.time() - opened, "nothing performed", value=value))


def _look(watched: Sequence[tuple[Located, Sequence[Ask]]], hub: Hub) -> list[Observation]:
    return [seen for located, asks in watched for seen in hub.watch(located, asks)]
