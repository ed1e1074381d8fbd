"""An operation asked twice with one nonce: whether two effects show as two where its effects are counted."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.engine.effect_reader import EffectReader
from pytest_distaudit.engine.workload import nonce_and_words, request_of
from pytest_distaudit.ports.effects import Repeated
from pytest_distaudit.ports.fetch import Fetch

_TIMES = 2
_PAUSE_S = 0.5
_WORDS = 120


def asked_twice(
    operation: Operation, fetch: Fetch, base_url: Callable[[str], str | None], patience_s: float
) -> Repeated:
    """Ask, one request after the other, and read until both effects show, or for so many seconds."""
    nonce, _ = nonce_and_words()
    succeeded, trouble = 0, ""
    for _ in range(_TIMES):
        try:
            answer = fetch(request_of(operation, nonce_and_words(nonce)[1], base_url))
        except Unobservable as error:
            trouble = str(error)[:_WORDS]
            continue
        if operation.succeeds(answer.status):
            succeeded += 1
        else:
            trouble = f"{answer.status} {answer.text[:_WORDS]}".rstrip()
    if succeeded < _TIMES:
        return Repeated(_TIMES, succeeded, trouble=trouble)
    reader = EffectReader(operation, fetch, base_url)
    return Repeated(_TIMES, succeeded, _most(reader, nonce, patience_s), reader.trouble)


def _most(reader: EffectReader, nonce: str, patience_s: float) -> int | None:
    """The most effects that any reading showed; None if none could be counted."""
    until, most = time.monotonic() + patience_s, None
    while True:
        told = reader.read(nonce)
        if told is not None and told.count is not None:
            # not shown: whatever is counted there is no effect of this nonce
            most = max(most or 0, told.count if told.shown else 0)
        if (most is not None and most >= _TIMES) or time.monotonic() > until:
            return most
        time.sleep(_PAUSE_S)
