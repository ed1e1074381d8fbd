"""An operation under a load that is fixed beforehand, and a server of the audit's own asked at the same moments."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.needs import Drive
from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.target import Operation
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.engine.arranged import Tools
from pytest_distaudit.engine.workload import request_of
from pytest_distaudit.ports.codec import to_json
from pytest_distaudit.ports.fetch import Request
from pytest_distaudit.ports.load import Fate, Generator, Load, Phase, Shot
from pytest_distaudit.ports.located import Located

#: requests a second that one process can be trusted with (benchmarks/load.py), and in one phase
MOST_RATE, _MOST = 5_000.0, 400_000
#: before any load: requests a second, and seconds
_QUIET, _QUIET_S = 40.0, 0.5
#: where more than this fails, further phases tell nothing
_HOPELESS = 0.5
#: where less than this is done in time, more is not asked for
_TOO_MUCH = 0.75
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Driving:
    """What is to be done. ``systems``: those that bear the load, which have to be disposable."""

    operation: Operation
    systems: tuple[str, ...]
    need: Drive

    def key(self, bound: Mapping[str, Located]) -> Hashable:
        """One for all claims that want the same of the same."""
        return ("driven", self.operation.name, self.need, *(bound[name].place for name in self.systems))

    def run(self, bound: Mapping[str, Located], tools: Tools) -> tuple[Observation, ...]:
        """One Load."""
        began, ask = time.time(), Load.ask(operation=self.operation.name, course=self.need.course)
        try:
            told = self._driven(bound, tools)
        except Unobservable as error:
            detail = tools.hub.redactor.text(error.detail)
            return (Observation("", ask, began, time.time() - began, reason=error.reason, detail=detail),)
        way = f"{self.operation.name}, {self.need.course}"
        value = tools.hub.redactor.value(to_json(told))
        return (Observation("", ask, began, time.time() - began, way, value=value),)

    def _driven(self, bound: Mapping[str, Located], tools: Tools) -> Load:
        """Raises Unobservable where nothing may or can be done."""
        need = self.need
        for name in self.systems:
            if not bound[name].disposable:
                because = f"{name} is not declared disposable; where it may be loaded, set disposable = true"
                raise Unobservable(Reason.NOT_SAFE, because)
        fastest = max(need.rates)
        if fastest > MOST_RATE or fastest * (need.seconds + need.warm_s) > _MOST:
            because = f"{fastest:g} requests a second for {need.seconds:g} s are more than the audit can send"
            raise Unobservable(Reason.BUDGET, f"{because}: at most {MOST_RATE:g} a second, {_MOST} in all")
        local = _is_local(self._request(tools, "x").url)
        with tools.alone(), tools.generating() as generator:
            range_ = _Range(generator, lambda nonce: self._request(tools, nonce), self.operation.ok, need)
            quiet = range_.phase(_QUIET, _QUIET_S, 0.0)
            phases: list[Phase] = []
            for rate in need.rates if quiet.many(Fate.GOOD) else ():
                if phases and _tells_nothing_more(phases[-1], rate):
                    break
                tools.tell(f"{self.operation.name}: {rate:g} a second, {len(phases) + 1} of {len(need.rates)}")
                phases.append(range_.phase(rate, need.seconds, need.warm_s))
                time.sleep(_PAUSE_S)
        return Load(self.operation.name, quiet, tuple(phases), local)

    def _request(self, tools: Tools, nonce: str) -> Request:
        return request_of(self.operation, {"nonce": nonce}, tools.base_url)


def _tells_nothing_more(last: Phase, rate: float) -> bool:
    """Whether to go on would show the same: hardly anything works, or a smaller load is too much already."""
    in_time = sum(
        due + lag + took <= last.seconds * 1e6 and fate == Fate.GOOD.value
        for due, lag, took, fate in zip(last.due, last.lag, last.took, last.fates, strict=True)
    )
    asked = len(last.fates)
    return last.many(Fate.GOOD) < _HOPELESS * asked or (rate > last.rate and in_time < _TOO_MUCH * asked)


class _Range:
    """Phases of one experiment."""

    def __init__(
        self, generator: Generator, request: Callable[[str], Request], ok: tuple[int, ...], need: Drive
    ) -> None:
        self._generator, self._request, self._ok, self._need = generator, request, ok, need

    def phase(self, rate: float, seconds: float, warm_s: float) -> Phase:
        """Both are asked at fixed moments, which lie between one another."""
        control_rate = self._need.control
        shots = [
            *((False, self._shot(at / rate)) for at in range(round(rate * (warm_s + seconds)))),
            *((True, self._control(warm_s + (at + 0.5) / control_rate)) for at in range(round(control_rate * seconds))),
        ]
        shots.sort(key=lambda one: one[1].due)
        hits, strain = self._generator.fire([shot for _, shot in shots], self._need.patience_s)
        done = [
            (own, shot, hit) for (own, shot), hit in zip(shots, hits, strict=True) if own or shot.due >= warm_s
        ]  # fmt: skip
        asked = [(shot, hit) for own, shot, hit in done if not own]
        own = [(shot, hit) for own, shot, hit in done if own]
        return Phase(
            rate, seconds,
            tuple(_us(shot.due - warm_s) for shot, _ in asked),
            tuple(_us(hit.sent - shot.due) for shot, hit in asked),
            tuple(_us(hit.took) for _, hit in asked),
            "".join(hit.fate.value for _, hit in asked),
            tuple(_us(hit.sent + hit.took - shot.due) for shot, hit in own if hit.fate is Fate.GOOD),
            sum(hit.fate is not Fate.GOOD for _, hit in own),
            strain,
            next((hit.said for _, hit in asked if hit.said), ""),
        )  # fmt: skip

    def _shot(self, due: float) -> Shot:
        nonce = _nonce()
        return Shot(due, self._request(nonce), nonce, self._ok)

    def _control(self, due: float) -> Shot:
        nonce = _nonce()
        return Shot(due, Request("GET", f"{self._generator.control}/{nonce}"), nonce)


def _nonce() -> str:
    return f"distaudit-{secrets.token_hex(16)}"


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


def _is_local(url: str) -> bool:
    """Whether the address is one of this machine's own."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    for family, kind, protocol, _, place in found:
        with socket.socket(family, kind, protocol) as tried:
            try:
                tried.bind((place[0], 0, *place[2:]))
            except OSError:
                continue
            return True
    return False
