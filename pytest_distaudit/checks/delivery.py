"""Claims that work waits in a queue for its consumer."""

from __future__ import annotations

from math import inf

from pytest_distaudit.checks._disturbed import ENOUGH
from pytest_distaudit.checks._effects import shown
from pytest_distaudit.checks._once import UNSEEN, messages_at_most
from pytest_distaudit.checks._queued import QUEUE_ONCE, ROLES, TOLD, Carried, ask, carried, course, held_s, within
from pytest_distaudit.domain.check import check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.fault import Fault
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Disturb, Look
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.ports.experiments import Round

#: of what should wait, how much has to: some looks are older than others
_SHARE = 0.5

_MESSAGE = (
    "that the message itself carries the work: a consumer that takes it and finds its work elsewhere looks the same"
)


@check(
    "queue.delivers",
    claims="what operations ask for waits in the queue while its consumer stands still, and is done when it goes on",
    says="queue {queue} delivers the work to its consumer",
    rung=Rung.USED,
    scope=Scope.EXPERIMENT,
    roles=ROLES,
    params=QUEUE_ONCE,
    takes_operation=True,
    connects=(("consumer", "system"),),
    cost_s=45.0,
    needs=lambda claim: (Disturb(Fault.FREEZE, "consumer", course(claim, held_s()), (Look("system", ask(claim)),)),),
    shows_not=f"{_MESSAGE}; whether work is done twice, or survives a crash (queue.redelivers)",
)
def delivers(claim: Claim, evidence: Evidence) -> Judgement:
    """Behaviours 2.1: the consumer is frozen. Messages have to wait, effects to be absent, and all to come after."""
    seen = carried(claim, evidence, Fault.FREEZE, "consumer")
    one = seen.told.rounds[0]
    if one.undone is None or one.seen is None:
        unverifiable(Reason.FAULT_NOT_EFFECTIVE, "the consumer was replaced", "before its queue could be looked at")
    held = seen.acknowledged(one.seen, one.undone)
    if len(held) < ENOUGH:
        because = f"while the consumer stood still; {ENOUGH} are needed: the operation may wait for the work itself"
        unverifiable(Reason.VACUOUS, f"{len(held)} requests succeeded", because)
    rose = _waits(seen, one)
    done = seen.all_done(within(claim))
    _taken(seen, one)
    because = f"none of {len(held)} requests had its effect while the consumer stood still"
    if not claim["once"]:
        return verified(f"{rose} messages waited, all {done} requests done", because)
    seen.all_counted()
    return verified(
        f"{rose} messages waited, all {done} requests done once",
        f"{because}; {TOLD}",
        shows_not=f"{_MESSAGE}; whether it is once when a message is handed out again (queue.redelivers); {UNSEEN}",
    )


def _waits(seen: Carried, one: Round) -> int:
    """How many messages waited at last. Raises unless they did, and their effects with them."""
    assert one.seen is not None
    assert one.undone is not None
    at, waited = seen.moves.waiting(one.seen, one.undone)[-1]
    rose = waited - seen.moves.waiting(0.0, one.injected)[-1][1]
    asked, expected = seen.acknowledged(one.seen, at), seen.acknowledged(one.seen, at - seen.moves.lag)
    told = f"{rose} more messages waited while the consumer stood still, {len(asked)} were asked for"
    if not expected:
        unverifiable(Reason.VACUOUS, "no look late enough", "at the queue, while the consumer stood still")
    if early := sum(1 for each, known in seen.acknowledged(one.seen, one.undone) if shown([each], known, one.undone)):
        _done_early(seen, early, len(asked) - rose, told)
    if rose < len(expected) or seen.moves.moved("acked", one.seen + seen.moves.lag, one.undone):
        _not_waiting(seen, one, rose < _SHARE * len(expected), told)
    return rose


def _done_early(seen: Carried, early: int, taken: int, told: str) -> None:
    """Raise. More effects than messages can have been taken refute, where every request is one message."""
    because = f"{told}, and {early} effects were there"
    sent = messages_at_most(seen.flows, seen.repeated)
    if _SHARE * early > max(taken, 0) and seen.moves.moved("published") <= sent:
        refute("done without the messages", because, remedy="let the consumer do the work, and nobody else")
    because = f"{because}: name the system that holds all consumers"
    unverifiable(Reason.VACUOUS, "the work goes on without this consumer", because)


def _not_waiting(seen: Carried, one: Round, few: bool, told: str) -> None:
    """Raise: the work waited, its messages did not."""
    if seen.moves.moved("delivered_auto", one.injected, one.undone or inf):
        because = f"{told}; who takes them need not acknowledge, so that they may wait where nobody sees them"
        unverifiable(Reason.NO_OBSERVABLE, "messages are handed out for good", because)
    assert one.seen is not None
    since, until = one.seen + seen.moves.lag, one.undone or inf
    # counts that stand still may be old ones: only what was seen to be taken shows that somebody took it
    taken = seen.moves.moved("acked", since, until) > _SHARE * seen.moves.moved("published", since, until)
    if few and taken:
        refute("the messages do not wait for the consumer", f"{told}: somebody else takes them")
    last = seen.moves.between(0.0, until)[-1].fact
    because = f"{told}; at last {last.ready} were ready and {last.unacked} handed out and not acknowledged"
    unverifiable(Reason.VACUOUS, "not all messages waited", because)


def _taken(seen: Carried, one: Round) -> None:
    """Raise unless the messages have left the queue together with the work."""
    assert one.seen is not None
    before = min(count for _, count in seen.moves.waiting(0.0, one.injected))
    _, count = seen.moves.waiting(0.0, inf)[-1]
    asked = len(seen.acknowledged(one.seen, seen.told.ended))
    left = count - before
    if left >= asked:
        refute("done without taking the messages", f"all was done, and {left} messages still wait")
    if left > 0:
        unverifiable(Reason.VACUOUS, f"{left} messages still wait", "although all was done")
