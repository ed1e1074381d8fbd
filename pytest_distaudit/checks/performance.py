"""Claims about performance under a load: how long answers take, and how many there can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pytest_distaudit.checkers.percentile import least
from pytest_distaudit.checks._driven import (
    TAIL,
    added_s,
    crowded,
    growth,
    lag_told,
    loaded,
    lower_s,
    punctual,
    slower,
    surely_slow,
    surely_wrong,
    thirds_s,
    upper_s,
    wrong,
)
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.comparison import Comparison
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Drive
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.load import Fate, Load, Phase

#: of the time that counts, how long before it the system warms up
_WARM = 1 / 3
#: questions to the audit's own server: so many a second at least, and so many in a phase
_CONTROL, _CONTROLS = 20.0, 400
_PATIENCE_S, _MORE = 5.0, 3.0
#: parts of the claimed rate, one after the other; which of them is claimed (behaviours 6)
_STEPS, _CLAIMED = (0.5, 0.8, 1.0, 1.2), 2
#: of the requests at the claimed rate, how many are answered at least; how fast a backlog may grow, and surely grows
_DONE, _GROWS, _SURELY = 0.99, 0.01, 0.05
#: how much longer the last third's answers may take; in seconds, what makes no difference
_LONGER, _ALIKE_S = 2.0, 0.010

_ROLES = {"system": Role("the system that bears the load")}
_SECONDS = Parameter(ParameterType.TIME, "for how long each load is counted, such as '30 s'", "30 s")
_SHOWS_NOT = (
    "how long it takes from elsewhere: the audit asks from its own host, over connections that it keeps; what is done "
    "after the answer; a load of other operations, or of longer"
)

_AT_REST = "audit from a machine of its own, at rest"


def _drive(claim: Claim, rates: Sequence[float], patience_s: float = _PATIENCE_S) -> Drive:
    seconds = max(0.1, claim.number("seconds"))
    control = max(_CONTROL, _CONTROLS / seconds)
    return Drive(tuple(rates), seconds, round(seconds * _WARM, 3), round(control, 3), patience_s)


def _latency_need(claim: Claim) -> Drive:
    times = max(1, int(claim.number("repetitions")))
    patience = max(_PATIENCE_S, _MORE * claim.number("time"))
    return _drive(claim, [claim.number("rate")] * times, patience)


@check(
    "performance.latency",
    claims="so large a share of the operation's answers comes within the time, at so many requests a second",
    says="{share} of answers within {time} at {rate}",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles=_ROLES,
    params={
        "time": Parameter(ParameterType.TIME, "until the whole answer is there, such as '< 200 ms'"),
        "rate": Parameter(ParameterType.NUMBER, "how many requests a second, such as '500 /s'"),
        "share": Parameter(ParameterType.NUMBER, "which share of the answers, such as '99 %'", "95 %"),
        "errors": Parameter(ParameterType.NUMBER, "which share of the requests may fail", "<= 0.1 %"),
        "seconds": _SECONDS,
        "repetitions": Parameter(ParameterType.NUMBER, "how often", "3"),
    },
    takes_operation=True,
    cost_s=130.0,
    needs=lambda claim: (_latency_need(claim),),
    shows_not=_SHOWS_NOT,
)
def latency(claim: Claim, evidence: Evidence) -> Judgement:
    """Requests go when they are due, whatever became of earlier ones, and their answers count from then on.

    Errors are no answers. What the audit's own machine may have added, by the answers of a server that does nothing and
    by how many processes wanted its processors, refutes nothing.
    """
    share, limit, allowed = _share(claim), _limit(claim), _allowed(claim)
    told = loaded(claim, evidence, _latency_need(claim))
    needed = len(told.phases) // 2 + 1
    failing = [one for one in told.phases if surely_wrong(one, allowed)]
    if len(failing) >= needed:
        _refute_wrong(failing[-1])
    slow = [one for one in told.phases if surely_slow(told, one, share, limit)]
    if len(slow) >= needed:
        refute(_times(slow[-1], share), _because(told, slow[-1]), remedy="find what delays it, or correct the document")
    good = [
        one
        for one in told.phases
        if punctual(one) and wrong(one) <= allowed * len(one.fates) and limit.holds(upper_s(one, share))
    ]
    whole = len(told.phases) == len(_latency_need(claim).rates)
    if whole and len(good) >= needed:
        return verified(_times(max(good, key=lambda one: upper_s(one, share)), share), _because(told, good[-1]))
    return _left_open(told, share, limit, allowed)


def _share(claim: Claim) -> float:
    wanted: Comparison = claim["share"]
    share = float(wanted.quantity.value)
    if wanted.operator != "==" or wanted.dimension != "share" or not 0 < share < 1:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"share {wanted}", "a part of the answers is meant, such as '95 %'")
    return share


def _limit(claim: Claim) -> Comparison:
    wanted: Comparison = claim["time"]
    if wanted.operator not in ("<", "<="):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"time {wanted}", "an upper limit is meant, such as '< 200 ms'")
    return wanted


def _allowed(claim: Claim) -> float:
    wanted: Comparison = claim["errors"]
    share = float(wanted.quantity.value)
    if wanted.operator not in ("<", "<=", "==") or not 0 <= share < 1:
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"errors {wanted}", "a part of the requests is meant, such as '<= 0.1 %'")
    return share


def _left_open(told: Load, share: float, limit: Comparison, allowed: float) -> Judgement:
    """Say why it cannot be told. Raises unverifiable in any case."""
    late = [one for one in told.phases if not punctual(one)]
    if late:
        _not_as_meant(late[-1])
    worst = max(told.phases, key=lambda one: upper_s(one, share))
    failing = any(crowded(one) and wrong(one) > allowed * len(one.fates) for one in told.phases)
    if failing or not limit.holds(lower_s(worst, share)):
        because = f"{_because(told, worst)}: the audit's machine may be why"
        unverifiable(Reason.BUDGET, _times(worst, share), because, remedy=_AT_REST)
    fewest = least(share, TAIL)
    if len(worst.fates) < fewest:
        because = f"{len(worst.fates)} requests were asked each time; {fewest} tell of this share"
        unverifiable(Reason.INCONCLUSIVE_STATISTICS, _times(worst, share), because, remedy="ask more, or for longer")
    because = f"{_because(told, worst)}, {wrong(worst)} of them wrong"
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, _times(worst, share), because, remedy="claim some margin")


def _not_as_meant(phase: Phase) -> NoReturn:
    because = f"{lag_told(phase)}: the audit's machine is too busy, or the load too large for it"
    unverifiable(Reason.BUDGET, "not sent as meant", because, remedy=_AT_REST)


def _refute_wrong(phase: Phase) -> None:
    kept = phase.many(Fate.PLAIN, Fate.CANNED)
    bad = wrong(phase)
    if kept >= bad / 2:
        because = (
            f"under load {kept} of {len(phase.fates)} successes do not hold the request's nonce, which they did before"
        )
        refute("kept answers", because, remedy="measure answers that were worked for")
    many = f"{bad} of {len(phase.fates)} requests failed"
    refute(f"{bad / len(phase.fates):.1%} errors", f"{many} at {phase.rate:g}/s: {phase.said}", remedy="serve them")


def _times(phase: Phase, share: float) -> str:
    """The share's time, between its bounds."""
    lower, upper = lower_s(phase, share), upper_s(phase, share)
    to = f"to {_ms(upper)}" if upper < 1e9 else "or more"
    return f"{share * 100:g} % within {_ms(lower)} {to} at {phase.rate:g}/s"


