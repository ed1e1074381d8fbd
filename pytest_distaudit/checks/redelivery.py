"""Claims that work survives a crash of its consumer."""

from __future__ import annotations

from math import inf

from pytest_distaudit.checks._disturbed import spans
from pytest_distaudit.checks._once import UNSEEN, done_before, one_message_each
from pytest_distaudit.checks._queued import QUEUE_ONCE, ROLES, TOLD, Carried, ask, carried, course, within
from pytest_distaudit.domain.check import check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.judgement import Judgement, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Round

#: how long whoever looks after a consumer has to start it again, before the audit does, in seconds
HEALS_S = 5.0
#: crashes, and how many of them have to meet work (behaviours 2.2)
_KILLS, _MET = 5, 3
#: messages that have to be handed out again although their work was done, where it is claimed to be done once
_AGAIN = 3

_OTHERS = "that a broker may crash (queue.durable), or that somebody starts the consumer again (recovery.self-heals)"


def _crashes(claim: Claim) -> tuple[Disturb, ...]:
    return (Disturb(Fault.CRASH, "consumer", course(claim, HEALS_S, _KILLS), (Look("system", ask(claim)),)),)


@check(
    "queue.redelivers",
    claims="what the consumer had in work when it crashed is handed out again, and done",
    says="work of queue {queue} survives a crash of its consumer",
    rung=Rung.RESILIENT,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params=QUEUE_ONCE,
    takes_operation=True,
    connects=(("consumer", "system"),),
    cost_s=120.0,
    needs=_crashes,
    shows_not=f"that work is done once only, {_OTHERS}",
)
def redelivers(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.2: five kills. What is lost refutes; three of them must have met messages in work."""
    seen = carried(claim, evidence, Fault.CRASH, "consumer")
    if seen.told.rounds[-1].back is None:
        unverifiable(Reason.BASELINE, "the consumer did not come back", "even though the audit started it again")
    done = seen.all_done(within(claim))
    began = seen.told.rounds[0].injected
    if again := seen.moves.moved("redelivered", until=began):
        because = f"{again} messages were handed out again before anything was done: it cannot be told why"
        unverifiable(Reason.VACUOUS, "messages go back by themselves", because)
    met = [_in_work(seen, one, ended) for one, (_, ended) in zip(seen.told.rounds, spans(seen.told), strict=True)]
    if sum(met) < _MET:
        because = f"{sum(met)} of {len(met)} crashes met a message in work that was handed out again; {_MET} are needed"
        unverifiable(Reason.VACUOUS, "too little was in work", because, remedy="claim it of work that takes longer")
    because = f"{sum(met)} of them met work that was not done yet, and its messages were handed out again"
    if not claim["once"]:
        return verified(f"all {done} requests done in spite of {len(met)} crashes", because)
    seen.all_counted()
    again = _done_already(seen)
    return verified(
        f"all {done} requests done once in spite of {len(met)} crashes",
        f"{because}, {again} at least although their work was done; {TOLD}",
        shows_not=f"{_OTHERS}; {UNSEEN}; one that takes a crash at a moment which none of these met",
    )


def _done_already(seen: Carried) -> int:
    """How many messages at least were handed out again although done. Raises unless they are some: only these are done
    twice by a consumer that does not know them.
    """
    one_message_each(seen.flows, seen.repeated, seen.moves)
    again = 0
    for one, (_, ended) in zip(seen.told.rounds, spans(seen.told), strict=True):
        assert one.seen is not None
        # only whom the audit starts again is known to have done nothing until then
        until = one.seen if one.undone is None else one.undone
        again += done_before(seen.flows, seen.known, one.seen, until, _handed_out_again(seen, one, ended))
    if again < _AGAIN:
        because = f"although done, as far as is known; {_AGAIN} are needed: only what is done already can be done twice"
        remedy = "let the consumer take a while between its effect and the acknowledgement"
        unverifiable(Reason.VACUOUS, f"{again} messages were handed out again", because, remedy=remedy)
    return again


def _in_work(seen: Carried, one: Round, ended: float) -> bool:
    """Whether a request was not done when its consumer was dead, and messages were handed out again thereafter.

    What was asked after the kill is not done, either, and was never in work.
    """
    assert one.seen is not None
    caught = any(
        effect.absent is not None and effect.absent >= one.seen
        for sent, known in seen.acknowledged(0.0, one.injected if one.struck is None else one.struck)
        if (effect := known.get(sent.nonce)) is not None
    )
    return caught and _handed_out_again(seen, one, ended) > 0


def _handed_out_again(seen: Carried, one: Round, ended: float) -> int:
    """How many messages were, after this crash and before the next one."""
    until = ended if one is not seen.told.rounds[-1] else inf
    before = [look.at for look in seen.moves.looks if look.at <= one.injected]
    return seen.moves.moved("redelivered", before[-1], until) if before else 0
