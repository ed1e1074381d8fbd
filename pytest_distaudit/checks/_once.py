"""What the judges of queues say of how often a request had its effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from pytest_distaudit.checks._effects import Moves, total
from pytest_distaudit.domain.check import Parameter, ParameterType
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import refute, unverifiable
from pytest_distaudit.domain.verdict import Reason
from pytest_distaudit.domain.wording import counted
from pytest_distaudit.ports.effects import Effect, Effects, Repeated
from pytest_distaudit.ports.experiments import Experiment
from pytest_distaudit.ports.traffic import Traffic

#: what only a claim of once leaves open
UNSEEN = (
    "effects that the operation's address does not show, or shows as one because their keys are equal; one that comes "
    "later than the audit counts"
)
ONCE = Parameter(
    ParameterType.FLAG, "whether each request has its effect exactly once; otherwise once at least", default=False
)
_HOW = "let the operation's effect_count name the list of its effects in the answer, or their number"
_TWO = "let {request} be what makes two requests two, and {nonce} what both bear and their effects show"


def repeated(claim: Claim, evidence: Evidence, told: Experiment) -> dict[str, Repeated | None]:
    """Operation -> what came of two requests with one nonce; None if that was not tried."""
    asks = {name: Effects.ask(operation=name, fault=told.fault, system=told.system) for name in claim.operations}
    return {name: evidence.shared(Effects, ask).repeated for name, ask in asks.items()}


def messages_at_most(flows: Mapping[str, Traffic], tried: Mapping[str, Repeated | None]) -> int:
    """As many as came into the queue if each request is one, those with one nonce among them."""
    return sum(len(flow.sent) for flow in flows.values()) + sum(one.asked for one in tried.values() if one)


def never_twice(flows: Mapping[str, Traffic], known: Mapping[str, Mapping[str, Effect]]) -> None:
    """Raise if a request had more than one effect. Each was sent once, over a connection of its own."""
    for name, flow in flows.items():
        twice = total(flow, known[name], None, inf).duplicated
        if twice:
            count = known[name][str(twice[0])].count
            because = f"{twice[0]} was sent once, over a connection of its own, and has {count}"
            remedy = "make the effect and a key that is the message's own in one step; or claim it at least once"
            refute(f"{len(twice)} of {len(flow.sent)} had their effect more than once", because, remedy=remedy)


def all_counted(
    flows: Mapping[str, Traffic],
    known: Mapping[str, Mapping[str, Effect]],
    tried: Mapping[str, Repeated | None],
    empty: float | None,
) -> None:
    """Raise unless a second effect of any request that succeeded would have shown, when nothing waited any more
    (``empty``: from when on).
    """
    for name, flow in flows.items():
        _tells_two(name, tried[name])
        if empty is None:
            unverifiable(Reason.NO_OBSERVABLE, "messages wait", "and may have effects yet")
        acknowledged = [one for one in flow.sent if one.ok]
        late = _uncounted([one.nonce for one in acknowledged], known[name], empty)
        if late:
            because = f"when no message waited any more: {late[0]}"
            told = f"the effects of {len(late)} of {len(acknowledged)} could not be counted"
            unverifiable(Reason.NO_OBSERVABLE, told, because)


def _uncounted(nonces: Sequence[str], known: Mapping[str, Effect], empty: float) -> list[str]:
    found = {nonce: known.get(nonce, Effect(nonce)).counted for nonce in nonces}
    return [nonce for nonce, at in found.items() if at is None or at < empty]


def _tells_two(name: str, tried: Repeated | None) -> None:
    """Raise unless two effects with one nonce were seen to be two: what can show no more than one shows nothing."""
    if tried is None:
        unverifiable(Reason.NO_OBSERVABLE, f"how often {name} had its effect is not told", remedy=_HOW)
    if tried.succeeded < tried.asked:
        told = f"{tried.succeeded} of {tried.asked} requests of {name} with one nonce succeeded"
        unverifiable(Reason.NO_OBSERVABLE, told, f"so nobody knows how two effects show: {tried.trouble}", remedy=_TWO)
    if tried.shown is None:
        unverifiable(Reason.NO_OBSERVABLE, f"the effects of {name} could not be counted", tried.trouble, remedy=_HOW)
    if tried.shown < tried.asked:
        told = f"two requests of {name} with one nonce show {counted(tried.shown, 'effect')}"
        unverifiable(Reason.NO_OBSERVABLE, told, "so a second effect of one request need not show", remedy=_TWO)


def done_before(
    flows: Mapping[str, Traffic], known: Mapping[str, Mapping[str, Effect]], crashed: float, until: float, again: int
) -> int:
    """How many at least of ``again`` messages that were handed out again after a crash were done before it: they are
    more than the requests whose effect was not read by ``until``, before anybody could have gone on.
    """
    undone = sum(
        1
        for name, flow in flows.items()
        for one in flow.sent
        if one.sent < crashed and not _read_by(known[name].get(one.nonce), until)
    )
    return max(0, again - undone)


def _read_by(effect: Effect | None, until: float) -> bool:
    return effect is not None and effect.first is not None and effect.first <= until


def one_message_each(flows: Mapping[str, Traffic], tried: Mapping[str, Repeated | None], moves: Moves) -> None:
    """Raise where there are more messages than requests: then nobody knows which of them were done."""
    most, came = messages_at_most(flows, tried), moves.moved("published")
    if came > most:
        because = f"{came} messages for {most} requests: it cannot be told which of them were handed out again"
        unverifiable(Reason.VACUOUS, "more messages than requests", because)