def _because(told: Load, phase: Phase) -> str:
    """What was measured, in words."""
    done = f"{phase.many(Fate.GOOD)} of {len(phase.fates)} answered, the last of {len(told.phases)} times"
    own = f"the audit's own server took up to {_ms(added_s(phase)[0])}"
    many = f", {phase.strain.processors} processors with up to {max(phase.strain.running, default=0)} processes"
    return f"{done}; {lag_told(phase)}; {own}{many}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"


# --- throughput


@check(
    "performance.throughput",
    claims="the operation is done so many times a second, and no backlog grows",
    says="{rate}",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles=_ROLES,
    params={
        "rate": Parameter(ParameterType.NUMBER, "how many requests a second, such as '>= 500 /s'"),
        "seconds": _SECONDS,
    },
    takes_operation=True,
    cost_s=170.0,
    needs=lambda claim: (_drive(claim, [claim.number("rate") * step for step in _STEPS]),),
    shows_not=_SHOWS_NOT,
)
def throughput(claim: Claim, evidence: Evidence) -> Judgement:
    """Half the rate first, then more, up to beyond it: all of it has to be done, and the last as soon as the first.

    A machine that others keep busy bears less: only what fails at a rate that much smaller is the system's doing.
    """
    wanted: Comparison = claim["rate"]
    if wanted.operator not in ("==", ">", ">="):
        unverifiable(Reason.AMBIGUOUS_CLAIM, f"rate {wanted}", "a lower limit is meant, such as '>= 500 /s'")
    told = loaded(claim, evidence, _drive(claim, [claim.number("rate") * step for step in _STEPS]))
    for step, phase in zip(_STEPS, told.phases, strict=False):
        if step <= 1 and (_lies(phase) or step * slower(told, phase, most=False) <= 1 + _GROWS):
            _refute_less(phase)
    up_to = told.phases[: _CLAIMED + 1]
    if len(up_to) == _CLAIMED + 1 and all(_borne(one) and punctual(one) for one in up_to):
        more = len(told.phases) > len(up_to) and _borne(told.phases[-1])
        beyond = "" if more else f", not {told.phases[-1].rate:g}/s" if len(told.phases) > len(up_to) else ""
        done = up_to[-1].many(Fate.GOOD)
        return verified(f"{up_to[-1].rate:g}/s{beyond}", f"{done} of {len(up_to[-1].fates)}; {_backlog(up_to[-1])}")
    return _not_shown(told, up_to)


