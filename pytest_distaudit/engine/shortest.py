"""The shortest schedule and history of a refuted experiment that still refute it.

Faults are left out first, with what was asked around each, then requests, by delta debugging (A. Zeller and
R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002). What is left is judged by the same judge, who
must find the same; it says *unverifiable* of what is too little, so nothing is left out that the verdict rests on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pytest_distaudit.domain.observation import Observation
from pytest_distaudit.domain.verdict import Verdict
from pytest_distaudit.engine.conduct import Conducted, conduct, forgetting
from pytest_distaudit.engine.plan import Planned
from pytest_distaudit.engine.record import RecordedSight
from pytest_distaudit.ports.codec import from_json
from pytest_distaudit.ports.experiments import Experiment, Shortest
from pytest_distaudit.ports.traffic import Sent, Traffic

#: how often a shorter history is judged
MOST_TRIES = 400
#: capability -> (its list of what came of requests, the nonces that one of these bears)
_BY_REQUEST: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Sequence[str]]]] = {
    "traffic": ("sent", lambda one: (one["nonce"],)),
    "effects": ("effects", lambda one: (one["nonce"],)),
    "arrivals": ("arrivals", lambda one: one["nonces"]),
}
_NUMBER = re.compile(r"\d+(\.\d+)?")

Part = TypeVar("Part")
Looks = tuple[tuple[Observation, ...], ...]
#: (system, index of a round) of one experiment, by its arguments
_Fault = tuple[str, tuple[tuple[str, str], ...], int]


def shortest(planned: Planned, conducted: Conducted) -> Shortest | None:
    """None unless the claim is refuted, now and by what is recorded, and an experiment was made for it."""
    before = conducted.judgement
    faults, requests = _faults(conducted.looks), _requests(conducted.looks)
    if before.verdict is not Verdict.REFUTED or not faults:
        return None
    tries = 0

    def same(kept_faults: Collection[_Fault], kept: Collection[str]) -> bool:
        nonlocal tries
        tries += 1
        found = _judged(planned, _left(conducted.looks, kept_faults, kept)).judgement
        return found.verdict is Verdict.REFUTED and _NUMBER.sub("", found.actual) == _NUMBER.sub("", before.actual)

    def may() -> bool:
        return tries < MOST_TRIES

    nonces = [one.nonce for _, one in requests]
    if not same(faults, nonces):
        return None
    few = _fewest(list(faults), lambda kept: same(kept, _around(kept, faults, requests)), may)
    least = _fewest(_around(few, faults, requests), lambda kept: same(few, kept), may)
    chosen = set(least)
    return Shortest(
        tuple((faults[one][0], faults[one][1]) for one in few),
        len(faults),
        tuple(one for one in requests if one[1].nonce in chosen),
        len(requests),
        _judged(planned, _left(conducted.looks, few, least)).judgement,
    )


def _fewest(parts: list[Part], enough: Callable[[list[Part]], bool], may: Callable[[], bool]) -> list[Part]:
    """As few of them as are enough, where leaving out any run of them was tried, long runs first."""
    size = len(parts)
    while size and may():
        start, shorter = 0, False
        while start < len(parts) and may():
            fewer = parts[:start] + parts[start + size :]
            if enough(fewer):
                parts, shorter = fewer, True
            else:
                start += size
        size = min(size, len(parts)) if shorter and size > 1 else size // 2
    return parts


def _judged(planned: Planned, looks: Looks) -> Conducted:
    with forgetting():
        return conduct(planned, iter([RecordedSight(look) for look in looks]))


def _seen(looks: Looks, capability: str) -> list[Observation]:
    """Every observation of it, once."""
    found = {id(one): one for look in looks for one in look if one.ask.capability == capability and one.reason is None}
    return list(found.values())


def _faults(looks: Looks) -> dict[_Fault, tuple[str, float, float, float]]:
    """Fault -> what it was, when it was injected, from when and until when what is asked follows it."""
    found = {}
    for seen in _seen(looks, Experiment.capability):
        told = from_json(Experiment, seen.value)
        turns = [*(one.injected for one in told.rounds), told.ended]
        for at, one in enumerate(told.rounds):
            found[seen.system, seen.ask.args, at] = (told.done, one.injected, turns[at], turns[at + 1])
    return found


def _requests(looks: Looks) -> list[tuple[str, Sent]]:
    """(operation, request), in the order in which they were due."""
    told = [from_json(Traffic, seen.value) for seen in _seen(looks, Traffic.capability)]
    return sorted(((one.operation, sent) for one in told for sent in one.sent), key=lambda one: one[1].due)


def _around(
    kept: Collection[_Fault],
    faults: Mapping[_Fault, tuple[str, float, float, float]],
    requests: Sequence[tuple[str, Sent]],
) -> list[str]:
    """The nonces of what was asked before any fault, and during and after these."""
    left_out = [span[2:] for fault, span in faults.items() if fault not in kept]
    return [one.nonce for _, one in requests if not any(began <= one.sent < ended for began, ended in left_out)]


def _left(looks: Looks, faults: Collection[_Fault], nonces: Collection[str]) -> Looks:
    """The looks without all other faults and requests."""
    chosen = frozenset(nonces)
    fewer = {id(seen): _fewer(seen, faults, chosen) for look in looks for seen in look}
    return tuple(tuple(fewer[id(seen)] for seen in look) for look in looks)


def _fewer(seen: Observation, faults: Collection[_Fault], nonces: frozenset[str]) -> Observation:
    if seen.reason is not None:
        return seen
    if seen.ask.capability == Experiment.capability:
        rounds = enumerate(seen.value["rounds"])
        kept = [one for at, one in rounds if (seen.system, seen.ask.args, at) in faults]
        return replace(seen, value={**seen.value, "rounds": kept})
    if seen.ask.capability in _BY_REQUEST:
        field, borne = _BY_REQUEST[seen.ask.capability]
        left = [one for one in seen.value[field] if not (own := borne(one)) or not nonces.isdisjoint(own)]
        return replace(seen, value={**seen.value, field: left})
    return seen
