"""The load generator against a server that does nothing: how many requests a second, and how punctual they go."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.measure import Row
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.kind import Limits
from pytest_distaudit.ports.load import Fate, Generator, Shot
from pytest_distaudit.systems.http_load import http_load

_SECONDS = 5.0
#: by the issue: at this rate, requests go with less than this median lag, in seconds
_RATE, _LAG_S = 2_000.0, 0.001


def bench(folder: Path) -> Iterator[Row]:
    """Rates within one run, the smallest first: what else the machine does is the same for all."""
    with http_load(Limits()) as generator:
        calm = _Sent(generator, _RATE / 10)
        for rate in (_RATE / 10, _RATE, 2.5 * _RATE):
            sent = _Sent(generator, rate)
            late = f"{sent.lag_s * 1000:.2f} ms late, p99 {sent.worst_s * 1000:.1f} ms"
            found = f"{sent.share:.1%} answered, {late}"
            limit = f"median lag < {_LAG_S * 1000:g} ms" if rate <= _RATE else "none"
            holds = rate > _RATE or (sent.lag_s < _LAG_S and sent.share >= 0.99)
            yield Row(f"{rate:,.0f} requests a second", found, limit, holds)
            if rate == _RATE:
                ratio = sent.took_s / calm.took_s
                found = f"{sent.took_s * 1000:.2f} ms, {ratio:.2f} x at {calm.rate:g}/s"
                yield Row("an answer at that rate", found, "<= 3 x", ratio <= 3)


class _Sent:
    """One load at one rate."""

    def __init__(self, generator: Generator, rate: float) -> None:
        self.rate = rate
        shots = [_shot(generator, at / rate) for at in range(round(rate * _SECONDS))]
        hits, _ = generator.fire(shots, 2.0)
        lags = sorted(hit.sent - shot.due for shot, hit in zip(shots, hits, strict=True))
        self.lag_s, self.worst_s = median(lags), lags[int(len(lags) * 0.99)]
        self.took_s = median(hit.took for hit in hits)
        self.share = sum(hit.fate is Fate.GOOD for hit in hits) / len(hits)


def _shot(generator: Generator, due: float) -> Shot:
    nonce = f"distaudit-{secrets.token_hex(16)}"
    return Shot(due, Request("GET", f"{generator.control}/{nonce}"), nonce)