def _not_shown(told: Load, up_to: Sequence[Phase]) -> Judgement:
    """Say why it cannot be told. Raises unverifiable in any case."""
    late = [one for one in up_to if not punctual(one)]
    if late:
        _not_as_meant(late[-1])
    failing = next((one for one in up_to if not _borne(one)), up_to[-1])
    factor = slower(told, failing, most=False)
    told_so = f"{failing.many(Fate.GOOD)} of {len(failing.fates)} at {failing.rate:g}/s; {_backlog(failing)}"
    if factor > 1 + _GROWS or crowded(failing):
        because = f"{told_so}; the audit's machine was busy, {factor:.1f} processes to a processor"
        unverifiable(Reason.BUDGET, f"{failing.rate:g}/s not borne", because, remedy=_AT_REST)
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, f"{failing.rate:g}/s hardly borne", told_so)


def _lies(phase: Phase) -> bool:
    """Whether answers were kept ones, which no busy machine makes of others."""
    return phase.many(Fate.PLAIN, Fate.CANNED) > (1 - _DONE) * len(phase.fates) and surely_wrong(phase, 1 - _DONE)


def _refute_less(phase: Phase) -> None:
    """Refute what was surely not borne."""
    if surely_wrong(phase, 1 - _DONE):
        _refute_wrong(phase)
    first, last = thirds_s(phase)
    grown = growth(phase)
    longer = last > _LONGER * first + added_s(phase)[0] + _ALIKE_S
    if grown > _SURELY * phase.rate and longer:
        remedy = "let it do what it takes, or correct the document"
        refute(f"less than {phase.rate:g}/s", _backlog(phase), remedy=remedy)


def _borne(phase: Phase) -> bool:
    """Whether as good as all was done, and the last as soon as the first."""
    first, last = thirds_s(phase)
    done = phase.many(Fate.GOOD) >= _DONE * len(phase.fates)
    return done and growth(phase) <= _GROWS * phase.rate and last <= _LONGER * first + _ALIKE_S


def _backlog(phase: Phase) -> str:
    first, last = thirds_s(phase)
    grown = f"the backlog grew by {growth(phase):.2g} a second"
    return f"{grown}, answers took {_ms(first)} at first and {_ms(last)} at last"
