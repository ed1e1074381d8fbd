"""Claims about paths: that work goes through several systems, each of which does its part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_distaudit.checks._alternated import Moves, moves, performed
from pytest_distaudit.checks.wiring import FIRST, MORE, answered, decided, found_inside
from pytest_distaudit.domain.check import Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence, Seen
from pytest_distaudit.domain.judgement import Judgement, NeedMore, Refuted, Unverifiable, refute, verified
from pytest_distaudit.domain.needs import Alternate, Look
from pytest_distaudit.domain.verdict import Rung, Scope, Verdict
from pytest_distaudit.ports.windows import Alternation
from pytest_distaudit.ports.work import Work

_WATCH = (Look("through", Work.ask()),)


@check(
    "wiring.path",
    claims="the activity's work goes through each of the systems",
    says="the activity's work goes through all of them",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles={"through": Role("the systems that the work goes through", many=True)},
    takes_activity=True,
    changes_target=True,
    cost_s=16.0,
    needs=lambda claim: (Alternate(_WATCH, FIRST.each),),
    shows_not="in which order they work, and that work does not come past one of them (wiring.by-way-of)",
)
def path(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Every system must work with the same performances; one that hands work on must do that as well."""
    alternation = evidence.shared(Alternation)
    runs = performed(alternation)
    answered(runs)
    hops = {name: _hop(looks, alternation) for name, looks in evidence.histories(Work, "through").items()}
    _refuted_by(hops)
    if any(isinstance(hop, NeedMore) for hop in hops.values()):
        return NeedMore((Alternate(_WATCH, MORE.each),))
    open_hops = {name: hop for name, hop in hops.items() if isinstance(hop, Judgement) and hop.reason is not None}
    for name, hop in open_hops.items():
        raise Unverifiable(replace(hop, actual=f"{name}: {hop.actual}"))
    told = [f"{name}: {hop.actual.removeprefix('used: ')}" for name, hop in hops.items() if isinstance(hop, Judgement)]
    return verified(f"through all {len(hops)}", "; ".join(told))


def _refuted_by(hops: dict[str, Judgement | NeedMore]) -> None:
    """One system that rests is enough."""
    for name, hop in hops.items():
        if isinstance(hop, Judgement) and hop.verdict is Verdict.REFUTED:
            refute(f"not through {name}: {hop.actual}", hop.because)


def _hop(looks: Sequence[Seen[Work]] | Unobservable, alternation: Alternation) -> Judgement | NeedMore:
    """What can be said of one system; nothing is raised, as the others may refute."""
    if isinstance(looks, Unobservable):
        return Judgement(Verdict.UNVERIFIABLE, looks.reason.value, looks.detail, reason=looks.reason)
    fact = looks[-1].fact
    try:
        seen = moves(looks, alternation)
        inside = found_inside((look.fact for look in looks), performed(alternation))
        whole = verified("used") if inside else decided(seen, fact)
    except (Refuted, Unverifiable) as error:
        return error.judgement
    return _goes_on(seen, fact) if fact.onward and isinstance(whole, Judgement) else whole


def _goes_on(seen: Moves, fact: Work) -> Judgement | NeedMore:
    """What arrived must be handed on, with the same performances."""
    onward = {name: moved for name, moved in seen.counts.items() if name in fact.onward}
    try:
        return decided(replace(seen, counts=onward), fact)
    except Refuted as error:
        return replace(error.judgement, actual="what arrives there goes no further")
    except Unverifiable as error:
        return error.judgement
