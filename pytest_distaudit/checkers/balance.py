"""Whether every instance gets its documented share of the requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pytest_distaudit.checkers.binomial import at_most
from pytest_distaudit.domain.verdict import Reason, Verdict

#: requests that every instance should have had before anything is verified
ENOUGH: Final = 20
#: of its fair share; fewer are no share
_HALF: Final = 0.5
#: how often a share that is just tolerated may be refuted
_RARE: Final = 0.005


@dataclass(frozen=True, slots=True)
class Balance:
    """``ratios``: instance -> what it got of what its documented share is. ``least``: who got least of it.

    ``chance``: an upper bound for how likely it is that documented shares leave any instance with so little.
    ``strangers``: who got requests without a documented share.
    """

    verdict: Verdict
    reason: Reason | None
    requests: int
    ratios: Mapping[str, float]
    least: str = ""
    chance: float = 1.0
    strangers: tuple[str, ...] = ()


def check(counts: Mapping[str, int], weights: Mapping[str, float]) -> Balance:
    """Judge how many requests each instance got; ``weights`` names all that should get some, also those that got none.

    Rule: verified if every instance got at least half of its fair share, so that unequal but alive splits are
    tolerated. Refuted if one got less, and so few that twice as many would be rarer than 1 in 200 if its share were
    just half the fair one: exact binomial tails, with Bonferroni's inequality over the instances; an instance that got
    none of 20 expected ones is always refuted. Each request is taken to choose by itself: vary keys and connections.
    Raises ValueError for a negative count or weight, or if all weights are zero.
    """
    if any(each < 0 for each in (*counts.values(), *weights.values())) or not sum(weights.values()):
        raise ValueError(f"weights {dict(weights)} and counts {dict(counts)}: none is negative, one weight is not zero")
    shares = {name: weight / sum(weights.values()) for name, weight in weights.items() if weight}
    strangers = tuple(sorted(name for name, count in counts.items() if count and name not in shares))
    requests = sum(counts.values())
    if len(shares) < 2:
        return Balance(Verdict.UNVERIFIABLE, Reason.TOPOLOGY_TOO_SMALL, requests, {}, strangers=strangers)
    if not requests:
        return Balance(Verdict.UNVERIFIABLE, Reason.VACUOUS, 0, {})
    ratios = {name: counts.get(name, 0) / (share * requests) for name, share in shares.items()}
    least = min(sorted(ratios), key=lambda name: ratios[name])
    few = {name: _chance(counts.get(name, 0), requests, share, len(shares)) for name, share in shares.items()}
    half = [_chance(counts.get(name, 0), requests, share * _HALF, len(shares)) for name, share in shares.items()]
    verdict, reason = _verdict(ratios[least], min(half), min(shares.values()) * requests)
    return Balance(verdict, reason, requests, ratios, least, min(few.values()), strangers)


def _chance(count: int, requests: int, share: float, instances: int) -> float:
    return min(1.0, instances * at_most(count, requests, share))


def _verdict(least: float, rare: float, expected: float) -> tuple[Verdict, Reason | None]:
    if least < _HALF and rare < _RARE:
        return Verdict.REFUTED, None
    if least < _HALF or expected < ENOUGH:
        return Verdict.UNVERIFIABLE, Reason.INCONCLUSIVE_STATISTICS
    return Verdict.VERIFIED, None
